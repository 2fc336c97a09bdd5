package api

import (
	"strings"

	"golang.org/x/net/html"
)

// maxText bounds the plain text of published notes, in bytes.
const maxText = 64 << 10

// plainText reduces published HTML to its text: paragraphs, list items and breaks become lines, markup, scripts and styles
// go. The result is text, to be shown as such: it may well contain "<".
func plainText(published string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(published))
	z.SetMaxBuf(1 << 20)
	hidden := "" // the element whose content is not text
	for b.Len() < maxText {
		switch z.Next() {
		case html.ErrorToken:
			return tidy(b.String())
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch tag := string(name); tag {
			case "script", "style", "title", "template", "iframe", "noscript", "textarea", "xmp", "noembed", "noframes":
				if hidden == "" {
					hidden = tag
				}
			case "li":
				b.WriteString("\n• ")
			default:
				b.WriteString(lineBreak(tag))
			}
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			b.WriteString(lineBreak(string(name)))
		case html.EndTagToken:
			name, _ := z.TagName()
			if string(name) == hidden {
				hidden = ""
			} else {
				b.WriteString(lineBreak(string(name)))
			}
		case html.CommentToken, html.DoctypeToken:
		}
	}
	return tidy(b.String())
}

// lineBreak returns what an element's tag means in plain text.
func lineBreak(tag string) string {
	switch tag {
	case "br", "tr", "dt", "dd":
		return "\n"
	case "p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section", "article", "table", "hr", "pre":
		return "\n\n"
	}
	return ""
}

// tidy joins runs of spaces, keeps at most one empty line between others, and cuts at the bound.
func tidy(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	var out []string
	for line := range strings.Lines(s) {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	text := strings.TrimSpace(strings.Join(out, "\n"))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

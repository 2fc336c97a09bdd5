package captions

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/earshot/earshot/models"
)

// readHTML reads the HTML form of the podcast namespace: <cite> names the speaker, <time> says when, and paragraphs are what is
// said. A <cite> within a paragraph holds for that one, a <cite> outside for all that follow. In whole web pages, what is not
// content (scripts, navigation, forms) is left out.
func readHTML(text []byte) ([]cue, error) {
	r := htmlReader{z: html.NewTokenizer(bytes.NewReader(text)), startMS: unknown}
	r.z.SetMaxBuf(MaxBytes)
	for {
		kind := r.z.Next()
		if kind == html.ErrorToken {
			r.flush()
			return r.cues, nil
		}
		if len(r.cues) > MaxCues {
			return nil, models.Explain(models.ErrUnusable, "it has more than %d paragraphs, too many for a transcript", MaxCues)
		}
		name, _ := r.z.TagName()
		a := atom.Lookup(name)
		switch kind {
		case html.TextToken:
			r.text(r.z.Text())
		case html.StartTagToken:
			r.open(a)
		case html.EndTagToken:
			r.close(a)
		case html.SelfClosingTagToken:
			if a == atom.Br {
				r.said = append(r.said, ' ')
			}
		default:
		}
	}
}

type htmlReader struct {
	z       *html.Tokenizer
	cues    []cue
	hidden  atom.Atom // the element whose content is not said
	depth   int       // of elements of that name
	inside  atom.Atom // Cite or Time, while in one
	within  bool      // a paragraph
	note    []byte    // what the cite or time holds
	said    []byte    // the paragraph so far
	startMS int64     // of the paragraph, unknown when not said
	voice   string    // who speaks until the next name
	name    string    // who speaks in this paragraph
}

// notSaid reports whether an element holds no speech.
func notSaid(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Nav, atom.Header, atom.Footer, atom.Aside, atom.Form, atom.Template, atom.Noscript,
		atom.Iframe, atom.Svg, atom.Button, atom.Select, atom.Textarea, atom.Audio, atom.Video, atom.Object:
		return true
	}
	return false
}

// isBlock reports whether an element begins a paragraph.
func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Section, atom.Article,
		atom.Table, atom.Tr, atom.Hr, atom.Dt, atom.Dd, atom.Pre, atom.Body, atom.Main:
		return true
	}
	return false
}

func (r *htmlReader) open(a atom.Atom) {
	switch {
	case r.hidden != 0:
		if a == r.hidden {
			r.depth++
		}
	case notSaid(a):
		r.said = append(r.said, ' ')
		r.hidden, r.depth = a, 1
	case a == atom.Cite, a == atom.Time:
		if len(bytes.TrimSpace(r.said)) > 0 {
			r.flush()
		}
		r.inside, r.note = a, nil
	case a == atom.Br:
		r.said = append(r.said, ' ')
	case isBlock(a):
		r.flush()
		r.within = a == atom.P
	}
}

func (r *htmlReader) close(a atom.Atom) {
	switch {
	case r.hidden != 0:
		if a == r.hidden {
			if r.depth--; r.depth == 0 {
				r.hidden = 0
			}
		}
	case a == r.inside && a == atom.Cite:
		r.name, r.inside = speakerName(string(r.note)), 0
		if !r.within {
			r.voice = r.name
		}
	case a == r.inside && a == atom.Time:
		if s := tidy(string(r.note)); wholeStamp.MatchString(s) {
			r.startMS = stampMS(s)
		}
		r.inside = 0
	case isBlock(a):
		r.flush()
		r.within = false
	}
}

func (r *htmlReader) text(b []byte) {
	switch {
	case r.hidden != 0:
	case r.inside != 0:
		r.note = append(r.note, b...)
	default:
		r.said = append(r.said, b...)
	}
}

// flush ends a paragraph. A name or time before it is kept for the next one where nothing was said.
func (r *htmlReader) flush() {
	text := tidy(string(r.said))
	r.said = r.said[:0]
	if text == "" {
		return
	}
	name := r.name
	if name == "" {
		name = r.voice
	}
	r.cues = append(r.cues, cue{startMS: r.startMS, endMS: unknown, speaker: name, text: text, fresh: true})
	r.startMS, r.name = unknown, ""
}

package export

import (
	"fmt"
	"strings"

	"github.com/earshot/earshot/models"
)

// writeMarkdown writes paragraphs that begin with their time, and with the speaker where it changes.
func writeMarkdown(b *strings.Builder, t models.Transcript) {
	for i, s := range t.Segments {
		first := i == 0
		turn := first || s.Speaker != t.Segments[i-1].Speaker
		if !turn && s.StartMS-t.Segments[i-1].EndMS < paragraphPauseMS {
			b.WriteString(" " + plainMarkdown(s.Text))
			continue
		}
		if !first {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(b, "`%s` ", clock(s.StartMS))
		if turn && s.Speaker != "" {
			b.WriteString("**" + plainMarkdown(s.Speaker) + ":** ")
		}
		b.WriteString(plainMarkdown(s.Text))
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
}

// plainMarkdown takes the meaning from the characters that Markdown gives one.
func plainMarkdown(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "&", `\&`, "#", `\#`, "|", `\|`, "~", `\~`).Replace(s)
}

// clock is a time for people: "1:02:03", "2:03".
func clock(ms int64) string {
	s := max(ms, 0) / 1000
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

package export_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

func TestMarkdown(t *testing.T) {
	got := write(t, export.Markdown, models.Transcript{Segments: []models.Segment{
		{StartMS: 500, EndMS: 900, Speaker: "Ann *B*", Text: "One <b>two</b>."}, {StartMS: 900, EndMS: 1000, Speaker: "Ann *B*", Text: "# Three"},
		{StartMS: 3_723_000, EndMS: 3_724_000, Speaker: "Cy", Text: "a_b `c` [d](e)"},
	}})
	want := "`0:00` **Ann \\*B\\*:** One \\<b>two\\</b>. \\# Three\n\n`1:02:03` **Cy:** a\\_b \\`c\\` \\[d\\](e)\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

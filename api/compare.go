package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

type compareInput struct {
	ID    string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Left  int64  `query:"left" required:"true" minimum:"1" doc:"Id of a transcript in the list of transcripts"`
	Right int64  `query:"right" required:"true" minimum:"1" doc:"Id of another one"`
}

type chooseInput struct {
	ID         string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Transcript int64  `path:"transcript" minimum:"1" doc:"Its id in the list of transcripts"`
}

// Comparison is two transcripts of an episode side by side.
type Comparison struct {
	Rows      []ComparedRow `json:"rows" doc:"In order of time; about a segment of the left one each"`
	Same      int           `json:"same" doc:"Words that both have, whatever their capitals and punctuation"`
	OnlyLeft  int           `json:"only_left" doc:"Words that the left one alone has"`
	OnlyRight int           `json:"only_right"`
}

// ComparedRow is a stretch of both transcripts.
type ComparedRow struct {
	models.Span

	Runs []ComparedRun `json:"runs"`
}

// ComparedRun is words in a row that both transcripts have, or that differ.
type ComparedRun struct {
	Same  bool   `json:"same"`
	Left  string `json:"left,omitempty"`
	Right string `json:"right,omitempty"`
}

// registerCompare adds what helps to choose among the transcripts of an episode.
func (s *server) registerCompare(h huma.API) {
	compare := get("compare-transcripts", "/api/v1/episodes/{id}/transcripts/compare", "Two transcripts of an episode side by side")
	compare.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	register(s, h, compare, s.compare)
	choose := change("choose-transcript", "/api/v1/episodes/{id}/transcripts/{transcript}/choose", "Make a transcript of an episode the one that is read and searched")
	choose.DefaultStatus = http.StatusOK
	choose.Errors = append(choose.Errors, http.StatusUnprocessableEntity)
	register(s, h, choose, s.chooseTranscript)
}

func (s *server) compare(ctx context.Context, in *compareInput) (*struct{ Body Comparison }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var sides [2]models.Transcript
	for i, id := range []int64{in.Left, in.Right} {
		if sides[i], err = s.Owner.TranscriptByID(ctx, e.ID, id); err != nil {
			return nil, fmt.Errorf("reading transcript %d of episode %s: %w", id, e.ID, err)
		}
	}
	return &struct{ Body Comparison }{newComparison(sides[0], sides[1])}, nil
}

func (s *server) chooseTranscript(ctx context.Context, in *chooseInput) (*struct{ Body KeptTranscripts }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Owner.ChooseTranscript(ctx, e.ID, in.Transcript); err != nil {
		return nil, fmt.Errorf("choosing transcript %d of episode %s: %w", in.Transcript, e.ID, err)
	}
	return s.transcripts(ctx, &episodeInput{ID: in.ID})
}

// newComparison aligns two transcripts by their words.
func newComparison(left, right models.Transcript) Comparison {
	l, r := wordsOf(left), wordsOf(right)
	c := comparing{left: l, right: r, out: Comparison{Rows: []ComparedRow{}}}
	i, j := 0, 0
	for _, m := range alignWords(plainWords(l), plainWords(r)) {
		c.differ(i, m.left, j, m.right)
		for n := range m.length {
			c.add(true, m.left+n, m.left+n+1, m.right+n, m.right+n+1)
		}
		i, j = m.left+m.length, m.right+m.length
	}
	c.differ(i, len(l), j, len(r))
	c.close()
	c.out.OnlyLeft, c.out.OnlyRight = len(l)-c.out.Same, len(r)-c.out.Same
	return c.out
}

// comparedWord is a word of a transcript, and whether its segment ends with it.
type comparedWord struct {
	models.Word

	last bool
}

func wordsOf(t models.Transcript) []comparedWord {
	var out []comparedWord
	for _, s := range t.Segments {
		for i, w := range s.Words {
			out = append(out, comparedWord{w, i == len(s.Words)-1})
		}
	}
	return out
}

// comparing puts words into rows.
type comparing struct {
	left, right []comparedWord
	out         Comparison
	row         ComparedRow
	ended       bool // a segment ends with the row; what the right alone has may follow
}

// apartMS is how long after a row words of the right alone begin that make a row of their own.
const apartMS = 1000

// differ adds words that differ, cut where segments of the left end: what the right has until then goes along.
func (c *comparing) differ(i, iEnd, j, jEnd int) {
	for i < iEnd {
		end := i + 1
		for end < iEnd && !c.left[end-1].last {
			end++
		}
		to := jEnd
		if end < iEnd {
			for to = j; to < jEnd && c.right[to].StartMS < c.left[end].StartMS; {
				to++
			}
		}
		c.add(false, i, end, j, to)
		i, j = end, to
	}
	for j < jEnd { // what the right alone has
		to := j + 1
		for to < jEnd && !c.right[to-1].last {
			to++
		}
		if c.ended && c.right[j].StartMS > c.row.EndMS+apartMS {
			c.close()
		}
		c.add(false, i, i, j, to)
		j = to
	}
}

// add puts words of both sides into the row, in a new one where the last one has ended.
func (c *comparing) add(same bool, i, iEnd, j, jEnd int) {
	if c.ended && iEnd > i {
		c.close()
	}
	if len(c.row.Runs) == 0 || c.row.Runs[len(c.row.Runs)-1].Same != same {
		c.row.Runs = append(c.row.Runs, ComparedRun{Same: same})
	}
	run := &c.row.Runs[len(c.row.Runs)-1]
	for _, w := range c.left[i:iEnd] {
		run.Left = joined(run.Left, w.Text)
		c.widen(w)
	}
	for _, w := range c.right[j:jEnd] {
		run.Right = joined(run.Right, w.Text)
		c.widen(w)
	}
	if same {
		c.out.Same++
	}
	c.ended = c.ended || iEnd > i && c.left[iEnd-1].last || i == iEnd && c.right[jEnd-1].last
}

// widen makes the row last as long as a word does.
func (c *comparing) widen(w comparedWord) {
	if c.row.EndMS == 0 || w.StartMS < c.row.StartMS {
		c.row.StartMS = w.StartMS
	}
	c.row.EndMS = max(c.row.EndMS, w.EndMS, 1)
}

func (c *comparing) close() {
	if len(c.row.Runs) > 0 {
		c.out.Rows = append(c.out.Rows, c.row)
	}
	c.row, c.ended = ComparedRow{}, false
}

func joined(text, word string) string {
	if text == "" {
		return word
	}
	return text + " " + word
}

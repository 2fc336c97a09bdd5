package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

const searchHelp = `Find what was said. Words find episodes that say all of them, in any form; besides words there are

  "mutual aid"  "mutual aid"~3      these words in this order; with up to three others between them
  aid OR help   aid -money          either; the one without the other
  (aid OR help) network             parentheses group
  micro*   enspiral~                words that begin like this; words spelt almost like this
  sounds:enspiral                   what sounds like it; comes by itself when nothing matches, see --strict
  exact:budgets                     this very word: no other forms, accents count
  speaker:anna   title:kaicamp      said by somebody; in the title
  show:huddle    lang:fr            of a show; in a language
  year:2019-2021 after:2019 before:2020-03

Any text is a valid query. A shell takes quotation marks, parentheses and * for itself: put a query that has them within single quotes.`

const searchExample = `  earshot search budget -travel
  earshot search '"error budgets" OR "on-call rotation"' --sort newest
  earshot search 'speaker:anna (budget OR money) year:2019' --facets`

func newSearchCommand(c *config) *cobra.Command {
	var asJSON bool
	var all string
	q := models.Query{}
	cmd := &cobra.Command{
		Use:         "search QUERY",
		Short:       "Find what was said: words, \"exact phrases\", OR, -not, prefix*, sounds:, show:, speaker:, year:",
		Long:        searchHelp,
		Example:     searchExample,
		Annotations: map[string]string{takesQuery: "yes"},
		Args:        arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Text = strings.Join(args, " ")
			q.EpisodeID = models.EpisodeID(all)
			if err := checkSearch(q); err != nil {
				return err
			}
			return c.search(cmd, func(a catalogue, ask asker) error {
				got, err := find(cmd.Context(), a, ask, q)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), got)
				}
				_, err = io.WriteString(cmd.OutOrStdout(), got.text(q))
				return err
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.IntVar(&q.Limit, "limit", 20, "episodes to print, 1 to 100")
	f.IntVar(&q.Offset, "offset", 0, "episodes to leave out before them")
	f.StringVar((*string)(&q.Sort), "sort", string(models.SortRelevance), "order of the episodes: relevance, newest or oldest")
	f.BoolVar(&q.Facets, "facets", false, "count the matching episodes by show, year, speaker and language")
	f.BoolVar(&q.Strict, "strict", false, "only what is typed: neither other spellings of names, nor what sounds like them, nor, where nothing matches, what comes nearest")
	f.StringVar(&all, "all", "", "print all moments of this `EPISODE`, given by its id")
	return cmd
}

func checkSearch(q models.Query) error {
	switch q.Sort {
	case models.SortRelevance, models.SortNewest, models.SortOldest:
	default:
		return usageError{fmt.Errorf("there is no order %q: use relevance, newest or oldest", q.Sort)}
	}
	if q.Limit < 1 || q.Limit > 100 {
		return usageError{errors.New("--limit is 1 to 100: see more with --offset")}
	}
	if q.Offset < 0 {
		return usageError{errors.New("--offset is 0 or more")}
	}
	return nil
}

// find answers a query, with all moments where it is about one episode.
func find(ctx context.Context, a catalogue, ask asker, q models.Query) (found, error) {
	if q.EpisodeID == "" {
		return ask(ctx, q)
	}
	if _, err := a.Episode(ctx, q.EpisodeID); errors.Is(err, models.ErrNotFound) {
		return found{}, fmt.Errorf("there is no episode %q: a search prints the id of an episode that has more moments than are shown", q.EpisodeID)
	} else if err != nil {
		return found{}, err
	}
	return ask.everything(ctx, q)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeAlso says what the names of the query were found as, beside what was typed.
func (f found) writeAlso(b *strings.Builder) {
	for _, a := range f.Also {
		as := make([]string, 0, len(a.As)+1)
		for _, text := range a.As {
			as = append(as, visible(text))
		}
		if a.Sounds {
			as = append(as, "what sounds like it")
		}
		fmt.Fprintf(b, "%s was also found as %s (see only what was typed with --strict)\n", visible(a.Typed), strings.Join(as, ", "))
	}
}

// text is what a person reads of the answer to q.
func (f found) text(q models.Query) string {
	b := &strings.Builder{}
	if f.Approximate {
		fmt.Fprintf(b, "Nobody says exactly: %s. This comes nearest: %s (see only what was typed with --strict)\n", visible(q.Text), visible(f.Understood))
	}
	f.writeAlso(b)
	for _, h := range f.Hits {
		h.write(b)
	}
	f.writeFacets(b)
	switch shown := q.Offset + len(f.Hits); {
	case f.Total == 0:
		fmt.Fprintf(b, "Nothing was found for: %s\n", visible(f.Understood))
	case len(f.Hits) == 0:
		fmt.Fprintf(b, "There are no more than %s\n", count(f.Total, "episode"))
	case f.Total > shown:
		fmt.Fprintf(b, "%d to %d of %d episodes; see more with --offset %d\n", q.Offset+1, shown, f.Total, shown)
	}
	for _, s := range f.Suggestions {
		lead := "Did you mean"
		if s.Kind == models.SuggestSounds {
			lead = "Also heard as"
		}
		fmt.Fprintf(b, "%s: %s (%s)\n", lead, visible(s.Query), count(s.Total, "episode"))
	}
	return b.String()
}

func (h foundHit) write(b *strings.Builder) {
	date := ""
	if h.Episode.PublishedAt != nil {
		date = h.Episode.PublishedAt.Format(" (2006-01-02)")
	}
	fmt.Fprintf(b, "%s: %s%s\n", visible(h.Episode.ShowTitle), visible(h.Episode.Title), date)
	for _, m := range h.Moments {
		fmt.Fprintf(b, "  %8s  %s", clock(m.StartMS), visible(m.Snippet))
		for i, as := range m.MatchedAs {
			lead := "  [matched as"
			if i > 0 {
				lead = ","
			}
			fmt.Fprintf(b, "%s “%s”", lead, visible(as.Said))
		}
		if len(m.MatchedAs) > 0 {
			b.WriteString("]")
		}
		b.WriteString("\n")
	}
	if more := h.Total - len(h.Moments); more > 0 {
		fmt.Fprintf(b, "            and %d more; see them with --all %s\n", more, h.Episode.ID)
	}
}

func (f found) writeFacets(b *strings.Builder) {
	if f.Facets == nil {
		return
	}
	for _, facet := range []struct {
		name   string
		values []models.FacetCount
	}{{"Shows", f.Facets.Shows}, {"Years", f.Facets.Years}, {"Speakers", f.Facets.Speakers}, {"Languages", f.Facets.Languages}} {
		for i, v := range facet.values {
			if i == 0 {
				fmt.Fprintf(b, "%s\n", facet.name)
			}
			fmt.Fprintf(b, "  %8d  %s\n", v.Episodes, visible(v.Query))
		}
	}
}

// clock writes a time as people do: 1:02:03 or 2:03.
func clock(ms int64) string {
	s := ms / 1000
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// visible keeps titles and transcripts, which come from outside, from steering the terminal.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

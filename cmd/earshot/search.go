package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
)

// found is a result for printing and for --json. It has the fields of the API's answer that a reader needs.
type found struct {
	Understood string     `json:"understood"`
	Total      int        `json:"total"`
	Hits       []foundHit `json:"hits"`
}

type foundHit struct {
	Episode  foundEpisode    `json:"episode"`
	Score    float64         `json:"score"`
	TitleHit bool            `json:"title_hit"`
	Total    int             `json:"total"`
	Moments  []models.Moment `json:"moments"`
}

type foundEpisode struct {
	ID          models.EpisodeID `json:"id"`
	ShowID      models.ShowID    `json:"show_id"`
	ShowTitle   string           `json:"show_title"`
	Title       string           `json:"title"`
	PublishedAt *time.Time       `json:"published_at,omitempty"`
}

func newSearchCommand(c *config) *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "search QUERY",
		Short: "Find what was said: words, \"exact phrases\", OR, -not, prefix*, show:, speaker:, year:",
		Args:  arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := models.Query{Text: strings.Join(args, " "), Limit: limit}
			got, err := c.search(cmd.Context(), q)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), got)
			}
			return got.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&limit, "limit", 20, "episodes to print, at most 100")
	return cmd
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// search asks the index, or the server that has it open.
func (c *config) search(ctx context.Context, q models.Query) (got found, err error) {
	a, err := c.openExisting(ctx)
	if err != nil {
		return found{}, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	index, err := a.index(ctx)
	if errors.Is(err, search.ErrInUse) {
		return searchServer(ctx, c.Data, q)
	}
	if err != nil {
		return found{}, err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	if err := index.CatchUp(ctx, nil); err != nil {
		return found{}, fmt.Errorf("bringing the index up to date: %w", err)
	}
	results, err := index.Search(ctx, q)
	if err != nil {
		return found{}, err
	}
	return a.describe(ctx, results)
}

// describe adds the titles to results.
func (a *archive) describe(ctx context.Context, r models.Results) (found, error) {
	out := found{Understood: r.Understood, Total: r.Total, Hits: []foundHit{}}
	ids := make([]models.EpisodeID, len(r.Hits))
	for i, h := range r.Hits {
		ids[i] = h.EpisodeID
	}
	episodes, err := a.EpisodesByID(ctx, ids)
	if err != nil {
		return out, err
	}
	shows, err := a.Shows(ctx)
	if err != nil {
		return out, err
	}
	titles := map[models.ShowID]string{}
	for _, s := range shows {
		titles[s.ID] = s.Title
	}
	for _, h := range r.Hits {
		e, ok := episodes[h.EpisodeID]
		if !ok {
			continue // deleted a moment ago
		}
		f := foundEpisode{ID: e.ID, ShowID: e.ShowID, ShowTitle: titles[e.ShowID], Title: e.Title}
		if !e.PublishedAt.IsZero() {
			f.PublishedAt = &e.PublishedAt
		}
		out.Hits = append(out.Hits, foundHit{Episode: f, Score: h.Score, TitleHit: h.TitleHit, Total: h.Total, Moments: h.Moments})
	}
	return out, nil
}

// searchServer asks the running server for what the index in its hands holds.
func searchServer(ctx context.Context, data string, q models.Query) (found, error) {
	base, err := announced(data)
	if err != nil {
		return found{}, fmt.Errorf("the search index is in use by another command: try again in a moment (%w)", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	params := url.Values{"q": {q.Text}, "limit": {strconv.Itoa(min(max(q.Limit, 1), 100))}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/search?"+params.Encode(), nil)
	if err != nil {
		return found{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return found{}, fmt.Errorf("the search index is in use by another command, and no server answers at %s: try again in a moment (%w)", base, err)
	}
	defer resp.Body.Close()
	body := io.LimitReader(resp.Body, 64<<20)
	if resp.StatusCode != http.StatusOK {
		var problem struct {
			Detail string `json:"detail"`
		}
		_ = json.NewDecoder(body).Decode(&problem) // the status says enough
		return found{}, fmt.Errorf("the running server answered %s %s", resp.Status, problem.Detail)
	}
	var got found
	if err := json.NewDecoder(body).Decode(&got); err != nil {
		return found{}, fmt.Errorf("reading the running server's answer: %w", err)
	}
	return got, nil
}

func (f found) print(w io.Writer) error {
	b := &strings.Builder{}
	for _, h := range f.Hits {
		date := ""
		if h.Episode.PublishedAt != nil {
			date = h.Episode.PublishedAt.Format(" (2006-01-02)")
		}
		fmt.Fprintf(b, "%s: %s%s\n", visible(h.Episode.ShowTitle), visible(h.Episode.Title), date)
		for _, m := range h.Moments {
			fmt.Fprintf(b, "  %8s  %s\n", clock(m.StartMS), visible(m.Snippet))
		}
		if more := h.Total - len(h.Moments); more > 0 {
			fmt.Fprintf(b, "            and %d more\n", more)
		}
	}
	if f.Total == 0 {
		fmt.Fprintf(b, "Nothing was found for: %s\n", visible(f.Understood))
	} else if f.Total > len(f.Hits) {
		fmt.Fprintf(b, "%d of %d episodes; see more with --limit\n", len(f.Hits), f.Total)
	}
	_, err := io.WriteString(w, b.String())
	return err
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

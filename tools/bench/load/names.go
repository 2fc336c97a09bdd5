package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/earshot/earshot/models"
)

const (
	pollEvery  = 20 * time.Millisecond
	pollSlowly = 200 * time.Millisecond // for what takes seconds: asking takes from what it waits for
	mostToWait = 5 * time.Minute
)

// rule is what is asked of a rule, and told of it.
type rule struct {
	ID       int64    `json:"id,omitempty"`
	Right    string   `json:"right"`
	Wrong    []string `json:"wrong"`
	Places   int      `json:"places,omitempty"`
	Episodes int      `json:"episodes,omitempty"`
}

// measureNames fixes names that are said in so many episodes, and undoes it: how long the first page of the preview takes, how long it
// takes until the name is found at all, and until the index itself has followed, which a strict search shows.
func measureNames(ctx context.Context, base string, queries []string) error {
	words, err := saidIn(ctx, base, queries, 20, 50, 200)
	if err != nil {
		return err
	}
	report := table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	report.row("episodes", "places", "preview, ms", "apply, ms", "found, ms", "indexed, s", "undo, ms", "indexed, s")
	for i, w := range words {
		if err := fix(ctx, base, fmt.Sprintf("Zyxw%c", 'a'+i), w, report); err != nil {
			return fmt.Errorf("fixing %s: %w", w.Wrong[0], err)
		}
	}
	if err := report.w.Flush(); err != nil {
		return err
	}
	if err := measureEdits(ctx, base, words[0].Wrong[0]); err != nil { // last, because it takes the word from episodes
		return fmt.Errorf("editing: %w", err)
	}
	return nil
}

// saidIn chooses, for each number of episodes, the word that is said in nearly as many.
func saidIn(ctx context.Context, base string, queries []string, numbers ...int) ([]rule, error) {
	out := make([]rule, len(numbers))
	for _, q := range queries {
		if strings.ContainsAny(q, `"*:-() `) || len(q) < 4 {
			continue
		}
		total, _, err := found(ctx, base, `"`+q+`"`, true)
		if err != nil {
			return nil, err
		}
		r := rule{Wrong: []string{q}, Episodes: total}
		for i, n := range numbers {
			if far := func(r rule) int { return max(n-r.Episodes, r.Episodes-n) }; out[i].Wrong == nil || far(r) < far(out[i]) {
				out[i] = r
			}
		}
	}
	return out, nil
}

// found asks in how many episodes something is said.
func found(ctx context.Context, base, query string, strict bool) (total int, approximate bool, err error) {
	body, err := get(ctx, fmt.Sprintf("%s/api/v1/search?limit=1&moments=1&strict=%v&q=%s", base, strict, url.QueryEscape(query)))
	if err != nil {
		return 0, false, err
	}
	var res struct {
		Total       int  `json:"total"`
		Approximate bool `json:"approximate"`
	}
	err = json.Unmarshal(body, &res)
	return res.Total, res.Approximate, err
}

// measureEdits corrects a word in an episode after the other, and reports how long it takes until a search finds what was written.
func measureEdits(ctx context.Context, base, word string) error {
	body, err := get(ctx, base+"/api/v1/search?limit=20&moments=1&strict=true&q="+url.QueryEscape(`"`+word+`"`))
	if err != nil {
		return err
	}
	var res struct {
		Hits []struct {
			Episode struct {
				ID string `json:"id"`
			} `json:"episode"`
			Moments []models.Moment `json:"moments"`
		} `json:"hits"`
	}
	if err := json.Unmarshal(body, &res); err != nil {
		return err
	}
	var took []time.Duration
	for i, h := range res.Hits {
		if len(h.Moments) == 0 || len(h.Moments[0].Marks) != 1 {
			continue
		}
		m := h.Moments[0]
		name := fmt.Sprintf("wxyz%c", 'a'+i)
		order := map[string]any{"changes": []any{map[string]any{
			"kind": models.EditText, "start_ms": m.StartMS, "end_ms": m.EndMS, "before": wordAt(m.Snippet, m.Marks[0].Start), "after": name,
		}}}
		began := time.Now()
		if _, err := send(ctx, base+"/api/v1/episodes/"+h.Episode.ID+"/edits", order, &struct{}{}); err != nil {
			return err
		}
		d, err := until(ctx, base, name, true, pollEvery, began, func(n int) bool { return n > 0 })
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	if len(took) == 0 {
		return fmt.Errorf("%q is nowhere", word)
	}
	slices.Sort(took)
	_, err = fmt.Fprintf(os.Stdout, "\n%d words corrected, one after the other; from then until a search finds it: median %.0f ms, worst %.0f ms\n",
		len(took), ms(took[len(took)/2]), ms(took[len(took)-1]))
	return err
}

// wordAt returns the word of a snippet that a code point is in, with its punctuation.
func wordAt(snippet string, at int) string {
	runes := []rune(snippet)
	from, to := at, at
	for from > 0 && !unicode.IsSpace(runes[from-1]) {
		from--
	}
	for to < len(runes) && !unicode.IsSpace(runes[to]) {
		to++
	}
	return string(runes[from:to])
}

// fix makes a rule and undoes it, and reports how long that takes.
func fix(ctx context.Context, base, name string, w rule, report table) error {
	order := rule{Right: name, Wrong: w.Wrong}
	preview, err := send(ctx, base+"/api/v1/rules/preview", order, &w)
	if err != nil {
		return err
	}
	began := time.Now()
	var made rule
	apply, err := send(ctx, base+"/api/v1/rules", order, &made)
	if err != nil {
		return err
	}
	known, err := until(ctx, base, name, false, pollEvery, began, func(n int) bool { return n > 0 })
	if err != nil {
		return err
	}
	indexed, err := until(ctx, base, name, true, pollSlowly, began, func(n int) bool { return n >= w.Episodes })
	if err != nil {
		return err
	}
	began = time.Now()
	undo, err := send(ctx, fmt.Sprintf("%s/api/v1/rules/%d/undo", base, made.ID), nil, &made)
	if err != nil {
		return err
	}
	back, err := until(ctx, base, name, true, pollSlowly, began, func(n int) bool { return n == 0 })
	if err != nil {
		return err
	}
	whole := func(d time.Duration) string { return fmt.Sprintf("%.0f", ms(d)) }
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
	report.row(strconv.Itoa(w.Episodes), strconv.Itoa(w.Places), whole(preview), whole(apply), whole(known), seconds(indexed), whole(undo), seconds(back))
	return nil
}

// until searches for a name, every so often, until the number of episodes that say it is as it should be.
func until(ctx context.Context, base, name string, strict bool, every time.Duration, began time.Time, is func(int) bool) (time.Duration, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for time.Since(began) < mostToWait {
		total, approximate, err := found(ctx, base, name, strict)
		if err != nil {
			return 0, err
		}
		if !approximate && is(total) {
			return time.Since(began), nil
		}
		<-tick.C
	}
	return 0, fmt.Errorf("the search for %q is not as it should be after %s", name, mostToWait)
}

// send asks for a change, and returns how long the answer took.
func send(ctx context.Context, address string, body, into any) (time.Duration, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	if body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	if resp.StatusCode >= http.StatusMultipleChoices {
		return took, fmt.Errorf("%s: %s: %.200s", address, resp.Status, answer)
	}
	return took, json.Unmarshal(answer, into)
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
)

// corpusFiles are the files for the peers. Passages and segments are lines of fields with tabs between: episode, number
// within it, start in ms, show, year, language, speakers with "|" between, text.
type corpusFiles struct{ passages, segments, queries string }

// asked is what queries.json holds.
type asked struct {
	Words    int                `json:"words"`
	Episodes int                `json:"episodes"`
	Queries  map[string][]query `json:"queries"` // by kind
}

func writeCorpus(ctx context.Context, a *archive, files corpusFiles) error {
	all, err := draw(ctx, a)
	if err != nil {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("writing the queries: %w", err)
	}
	if err := os.WriteFile(files.queries, text, 0o600); err != nil { //nolint:gosec // the file that the benchmark names
		return fmt.Errorf("writing the queries: %w", err)
	}
	return writeLines(ctx, a, files)
}

func writeLines(ctx context.Context, a *archive, files corpusFiles) error {
	var out [2]*bufio.Writer
	for i, path := range []string{files.passages, files.segments} {
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("writing the corpus: %w", err)
		}
		defer f.Close()
		out[i] = bufio.NewWriterSize(f, 1<<20)
	}
	err := a.each(ctx, func(i int, d models.Document) func() {
		passages := search.Passages(d.Transcript)
		return func() {
			for k, p := range passages {
				writeLine(out[0], i, k, p.StartMS, d, strings.Join(p.Speakers, "|"), p.Text)
			}
			for k, s := range d.Transcript.Segments {
				writeLine(out[1], i, k, s.StartMS, d, s.Speaker, s.Text)
			}
		}
	})
	if err != nil {
		return err
	}
	for _, w := range out {
		if err := w.Flush(); err != nil {
			return fmt.Errorf("writing the corpus: %w", err)
		}
	}
	return nil
}

func writeLine(w io.Writer, episode, number int, startMS int64, d models.Document, speakers, text string) {
	fields := []string{
		strconv.Itoa(episode), strconv.Itoa(number), strconv.FormatInt(startMS, 10), d.Show.Title,
		strconv.Itoa(d.Episode.PublishedAt.Year()), d.Show.Language, speakers, text,
	}
	_, _ = io.WriteString(w, strings.Join(fields, "\t")+"\n") // the buffer keeps its first error for Flush
}

// each makes all episodes, on all cores: f runs for several at a time, what it returns for one after the other, in order.
func (a *archive) each(ctx context.Context, f func(i int, d models.Document) (then func())) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const ahead = 8
	queue := make(chan chan func(), ahead)
	go func() {
		defer close(queue)
		for i := range a.episodes {
			one := make(chan func(), 1)
			select {
			case queue <- one:
			case <-ctx.Done():
				return
			}
			go func() {
				one <- f(i, a.document(i))
			}()
		}
	}()
	for one := range queue {
		(<-one)()
	}
	return ctx.Err()
}

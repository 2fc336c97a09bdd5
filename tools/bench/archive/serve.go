package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
)

// order is one line of input; the answer is one line of output. Times are measured here, without the pipe.
//
//	{"op":"build"}                                    indexes the archive
//	{"op":"size"}                                     bytes on disk; Bleve removes files a moment after they are of no use
//	{"op":"search","text":…}                          one page of 20 episodes with facets
//	{"op":"load","seconds":…,"clients":…,"texts":[…]} searches from many clients while an episode is being indexed
type order struct {
	Op      string   `json:"op"`
	Text    string   `json:"text"`
	Texts   []string `json:"texts"`
	Clients int      `json:"clients"`
	Seconds float64  `json:"seconds"`
}

type buildAnswer struct {
	Seconds float64 `json:"seconds"`
}

type sizeAnswer struct {
	Bytes map[string]float64 `json:"bytes"` // on disk, by part
}

type searchAnswer struct {
	MS       float64 `json:"ms"`
	Episodes int     `json:"episodes"` // that match
	Times    int     `json:"times"`    // moments of the episodes on the page
}

type loadAnswer struct {
	MS      []float64 `json:"ms"` // of every search
	Seconds float64   `json:"seconds"`
	Indexed int       `json:"indexed"` // times that an episode was indexed meanwhile
}

func serve(ctx context.Context, a *archive, folder string, in io.Reader, out io.Writer) (err error) {
	src := newSource(a)
	x, err := search.Open(ctx, folder, src, search.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return fmt.Errorf("reading an order: %w", err)
		}
		answer, err := obey(ctx, x, src, folder, o)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(answer); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
	return lines.Err()
}

func obey(ctx context.Context, x *search.Index, src *source, folder string, o order) (any, error) {
	switch o.Op {
	case "build":
		return build(ctx, x)
	case "size":
		return size(folder)
	case "search":
		return ask(ctx, x, o.Text)
	case "load":
		return load(ctx, x, src, o)
	}
	return nil, fmt.Errorf("there is no order %q", o.Op)
}

// build indexes everything. Making episodes up goes on at the same time as indexing, and is counted.
func build(ctx context.Context, x *search.Index) (buildAnswer, error) {
	began := time.Now()
	err := x.CatchUp(ctx, nil)
	return buildAnswer{Seconds: time.Since(began).Seconds()}, err
}

func size(folder string) (sizeAnswer, error) {
	a := sizeAnswer{Bytes: map[string]float64{}}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error { //nolint:gosec // the benchmark's own folder
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			a.Bytes[filepath.Base(filepath.Dir(path))] += float64(info.Size())
		}
		return err
	})
	return a, err
}

func ask(ctx context.Context, x *search.Index, text string) (searchAnswer, error) {
	began := time.Now()
	r, err := x.Search(ctx, models.Query{Text: text, Facets: true, Strict: true})
	took := time.Since(began)
	if err != nil {
		return searchAnswer{}, err
	}
	answer := searchAnswer{MS: float64(took.Microseconds()) / 1000, Episodes: r.Total}
	for _, h := range r.Hits {
		answer.Times += h.Total
	}
	return answer, nil
}

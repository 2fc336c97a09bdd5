package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
	"github.com/earshot/earshot/store"
)

const hours = 3

func TestArchive(t *testing.T) {
	a := newArchive(1, hours)
	t.Run("is the same every time", func(t *testing.T) { sameEveryTime(t, a) })
	t.Run("has true answers about phrases", func(t *testing.T) { phrasesAreTrue(t, a) })
	t.Run("has a line for every passage", func(t *testing.T) { passagesAreLines(t, a) })
	t.Run("fills a data folder", func(t *testing.T) { fills(t, a) })
}

func sameEveryTime(t *testing.T, a *archive) {
	t.Helper()
	b := newArchive(1, hours)
	if !reflect.DeepEqual(a.document(1), b.document(1)) {
		t.Error("the same seed gave another episode")
	}
	if reflect.DeepEqual(a.document(0).Transcript, a.document(1).Transcript) {
		t.Error("two episodes are the same")
	}
	last := int64(-1)
	for _, s := range a.document(0).Transcript.Segments {
		for _, w := range s.Words {
			if w.StartMS < last || w.EndMS <= w.StartMS {
				t.Fatalf("%+v begins before the end of the word before it, %d ms, or has no length", w, last)
			}
			last = w.EndMS
		}
	}
}

// The truth about phrases, found by counting in plain text, is what the benchmark says and what Earshot finds.
func phrasesAreTrue(t *testing.T, a *archive) {
	t.Helper()
	folder := t.TempDir()
	files := corpusFiles{filepath.Join(folder, "p"), filepath.Join(folder, "s"), filepath.Join(folder, "q")}
	if err := writeCorpus(t.Context(), a, files); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(files.queries)
	if err != nil {
		t.Fatal(err)
	}
	var drawn asked
	if err := json.Unmarshal(text, &drawn); err != nil {
		t.Fatal(err)
	}
	x, err := search.Open(t.Context(), t.TempDir(), newSource(a), search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close() //nolint:errcheck // a test of reading
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var spoken [hours]string
	for i := range hours {
		for _, s := range plainForms(a.document(i).Transcript) {
			spoken[i] += strings.Join(s, " ") + " "
		}
	}
	for kind, queries := range drawn.Queries {
		if len(queries) == 0 {
			t.Errorf("no queries of the kind %q", kind)
		}
		if !strings.HasPrefix(kind, "phrase") {
			continue
		}
		for _, q := range queries {
			episodes := 0
			for _, s := range spoken {
				if strings.Contains(" "+s, " "+q.Text+" ") {
					episodes++
				}
			}
			found, err := ask(t.Context(), x, `"`+q.Text+`"`)
			if err != nil {
				t.Fatal(err)
			}
			if q.Episodes != episodes || found.Episodes != episodes || found.Times != q.Times {
				t.Errorf("%q: said in %d episodes; the file says %+v, Earshot %+v", q.Text, episodes, q, found)
			}
		}
	}
}

func passagesAreLines(t *testing.T, a *archive) {
	t.Helper()
	folder := t.TempDir()
	files := corpusFiles{filepath.Join(folder, "p"), filepath.Join(folder, "s"), filepath.Join(folder, "q")}
	if err := writeLines(t.Context(), a, files); err != nil {
		t.Fatal(err)
	}
	passages, segments := 0, 0
	for i := range hours {
		t := a.document(i).Transcript
		passages, segments = passages+len(search.Passages(t)), segments+len(t.Segments)
	}
	for path, want := range map[string]int{files.passages: passages, files.segments: segments} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(text, []byte("\n")); got != want || bytes.Count(text, []byte("\t")) != 7*want {
			t.Errorf("%s has %d lines of eight fields, want %d", filepath.Base(path), got, want)
		}
	}
}

// A data folder has every episode, transcribed, and its index what is asked for.
func fills(t *testing.T, a *archive) {
	t.Helper()
	folder := t.TempDir()
	queries := filepath.Join(t.TempDir(), "q")
	if err := fill(t.Context(), a, folder, queries); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), folder, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only read
	st, err := s.Status(t.Context())
	if err != nil || st.Episodes[models.EpisodeDone] != hours {
		t.Errorf("%+v, %v", st.Episodes, err)
	}
	first, err := s.Episode(t.Context(), a.id(0))
	if err != nil || first.Media.Bytes != a.document(0).Transcript.DurationMS*soundPerMS {
		t.Errorf("%+v, %v", first.Media, err)
	}
	x, err := search.Open(t.Context(), filepath.Join(folder, "search"), s, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close() //nolint:errcheck // only read
	text, err := os.ReadFile(queries)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range strings.Split(string(text), "\n")[:20] {
		if found, err := x.Search(t.Context(), models.Query{Text: q, Strict: true}); err != nil || found.Total == 0 {
			t.Errorf("%q finds %d, %v", q, found.Total, err)
		}
	}
}

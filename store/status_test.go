package store

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// queries keeps what is asked of a database.
type queries struct {
	mu    sync.Mutex
	asked []string
}

// BeforeQuery keeps a query.
func (q *queries) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	if strings.HasPrefix(strings.TrimSpace(e.Query), "SELECT") {
		q.asked = append(q.asked, e.Query)
	}
	return ctx
}

// AfterQuery does nothing.
func (*queries) AfterQuery(context.Context, *bun.QueryEvent) {}

// TestStatusReadsIndexes makes sure that what is asked every second, of the status and of the queue, reads no table of
// episodes, transcripts or jobs as a whole, but its indexes alone.
func TestStatusReadsIndexes(t *testing.T) {
	s := openAt(t, t.TempDir())
	q := &queries{}
	db := s.e.read.WithQueryHook(q)
	s.e.read = db
	ctx := t.Context()
	_, err := s.Status(ctx)
	must(t, err)
	c := &crew{Store: s, o: quickly(), id: "me", peers: peers{}}
	_, err = c.mayStart(ctx, "transcribe")
	must(t, err)
	must(t, c.bury(ctx))
	must(t, c.lineUpReturned(ctx))
	_, err = s.Events(ctx, 0, 10)
	must(t, err)
	if len(q.asked) < 12 {
		t.Fatalf("only %d queries: %q", len(q.asked), q.asked)
	}
	for _, query := range q.asked {
		for _, step := range plan(t, s, query) {
			for _, table := range []string{"episodes", "e", "transcripts", "t", "river_job", "j"} {
				if step == "SCAN "+table || strings.HasPrefix(step, "SCAN "+table+" ") && !strings.Contains(step, "INDEX") {
					t.Errorf("%s\n  reads all of %s", query, table)
				}
			}
		}
	}
}

// plan is how SQLite answers a query, step by step.
func plan(t *testing.T, s *Store, query string) []string {
	t.Helper()
	var rows []struct {
		ID, Parent, Notused int
		Detail              string
	}
	must(t, s.e.write.NewRaw("EXPLAIN QUERY PLAN "+query).Scan(t.Context(), &rows))
	steps := make([]string, len(rows))
	for i, r := range rows {
		steps[i] = r.Detail
	}
	return steps
}

// BenchmarkStatus reads the status of an archive with 10,000 queued episodes with long notes.
func BenchmarkStatus(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a benchmark
	show := aShow("Systems")
	episodes := episodesOf(show, 10_000)
	for i := range episodes {
		episodes[i].Notes = strings.Repeat(fmt.Sprint("Notes of ", i, ". "), 300)
	}
	if _, err := s.SaveShow(b.Context(), show, episodes); err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		st, err := s.Status(b.Context())
		if err != nil || st.Queue["download"] != len(episodes) || st.Episodes[models.EpisodeQueued] != len(episodes) {
			b.Fatal(st, err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc)-float64(before.HeapAlloc), "heap-growth-B")
}

package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
	"github.com/earshot/earshot/store/pgtest"
)

// node is what a serving machine has: the shared archive, and an index of its own that follows it.
type node struct {
	*archive

	index *search.Index
}

func startNode(t *testing.T, database string) node {
	t.Helper()
	a, err := (&config{Data: t.TempDir(), DatabaseURL: database, MediaCache: "1MB", MinFree: "0", MaxDownload: "1GB"}).open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wake := make(chan struct{}, 1)
	index, err := a.index(t.Context(), wake)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var work sync.WaitGroup
	work.Go(func() {
		a.Hear(ctx, func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
	})
	work.Go(func() {
		if err := index.Follow(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		work.Wait()
		if err := index.Close(); err != nil {
			t.Error(err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return node{a, index}
}

// finds waits until a search for text finds so many episodes, and says how long that took.
func (n node) finds(t *testing.T, text string, want int) {
	t.Helper()
	began := time.Now()
	defer func() { t.Logf("%d with %q after %v", want, text, time.Since(began).Round(time.Millisecond)) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		found, err := n.index.Search(t.Context(), models.Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if found.Total == want {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%q finds %d episodes, want %d", text, found.Total, want)
		}
	}
}

// TestTwoNodes: what changes on one machine is found, and no longer found, on both. How long that took is in the log (go test -v): 2 s
// are promised, and a machine that is busy with other tests cannot be held to it.
func TestTwoNodes(t *testing.T) {
	server := &pgtest.Server{}
	t.Cleanup(server.Stop)
	database := server.Database(t, "")
	a, b := startNode(t, database), startNode(t, database)
	source := models.Source{Kind: models.SourceFeed, Location: "https://example.org/feed.xml"}
	show := models.Show{ID: models.NewShowID(source), Title: "Practical systems", Language: "en", Source: source}
	episodes := []models.Episode{{GUID: "1", Title: "The error budget"}, {GUID: "2", Title: "The budget of an on-call rotation"}}
	saved, err := a.SaveShow(t.Context(), show, episodes)
	if err != nil {
		t.Fatal(err)
	}
	a.finds(t, "budget", 2)
	b.finds(t, "budget", 2)
	if err := b.DeleteEpisode(t.Context(), saved.NewEpisodes[0]); err != nil {
		t.Fatal(err)
	}
	a.finds(t, "budget", 1)
	b.finds(t, "budget", 1)
	b.finds(t, "rotation", 1)
}

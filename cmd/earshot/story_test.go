//go:build !stub

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
	"github.com/earshot/earshot/store"
	"github.com/earshot/earshot/store/pgtest"
)

// killsVariable says how often the story's programs are killed.
const killsVariable = "EARSHOT_KILLS"

// peaceful is how many episodes come before anybody is killed.
const peaceful = 4

// story is a show that is followed, on one machine or on three.
type story struct {
	show    *podcast
	server  *actor
	workers []*actor // without the server where that works too
	journal *journal
	store   *store.Store // to look at what is there
	want    map[string][]models.Segment
}

// TestStory follows a show whose feed grows and whose server has its troubles: add, poll, download, transcribe, index, and a new
// episode is searchable although nobody did anything. Then it goes on while servers and workers are killed at random moments.
// At the end every episode is there once, and is what it would be had nobody been killed.
//
// Nobody can promise that a chunk is not begun again as often as its decoder is killed. What is promised is that a chunk that is
// stored is never decoded again, which is tested as such; and so, when what one kill interrupted is stored before the next kill, that none is
// begun more than twice, which is tested too.
func TestStory(t *testing.T) {
	t.Parallel()
	kills := 3
	if v := os.Getenv(killsVariable); v != "" {
		var err error
		if kills, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	newProgram(t) // or skip
	clips := peaceful + max(2, kills/2)
	cut := func(t *testing.T) *podcast {
		t.Helper()
		return newPodcast(t, clips, func(i int) bool { return i >= peaceful && (i-peaceful)%16 == 0 })
	}
	want := undisturbed(t, cut(t).clips)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		p := newProgram(t).quick()
		s := &story{show: cut(t), journal: newJournal(), want: want}
		s.server = s.actor(p, "serve", "--listen", "127.0.0.1:0")
		s.play(t, store.Options{}, p, kills)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := &pgtest.Server{}
		t.Cleanup(server.Stop)
		o := store.Options{Database: server.Database(t, ""), Media: bucket(t)}
		s := &story{show: cut(t), journal: newJournal(), want: want}
		machine := func() *program {
			p := newProgram(t).quick()
			p.env = append(p.env, "EARSHOT_DATABASE_URL="+o.Database, "EARSHOT_MEDIA_URL="+o.Media, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
			return p
		}
		p := machine()
		s.server = s.actor(p, "serve", "--listen", "127.0.0.1:0", "--no-work")
		for range 2 {
			s.workers = append(s.workers, s.actor(machine(), "worker"))
		}
		s.play(t, o, p, kills)
	})
}

// bucket is the address of a bucket of a server in this process.
func bucket(tb testing.TB) string {
	tb.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("archive"); err != nil {
		tb.Fatal(err)
	}
	s := httptest.NewServer(gofakes3.New(backend).Server())
	tb.Cleanup(s.Close)
	return "s3://archive?region=us-east-1&use_path_style=true&endpoint=" + s.URL
}

// undisturbed returns the segments of recordings by their names, as a program that nobody kills finds them.
func undisturbed(t *testing.T, clips []string) map[string][]models.Segment {
	t.Helper()
	dir := t.TempDir()
	newProgram(t).quick().must(append([]string{"transcribe", "--language", "en", "--format", "json", "--output", dir}, clips...)...)
	want := map[string][]models.Segment{}
	for _, clip := range clips {
		name := strings.TrimSuffix(filepath.Base(clip), ".mp3")
		b, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var d export.Document
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatal(err)
		}
		want[name+".mp3"] = d.Segments
	}
	return want
}

// actor makes an actor of a program that follows feeds of this machine every second, and tells all that it does.
func (s *story) actor(p *program, args ...string) *actor {
	p.env = append(p.env, "EARSHOT_ALLOW_PRIVATE=true", "EARSHOT_POLL_EVERY=1s", "EARSHOT_LANGUAGE=en", "EARSHOT_HINTS=off",
		"EARSHOT_LOG_LEVEL=debug", "EARSHOT_LOG_FORMAT=json")
	return &actor{p: p, args: args, journal: s.journal}
}

func (s *story) actors() []*actor { return append([]*actor{s.server}, s.workers...) }

func (s *story) play(t *testing.T, o store.Options, p *program, kills int) {
	t.Helper()
	a, err := store.Open(t.Context(), t.TempDir(), o)
	if o.Database == "" {
		a, err = store.Open(t.Context(), p.data, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.store = a
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, a := range s.actors() {
		a.start(t)
	}
	t.Cleanup(func() {
		for _, a := range s.actors() {
			a.stop(t)
		}
		if t.Failed() {
			for _, a := range s.actors() {
				t.Logf("%s said last:\n%s", a.args[0], strings.Join(a.last, "\n"))
			}
		}
	})
	base := s.server.address(t)
	s.show.publish()
	s.show.publish()
	p.must("add", s.show.URL+"/feed.xml")
	s.found(t, base, 0, 2)
	for i := 2; i < peaceful; i++ { // by themselves
		s.show.publish()
	}
	s.found(t, base, 2, peaceful)
	s.show.mu.Lock()
	if s.show.resumed == 0 || s.show.unchanged == 0 {
		t.Errorf("%d downloads were resumed, and the feed was unchanged %d times", s.show.resumed, s.show.unchanged)
	}
	s.show.mu.Unlock()
	s.killing(t, kills)
	for s.show.publish() { // those that were to come later
	}
	s.found(t, s.server.address(t), 0, len(s.show.clips))
	s.whole(t)
}

// killing kills one after the other, at random moments, while there is something to do.
func (s *story) killing(t *testing.T, kills int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("the kills are those of the seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	interrupted := 0
	for range kills {
		left := s.unfinished(t)
		if left < 2 && s.show.publish() {
			left++
		}
		a := s.actors()[chance.IntN(len(s.actors()))]
		within := 3 * time.Second // a random moment of whatever it does
		if left > 0 && chance.IntN(2) == 0 {
			if decodes := s.decoding(30 * time.Second); decodes != nil {
				a, within = decodes, time.Second // and of what may not be lost
			}
		}
		<-time.After(time.Duration(chance.Int64N(int64(within))))
		episode, startMS := a.kill()
		a.start(t)
		if episode != "" {
			interrupted++
			s.wait(t, "what a kill interrupted is stored", func() bool { return s.isStored(t, episode, startMS) })
		}
	}
	t.Logf("%d of %d kills interrupted a decoder", interrupted, kills)
	if s.server.cmd.ProcessState != nil {
		t.Error("the server is gone")
	}
}

// decoding waits for an actor that decodes; nil: nobody begins to.
func (s *story) decoding(most time.Duration) *actor {
	late := time.After(most)
	for {
		for _, a := range s.actors() {
			if s.journal.decodes(a) {
				return a
			}
		}
		select {
		case <-s.journal.news:
		case <-late:
			return nil
		}
	}
}

// unfinished is how many episodes that were published are not done.
func (s *story) unfinished(t *testing.T) int {
	t.Helper()
	st, err := s.store.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.show.published() - st.Episodes[models.EpisodeDone]
}

// isStored reports whether an episode is stored beyond a time.
func (s *story) isStored(t *testing.T, id models.EpisodeID, startMS int64) bool {
	t.Helper()
	tr, err := s.store.Transcript(t.Context(), id, models.TaskTranscribe)
	if errors.Is(err, models.ErrNotFound) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return tr.Complete || tr.CursorMS > startMS
}

func (s *story) wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	eventually(t, what, ok, func() string {
		st, err := s.store.Status(t.Context())
		return fmt.Sprintf("%+v, %v", st, err)
	})
}

// found waits until words of the episodes from one to before another are found, and no others are there.
func (s *story) found(t *testing.T, base string, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		words := phrase(s.want[filepath.Base(s.show.clips[i])])
		if words == "" {
			continue
		}
		s.wait(t, title(i)+" is found by "+words, func() bool {
			var got found
			getJSON(t, base+"/api/v1/search?limit=100&q="+url.QueryEscape(words), &got)
			return slices.ContainsFunc(got.Hits, func(h foundHit) bool { return h.Episode.Title == title(i) })
		})
	}
}

// phrase is a quotation of a transcript, or "" of one that is too short.
func phrase(segments []models.Segment) string {
	for _, g := range segments {
		if said := strings.Fields(words(g.Text)); len(said) >= 4 && !strings.ContainsAny(g.Text, "'’-0123456789") {
			return strconv.Quote(strings.Join(said[:4], " "))
		}
	}
	return ""
}

// whole checks what is there in the end.
func (s *story) whole(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	s.wait(t, "all is done", func() bool { return s.unfinished(t) == 0 })
	episodes, err := s.store.Episodes(ctx, models.EpisodeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(episodes) != len(s.show.clips) {
		t.Errorf("%d episodes, %d were published", len(episodes), len(s.show.clips))
	}
	media := map[string]bool{}
	for _, e := range episodes {
		media[e.Media.Key] = true
		name := filepath.Base(string(e.Enclosure.Location))
		tr, err := s.store.Transcript(ctx, e.ID, models.TaskTranscribe)
		if err != nil {
			t.Errorf("the transcript of %s: %v", e.Title, err)
			continue
		}
		// The last digits of a probability depend on where the numbers lay in memory.
		if diff := cmp.Diff(s.want[name], tr.Segments, cmpopts.EquateApprox(0, 0.01)); !tr.Complete || diff != "" {
			t.Errorf("the transcript of %s, complete %v, is not what it is undisturbed (-want +got):\n%s", e.Title, tr.Complete, diff)
		}
	}
	if len(media) != len(s.show.clips) {
		t.Errorf("%d recordings are stored, there are %d", len(media), len(s.show.clips))
	}
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	again := 0
	for c, times := range s.journal.begun {
		if times > 1 {
			again++
		}
		if times > 2 {
			t.Errorf("the chunk of %s at %d ms was begun %d times", c.episode, c.startMS, times)
		}
	}
	for _, line := range s.journal.wrong {
		t.Error(line)
	}
	t.Logf("%d chunks were decoded, %d of them begun twice", len(s.journal.begun), again)
}

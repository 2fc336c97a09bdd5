//go:build !stub

package main

import (
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
	"github.com/earshot/earshot/store/pgtest"
)

// BenchmarkTwoWorkers has 20 short episodes done by one worker and by two, each on a core of its own, with Postgres and a bucket
// between them. The metric ratio is the second time to the first, for which 0.6 is promised. Then one of two is killed: back-s is
// until its job is in the queue again, for which 15 s are promised. It says nothing while the machine does something else.
func BenchmarkTwoWorkers(b *testing.B) {
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		b.Skip("this takes taskset and two cores")
	}
	server := &pgtest.Server{}
	b.Cleanup(server.Stop)
	for b.Loop() {
		one, two := teamOf(b, server, 1), teamOf(b, server, 2)
		alone, together := one.work(b), two.work(b)
		b.ReportMetric(alone.Seconds(), "one-s")
		b.ReportMetric(together.Seconds(), "two-s")
		b.ReportMetric(together.Seconds()/alone.Seconds(), "ratio")
		b.ReportMetric(two.lose(b).Seconds(), "back-s")
	}
}

// team is some workers with a queue of their own.
type team struct {
	*story

	show *podcast
}

func teamOf(b *testing.B, server *pgtest.Server, workers int) *team {
	b.Helper()
	o := store.Options{Database: server.Database(b, ""), Media: bucket(b)}
	b.Setenv("AWS_ACCESS_KEY_ID", "key")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s, err := store.Open(b.Context(), b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() }) // only read
	// The last one is long enough to be killed in its middle.
	t := &team{&story{journal: newJournal(), store: s}, newPodcast(b, 21, func(i int) bool { return i == 20 })}
	for _, clip := range t.show.clips {
		t.show.troubled[clip] = true
	}
	for range 20 {
		t.show.publish()
	}
	for i := range workers {
		p := newProgram(b)
		p.env = append(p.env, "EARSHOT_DATABASE_URL="+o.Database, "EARSHOT_MEDIA_URL="+o.Media)
		a := t.actor(p, "worker")
		a.core = strconv.Itoa(i)
		t.workers = append(t.workers, a)
	}
	t.workers[0].p.must("add", t.show.URL+"/feed.xml")
	return t
}

// work is how long all 20 take, from the first job to the last: starting the workers does not count.
func (t *team) work(b *testing.B) time.Duration {
	b.Helper()
	for _, a := range t.workers {
		a.start(b)
		b.Cleanup(func() {
			if a.cmd.ProcessState == nil { // not killed
				a.stop(b)
			}
		})
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		events := t.events(b)
		done := 0
		for _, e := range events {
			if e.Kind == models.EventJobFinished && e.JobKind == (models.TranscribeJob{}).Kind() {
				done++
			}
		}
		if done == 20 {
			begun := events[0].At
			for _, e := range events {
				if e.Kind == models.EventJobStarted {
					begun = e.At
					break
				}
			}
			return events[len(events)-1].At.Sub(begun)
		}
	}
}

// lose kills a worker while it decodes and returns how long its job was away.
func (t *team) lose(b *testing.B) time.Duration {
	b.Helper()
	t.show.publish() // it is found a second later
	var victim *actor
	for victim == nil {
		<-t.journal.news
		for _, a := range t.workers {
			if t.journal.decodes(a) {
				victim = a
			}
		}
	}
	killed := time.Now()
	victim.kill()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		for _, e := range t.events(b) {
			if e.Kind == models.EventJobReturned && e.At.After(killed) {
				return e.At.Sub(killed)
			}
		}
	}
}

func (t *team) events(b *testing.B) []models.Event {
	b.Helper()
	events, err := t.store.Events(b.Context(), 0, 1000)
	if err != nil {
		b.Fatal(err)
	}
	return events
}

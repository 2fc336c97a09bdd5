//go:build !stub

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/earshot/earshot/models"
)

// actor is a server or a worker that is killed and started again, and whose log is read.
type actor struct {
	p       *program
	args    []string
	core    string // that it may use; "": all
	journal *journal
	cmd     *exec.Cmd
	url     chan string // of a server, once it says so
	base    string      // what url said
	over    chan struct{}
	episode models.EpisodeID // that it decodes
	last    []string         // what it said last
}

func (a *actor) start(tb testing.TB) {
	tb.Helper()
	a.cmd = a.p.command(context.WithoutCancel(tb.Context()), a.args...)
	if a.core != "" {
		pinned := exec.CommandContext(context.WithoutCancel(tb.Context()), "taskset", append([]string{"-c", a.core, a.cmd.Path}, a.args...)...)
		pinned.Env = a.cmd.Env
		a.cmd = pinned // taskset becomes the program
	}
	out, err := a.cmd.StderrPipe()
	if err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	url, over := make(chan string, 1), make(chan struct{})
	a.url, a.base, a.over, a.episode, a.last = url, "", over, "", nil
	go func() {
		defer close(over)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if found := regexp.MustCompile(`Earshot is at (http://\S+)`).FindStringSubmatch(lines.Text()); found != nil {
				url <- found[1]
			}
			a.journal.hear(a, lines.Text())
		}
	}()
}

// address waits until a server says where it is.
func (a *actor) address(tb testing.TB) string {
	tb.Helper()
	if a.base == "" {
		select {
		case a.base = <-a.url:
		case <-a.over:
			tb.Fatalf("the server ended: %s", strings.Join(a.last, "\n"))
		}
	}
	return a.base
}

// kill ends it in the middle of whatever it does, and returns what it was decoding.
func (a *actor) kill() (models.EpisodeID, int64) {
	_ = a.cmd.Process.Kill() // it may have ended by itself, which the story will show
	<-a.over
	_ = a.cmd.Wait() // killed
	return a.journal.lost(a)
}

// stop ends it as its owner does.
func (a *actor) stop(tb testing.TB) {
	tb.Helper()
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	<-a.over
	err := a.cmd.Wait()
	status, _ := a.cmd.ProcessState.Sys().(syscall.WaitStatus)
	unheard := len(a.last) == 0 && status.Signaled() && status.Signal() == syscall.SIGTERM // it had not come so far as to listen to signals
	opening := len(a.last) == 1 && a.last[0] == "earshot: interrupted"                     // it had not come so far as to work
	if err != nil && !unheard && !opening {
		tb.Errorf("earshot %s ended with %v: %s", a.args[0], err, strings.Join(a.last, "\n"))
	}
}

// chunk is a part of a recording that is decoded at a time.
type chunk struct {
	episode models.EpisodeID
	startMS int64
}

// journal is what was decoded, by whomever.
type journal struct {
	mu     sync.Mutex
	begun  map[chunk]int              // how often
	stored map[models.EpisodeID]int64 // up to where, in ms
	wrong  []string
	news   chan struct{} // something was said
}

// decodes reports whether an actor is decoding a chunk that is not stored.
func (j *journal) decodes(a *actor) bool {
	episode, _ := j.lost(a)
	return episode != ""
}

func newJournal() *journal {
	return &journal{begun: map[chunk]int{}, stored: map[models.EpisodeID]int64{}, news: make(chan struct{}, 1)}
}

// hear reads a line of an actor's log.
func (j *journal) hear(a *actor, line string) {
	var said struct {
		Msg       string
		EpisodeID models.EpisodeID `json:"episode_id"`
		StartMS   int64            `json:"start_ms"`
		LengthMS  int64            `json:"length_ms"`
		ToMS      int64            `json:"to_ms"`
		FromMS    int64            `json:"from_ms"`
	}
	defer func() {
		select {
		case j.news <- struct{}{}:
		default:
		}
	}()
	j.mu.Lock()
	defer j.mu.Unlock()
	a.last = append(a.last[max(0, len(a.last)-20):], line)
	if json.Unmarshal([]byte(line), &said) != nil {
		return
	}
	switch said.Msg {
	case "decoding": // one at a time
		a.episode = said.EpisodeID
		j.stored[a.episode] = max(j.stored[a.episode], said.FromMS)
	case "chunk began":
		j.begun[chunk{a.episode, said.StartMS}]++
		if said.StartMS+said.LengthMS <= j.stored[a.episode] {
			j.wrong = append(j.wrong, "decoded although it was stored: "+line)
		}
	case "stored":
		j.stored[said.EpisodeID] = max(j.stored[said.EpisodeID], said.ToMS)
	case "transcribed":
		a.episode = ""
	}
}

// lost returns the episode that an actor who is gone was decoding, and where the last chunk begins of which it was not heard that
// it is stored; "" for none.
func (j *journal) lost(a *actor) (episode models.EpisodeID, startMS int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for c := range j.begun {
		if c.episode == a.episode && c.startMS >= j.stored[a.episode] && c.startMS >= startMS {
			episode, startMS = c.episode, c.startMS
		}
	}
	return episode, startMS
}

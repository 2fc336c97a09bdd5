//go:build !stub

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// podcast is a server of a show that grows while it is followed. Each recording gets into trouble once, each in another way.
type podcast struct {
	*httptest.Server

	clips []string // files

	mu        sync.Mutex
	shown     int             // how many of the clips are in the feed
	troubled  map[string]bool // recordings whose trouble is over
	unchanged int             // answers that nothing is new
	resumed   int             // answers with the rest of a recording
}

// newPodcast serves so many clips of real conversations, cut for the test. Those at the places in long have more than a minute, so
// that they are stored in parts.
func newPodcast(tb testing.TB, clips int, long func(i int) bool) *podcast {
	tb.Helper()
	p := &podcast{troubled: map[string]bool{}}
	dir, from := tb.TempDir(), [3]int{}
	for i := range clips {
		source, length := i%len(from), 6
		if long(i) {
			length = 66
		}
		path := filepath.Join(dir, fmt.Sprintf("%03d.mp3", i))
		// The three longest have six and a half minutes at least.
		cut := exec.CommandContext(tb.Context(), "ffmpeg", "-v", "error", "-nostdin", "-ss", strconv.Itoa(from[source]), "-t", strconv.Itoa(length),
			"-i", filepath.Join(fixtures(tb), "audio", "podcast", fmt.Sprintf("p02_e%02d.mp3", source+1)), "-ac", "1", "-b:a", "64k", path)
		if out, err := cut.CombinedOutput(); err != nil {
			tb.Fatalf("cutting a recording: %v: %s", err, out)
		}
		from[source] += length
		p.clips = append(p.clips, path)
	}
	p.Server = httptest.NewServer(p)
	tb.Cleanup(p.Close)
	return p
}

// title is what the i-th episode is called.
func title(i int) string { return fmt.Sprintf("Conversation %03d", i) }

// publish puts the next clip into the feed; false: there is none.
func (p *podcast) publish() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == len(p.clips) {
		return false
	}
	p.shown++
	return true
}

func (p *podcast) published() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown
}

// ServeHTTP answers as a server does that is not always well.
func (p *podcast) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/feed.xml" {
		p.feed(w, r)
		return
	}
	path := filepath.Join(filepath.Dir(p.clips[0]), filepath.Base(r.URL.Path))
	audio, err := os.ReadFile(path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", strconv.Quote(filepath.Base(path)))
	p.mu.Lock()
	first := !p.troubled[path]
	p.troubled[path] = true
	if r.Header.Get("Range") != "" {
		p.resumed++
	}
	p.mu.Unlock()
	if first && p.trouble(w, audio, path) {
		return
	}
	w.Header().Set("Content-Type", "audio/mpeg")
	http.ServeContent(w, r, path, time.Time{}, strings.NewReader(string(audio)))
}

// trouble is what happens to the first request for a recording; false: nothing more than that.
func (p *podcast) trouble(w http.ResponseWriter, audio []byte, path string) bool {
	number, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".mp3")) // as it was made
	switch number % 4 {
	case 0: // the connection breaks in the middle
		w.Header().Set("Content-Length", strconv.Itoa(len(audio)))
		_, _ = w.Write(audio[:len(audio)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case 1: // the server is busy
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case 2: // it announces more than there is
		w.Header().Set("Content-Length", strconv.Itoa(len(audio)+1000))
		_, _ = w.Write(audio)
	case 3: // it is slow: every piece waits until the one before has left
		w.Header().Set("Content-Length", strconv.Itoa(len(audio)))
		for len(audio) > 0 {
			n := min(len(audio), 2000)
			_, _ = w.Write(audio[:n])
			_ = http.NewResponseController(w).Flush()
			audio = audio[n:]
			<-time.After(5 * time.Millisecond)
		}
	}
	return true
}

func (p *podcast) feed(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	etag := fmt.Sprintf(`"%d episodes"`, p.shown)
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		p.unchanged++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = fmt.Fprint(w, `<?xml version="1.0"?><rss version="2.0"><channel><title>Practical systems</title>`)
	for i := range p.shown {
		_, _ = fmt.Fprintf(w, `<item><title>%s</title><guid>conversation-%d</guid><pubDate>%s</pubDate><enclosure url="%s/%s" type="audio/mpeg"/></item>`,
			title(i), i, time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.RFC1123Z), p.URL, filepath.Base(p.clips[i]))
	}
	_, _ = fmt.Fprint(w, `</channel></rss>`)
}

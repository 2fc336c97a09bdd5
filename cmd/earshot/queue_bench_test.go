//go:build !stub

package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
	"github.com/earshot/earshot/store/pgtest"
)

// BenchmarkTenThousandQueued asks a server what its page asks it for, while 10,000 episodes with long notes wait. 100 ms are promised
// for each answer. The metric worst-ms is the slowest of them, grown-MB what the server's memory grew by through all.
func BenchmarkTenThousandQueued(b *testing.B) {
	const episodes = 10_000
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			p := &program{b, b.TempDir(), b.TempDir(), []string{"EARSHOT_NO_WORK=true"}}
			var o store.Options
			if engine == "postgres" {
				server := &pgtest.Server{}
				b.Cleanup(server.Stop)
				o.Database = server.Database(b, "")
				p.env = append(p.env, "EARSHOT_DATABASE_URL="+o.Database)
			}
			show := fillQueue(b, p.data, o, episodes)
			base := p.serve()
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for indexed := (found{}); indexed.Total == 0; <-tick.C { // the oldest is the last
				getJSON(b, base+"/api/v1/search?q=title:Number0", &indexed)
			}
			before := resident(b, base)
			for _, path := range []string{
				"/status", "/shows", "/episodes?limit=200", lastPage(b, base, "/episodes?limit=200"), "/queue?limit=200", lastPage(b, base, "/queue?limit=200"), "/episodes?show=" + string(show) + "&state=queued", "/events",
			} {
				b.Run(regexp.MustCompile("=[A-Za-z0-9_-]{20,}").ReplaceAllString(strings.ReplaceAll(path, "/", ""), "=last"), func(b *testing.B) {
					var worst time.Duration
					for b.Loop() {
						began := time.Now()
						firstOf(b, base+"/api/v1"+path)
						worst = max(worst, time.Since(began))
					}
					b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
				})
			}
			b.Run("memory", func(b *testing.B) {
				for b.Loop() { // was used above
				}
				b.ReportMetric((resident(b, base)-before)/(1<<20), "grown-MB")
			})
		})
	}
}

// fillQueue adds a show with so many episodes, all of which wait to be downloaded.
func fillQueue(b *testing.B, dir string, o store.Options, n int) models.ShowID {
	b.Helper()
	s, err := store.Open(b.Context(), dir, o)
	if err != nil {
		b.Fatal(err)
	}
	source := models.Source{Kind: models.SourceFeed, Location: "https://example.org/feed.xml"}
	show := models.Show{ID: models.NewShowID(source), Title: "Practical systems", Language: "en", Source: source}
	episodes := make([]models.Episode, n)
	for i := range episodes {
		episodes[i] = models.Episode{
			GUID: strconv.Itoa(i), Title: fmt.Sprint("Number", i), Notes: strings.Repeat(fmt.Sprint("Notes of ", i, ". "), 300),
			PublishedAt: time.Date(2000, 1, 1, i, 0, 0, 0, time.UTC),
			Enclosure:   models.Enclosure{Location: models.Location(fmt.Sprintf("https://example.org/%d.mp3", i)), DurationMS: 1_800_000},
		}
	}
	if _, err := s.SaveShow(b.Context(), show, episodes); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return show.ID
}

// lastPage returns the path of the last page of a list.
func lastPage(b *testing.B, base, list string) string {
	b.Helper()
	for path := list; ; {
		var page struct{ Next string }
		getJSON(b, base+"/api/v1"+path, &page)
		if page.Next == "" {
			return path
		}
		path = list + "&cursor=" + page.Next
	}
}

// firstOf reads an answer, of an endless one the first line.
func firstOf(b *testing.B, url string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", "0") // of events, what happened so far
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		_, err = bufio.NewReader(resp.Body).ReadString('\n')
	} else {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
}

// resident is how many bytes of memory the server has.
func resident(b *testing.B, base string) float64 {
	b.Helper()
	resp, err := http.Get(base + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	m := regexp.MustCompile(`(?m)^process_resident_memory_bytes (\S+)`).FindSubmatch(text)
	if err != nil || m == nil {
		b.Fatalf("no memory in %d bytes of metrics, %v", len(text), err)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

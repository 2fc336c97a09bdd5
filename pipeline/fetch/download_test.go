package fetch

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// memory is a Partial in memory.
type memory struct {
	bytes.Buffer
	validator string
	resets    int
	full      error // of every write
}

func (m *memory) Size() int64       { return int64(m.Len()) }
func (m *memory) Validator() string { return m.validator }
func (m *memory) Reset(validator string) error {
	m.Buffer.Reset()
	m.validator = validator
	m.resets++
	return nil
}
func (m *memory) Write(p []byte) (int, error) {
	if m.full != nil {
		return 0, m.full
	}
	return m.Buffer.Write(p)
}

// recording makes bytes that are no text.
func recording(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	copy(b, "ID3\x04\x00\x00")
	return b
}

// file serves data as a real file server does, with Range, under a given version.
func file(w http.ResponseWriter, r *http.Request, data []byte, etag string) {
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", "audio/mpeg")
	http.ServeContent(w, r, "a.mp3", time.Time{}, bytes.NewReader(data))
}

// cut lets n bytes of the body through, then breaks the connection.
type cut struct {
	http.ResponseWriter
	n int
}

func (c *cut) Write(p []byte) (int, error) {
	if len(p) > c.n {
		_, _ = c.ResponseWriter.Write(p[:c.n])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.n -= len(p)
	return c.ResponseWriter.Write(p)
}

// of is the recording at an address.
func of(address string) Recording { return Recording{Location: models.Location(address)} }

func TestDownload(t *testing.T) {
	data := recording(3<<20 + 17)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { file(w, r, data, `"1"`) })
	var p memory
	var steps []int64
	d, err := client(t, Options{}).Download(t.Context(), of(url), &p, func(done, total int64) {
		if total != int64(len(data)) {
			t.Errorf("total is %d", total)
		}
		steps = append(steps, done)
	})
	if err != nil || !bytes.Equal(p.Bytes(), data) || d.Bytes != int64(len(data)) || d.ContentType != "audio/mpeg" || p.validator != `"1"` {
		t.Fatalf("%+v, %d bytes stored, %v", d, p.Len(), err)
	}
	if len(steps) < 4 || steps[len(steps)-1] != int64(len(data)) {
		t.Errorf("progress was told as %v", steps)
	}
}

func TestDownloadGoesOnAfterABrokenConnection(t *testing.T) {
	data := recording(1 << 20)
	var ranges []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) < 3 {
			w = &cut{ResponseWriter: w, n: 300 << 10}
		}
		file(w, r, data, `"1"`)
	})
	var p memory
	if _, err := client(t, Options{}).Download(t.Context(), of(url), &p, nil); err != nil || !bytes.Equal(p.Bytes(), data) {
		t.Fatalf("%d of %d bytes, %v", p.Len(), len(data), err)
	}
	if p.resets != 1 || len(ranges) != 3 || ranges[0] != "" || !strings.HasPrefix(ranges[2], "bytes=") || ranges[2] == "bytes=0-" {
		t.Errorf("started %d times, with ranges %q; want one start and two continuations", p.resets, ranges)
	}
}

func TestDownloadStartsAgainWhenTheFileChanged(t *testing.T) {
	data := recording(100_000)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { file(w, r, data, `"new"`) })
	p := memory{validator: `"old"`}
	p.Buffer.Write(bytes.Repeat([]byte{'x'}, 5000))
	if _, err := client(t, Options{}).Download(t.Context(), of(url), &p, nil); err != nil || !bytes.Equal(p.Bytes(), data) {
		t.Errorf("a changed file: %d bytes, %v", p.Len(), err)
	}
	p = memory{validator: `"new"`}
	p.Buffer.Write(bytes.Repeat([]byte{'x'}, 200_000)) // more than there is: the server answers 416
	if _, err := client(t, Options{}).Download(t.Context(), of(url), &p, nil); err != nil || !bytes.Equal(p.Bytes(), data) {
		t.Errorf("too long a rest: %d bytes, %v", p.Len(), err)
	}
	p = memory{} // no validator: nothing proves that the bytes fit
	p.Buffer.Write(data[:5000])
	if _, err := client(t, Options{}).Download(t.Context(), of(url), &p, nil); err != nil || !bytes.Equal(p.Bytes(), data) || p.resets != 1 {
		t.Errorf("a rest without a validator: %d bytes, %v", p.Len(), err)
	}
}

func TestDownloadThatWasCompleteAsksOnce(t *testing.T) {
	data := recording(50_000)
	var requests atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		file(w, r, data, `"1"`)
	})
	p := memory{validator: `"1"`}
	p.Buffer.Write(data)
	d, err := client(t, Options{}).Download(t.Context(), of(url), &p, nil)
	if err != nil || d.Bytes != 50_000 || p.resets != 0 || requests.Load() != 1 || !bytes.Equal(p.Bytes(), data) {
		t.Errorf("%+v, %d resets, %d requests, %v", d, p.resets, requests.Load(), err)
	}
}

func TestDownloadRefusesWhatIsNoRecording(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			w.Header().Set("Content-Type", "audio/mpeg") // a lie
			_, _ = io.WriteString(w, "\n\n<!DOCTYPE html><html><body>Please sign in</body></html>")
		case "/mislabelled":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write(recording(5000))
		case "/json":
			_, _ = io.WriteString(w, `{"error": "not found"}`)
		case "/huge":
			w.Header().Set("Content-Length", strconv.Itoa(9<<30))
			stall(w, r, "ID3\x00")
		case "/endless":
			for junk := recording(1 << 16); ; {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		case "/empty":
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/encoded":
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write(recording(5000))
		}
	})
	c := client(t, Options{MaxRecording: 1 << 20})
	for path, say := range map[string]string{
		"/page": "web page", "/json": "web page or other text", "/huge": "larger than", "/endless": "larger than",
		"/empty": "is empty", "/gone": "410", "/encoded": "compressed",
	} {
		var p memory
		if _, err := c.Download(t.Context(), of(url+path), &p, nil); !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), say) || p.Len() > 1<<20 {
			t.Errorf("%s: %d bytes, %v", path, p.Len(), err)
		}
	}
	var p memory
	if d, err := c.Download(t.Context(), of(url+"/mislabelled"), &p, nil); err != nil || d.Bytes != 5000 {
		t.Errorf("a recording sent as text/html: %+v, %v", d, err)
	}
}

func TestDownloadOfWrongLengths(t *testing.T) {
	data := recording(100_000)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short": // announces more than it sends, always, and knows no Range
			w.Header().Set("Content-Length", "200000")
			_, _ = w.Write(data)
			panic(http.ErrAbortHandler)
		case "/otherpart":
			w.Header().Set("Content-Range", "bytes 10-99999/100000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[10:])
		case "/unknown":
			_ = http.NewResponseController(w).Flush() // chunked: no length
			_, _ = w.Write(data)
		}
	})
	c := client(t, Options{})
	for path, say := range map[string]string{"/short": "connection broke", "/otherpart": "another part"} {
		p := memory{validator: `"1"`}
		if path == "/otherpart" {
			p.Buffer.Write(data[:5000])
		}
		if _, err := c.Download(t.Context(), of(url+path), &p, nil); err == nil || errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v; want an error that may be retried", path, err)
		}
	}
	var p memory
	if d, err := c.Download(t.Context(), of(url+"/unknown"), &p, nil); err != nil || d.Bytes != 100_000 || !bytes.Equal(p.Bytes(), data) {
		t.Errorf("no length announced: %+v, %v", d, err)
	}
}

func TestDownloadStalls(t *testing.T) {
	data := recording(100_000)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { stall(w, r, string(data[:20_000])) })
	var p memory
	_, err := client(t, Options{StallTimeout: time.Second, MaxReconnects: 1}).Download(t.Context(), of(url), &p, nil)
	if err == nil || !strings.Contains(err.Error(), "stopped sending") || p.Len() != 20_000 {
		t.Errorf("%d bytes, %v", p.Len(), err)
	}
}

func TestDownloadToAFullDisk(t *testing.T) {
	data := recording(100_000)
	var requests atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		file(w, r, data, `"1"`)
	})
	full := errors.New("no space left on device")
	if _, err := client(t, Options{}).Download(t.Context(), of(url), &memory{full: full}, nil); !errors.Is(err, full) || requests.Load() != 1 {
		t.Errorf("%d requests, %v", requests.Load(), err)
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes */10", "bytes 5-9/*", "bytes 9-5/10", "x", "bytes 0-99999999999999999999/5", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		from, total, ok := contentRange(s)
		if from < 0 || total < 0 || ok && total > 0 && from > total {
			t.Errorf("contentRange(%q) = %d, %d", s, from, total)
		}
	})
}

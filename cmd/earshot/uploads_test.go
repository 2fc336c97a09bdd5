//go:build !stub

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// answer is what a server said.
type answer struct {
	code   int
	header http.Header
	body   string
}

// tus makes a request of the upload protocol.
func (p *program) tus(method, url string, body []byte, header ...string) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

func (p *program) patch(url string, offset int, piece []byte) answer {
	p.t.Helper()
	return p.tus("PATCH", url, piece, "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

// TestAnUploadThatOutlivesTheServer sends half of a recording, kills the server, sends the rest to the next one, and finds what
// was said.
func TestAnUploadThatOutlivesTheServer(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	recording, err := os.ReadFile(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	half := len(recording) / 2
	first := p.command(context.WithoutCancel(t.Context()), "serve", "--listen", "127.0.0.1:0")
	errs, err := first.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(errs).ReadString('\n')
	if err != nil {
		t.Fatal(line, err)
	}
	base := regexp.MustCompile(`http://\S+`).FindString(line)
	begun := p.tus("POST", base+"/api/v1/uploads", nil, "Upload-Length", strconv.Itoa(len(recording)),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("Inaugural address.mp3")))
	place := begun.header.Get("Location")
	if got := p.patch(place, 0, recording[:half]); got.code != http.StatusNoContent {
		t.Fatalf("%+v", got)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()

	base = p.serve()
	place = base + "/api/v1/uploads/" + filepath.Base(place)
	if got := p.tus("HEAD", place, nil); got.header.Get("Upload-Offset") != strconv.Itoa(half) {
		t.Fatalf("%+v", got)
	}
	rest := p.patch(place, half, recording[half:])
	var up struct {
		State     string
		EpisodeID models.EpisodeID `json:"episode_id"`
	}
	if err := json.Unmarshal([]byte(rest.body), &up); err != nil || rest.code != http.StatusOK || up.State != "added" {
		t.Fatalf("%v %+v", err, rest)
	}
	deadline := time.Now().Add(6 * time.Minute)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var got found
	for got.Total == 0 { // done, and then followed by the index
		if time.Now().After(deadline) {
			t.Fatalf("not found in six minutes: %+v", p.status())
		}
		<-tick.C
		got = p.search(`"ask what you can do for your country"`)
	}
	if got.Total != 1 || got.Hits[0].Episode.ID != up.EpisodeID || !strings.HasPrefix(got.Hits[0].Episode.Title, "Inaugural") {
		t.Errorf("found %+v", got)
	}
	// The same bytes under another name are the same recording.
	begun = p.tus("POST", base+"/api/v1/uploads", nil, "Upload-Length", strconv.Itoa(len(recording)), "Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("copy.mp3")))
	if got := p.patch(begun.header.Get("Location"), 0, recording); got.code != http.StatusOK || !strings.Contains(got.body, `"known"`) {
		t.Errorf("%+v", got)
	}
}

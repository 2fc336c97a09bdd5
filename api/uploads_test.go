package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// desk is an archive's side of uploads: a file that begins with "RIFF" is a recording.
type desk struct {
	mu   sync.Mutex
	got  map[string]models.Upload // by hash
	fail error
}

// Receive takes a file in.
func (d *desk) Receive(_ context.Context, u models.Upload) (models.Received, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, err := os.ReadFile(u.Path)
	if err == nil {
		err = d.fail
	}
	if err != nil {
		return models.Received{}, err
	}
	if !bytes.HasPrefix(b, []byte("RIFF")) {
		return models.Received{}, models.Explain(models.ErrUnusable, "%s is no recording", u.Name)
	}
	sum := sha256.Sum256(b)
	key := hex.EncodeToString(sum[:])
	_, known := d.got[key]
	d.got[key] = u
	return models.Received{EpisodeID: models.NewEpisodeID("0123456789abcdef", key), Title: strings.TrimSuffix(u.Name, ".wav"), Known: known}, nil
}

// counter is where uploads go in these tests.
func counter(t *testing.T, a *archive, d *desk, dir string) (http.Handler, *Uploads) {
	t.Helper()
	u, err := NewUploads(UploadOptions{Dir: dir, Receiver: d, Logger: a.options(t).Logger, MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return newHandler(t, a, func(o *Options) { o.Uploads = u }), u
}

func tusCall(h http.Handler, method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:8080"+target, body)
	r.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func beginUpload(t *testing.T, h http.Handler, name string, size int, sum ...string) (target string) {
	t.Helper()
	meta := []string{"filename " + base64.StdEncoding.EncodeToString([]byte(name)), "show " + base64.StdEncoding.EncodeToString([]byte("Talks"))}
	for _, s := range sum {
		meta = append(meta, "sha256 "+base64.StdEncoding.EncodeToString([]byte(s)))
	}
	w := tusCall(h, "POST", uploadsPath, nil, "Upload-Length", strconv.Itoa(size), "Upload-Metadata", strings.Join(meta, ","))
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return strings.TrimPrefix(w.Header().Get("Location"), "http://localhost:8080")
}

func sendPiece(h http.Handler, target string, offset int, piece string) *httptest.ResponseRecorder {
	return tusCall(h, "PATCH", target, strings.NewReader(piece), "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

func readUpload(t *testing.T, h http.Handler, target string) (up Upload) {
	t.Helper()
	res, body := ask(t, h, "GET", target)
	if err := json.Unmarshal([]byte(body), &up); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %v %s", res.StatusCode, err, body)
	}
	return up
}

func TestUploadInPieces(t *testing.T) {
	a, d, dir := newArchive(t), &desk{got: map[string]models.Upload{}}, t.TempDir()
	h, _ := counter(t, a, d, dir)
	target := beginUpload(t, h, "../../Küchen\u202egespräch.wav", 11)
	if w := sendPiece(h, target, 0, "RIFF a"); w.Code != http.StatusNoContent || w.Header().Get("Upload-Offset") != "6" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if w := sendPiece(h, target, 3, "F a wo"); w.Code != http.StatusConflict {
		t.Errorf("a piece that does not follow gives %d", w.Code)
	}
	if up := readUpload(t, h, target); up.State != UploadArriving || up.Arrived != 6 || up.Bytes != 11 {
		t.Errorf("%+v", up)
	}
	// The server starts again.
	h, _ = counter(t, a, d, dir)
	if w := tusCall(h, "HEAD", target, nil); w.Header().Get("Upload-Offset") != "6" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	w := sendPiece(h, target, 6, " word")
	var up Upload
	if err := json.Unmarshal(w.Body.Bytes(), &up); err != nil || w.Code != http.StatusOK || up.State != UploadAdded || up.EpisodeID == "" {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	if got := readUpload(t, h, target); got.EpisodeID != up.EpisodeID || got.Show != "Talks" {
		t.Errorf("%+v", got)
	}
	// Who missed the answer learns that all is there, and does not send it again.
	if w := tusCall(h, "HEAD", target, nil); w.Code != http.StatusOK || w.Header().Get("Upload-Offset") != "11" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left are %v %v", left, err)
	}
	sum := sha256.Sum256([]byte("RIFF a word"))
	again := beginUpload(t, h, "copy.wav", 11, strings.ToUpper(hex.EncodeToString(sum[:])))
	sendPiece(h, again, 0, "RIFF a word")
	if up := readUpload(t, h, again); up.State != UploadKnown {
		t.Errorf("%+v", up)
	}
	// What arrives is another file than the one that was announced, which is not refused for that.
	changed := beginUpload(t, h, "copy.wav", 11, hex.EncodeToString(sum[:]))
	sendPiece(h, changed, 0, "RIFF a wrod")
	if up := readUpload(t, h, changed); up.State != UploadRefused || !strings.Contains(up.Reason, "checksum") || up.SHA256 != "" {
		t.Errorf("%+v", up)
	}
	res, body := ask(t, h, "GET", uploadsPath)
	var list UploadList
	if err := json.Unmarshal([]byte(body), &list); err != nil || res.StatusCode != http.StatusOK || len(list.Uploads) != 3 {
		t.Errorf("%d %v %s", res.StatusCode, err, body)
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	a, d, dir := newArchive(t), &desk{got: map[string]models.Upload{}}, t.TempDir()
	h, _ := counter(t, a, d, dir)
	target := beginUpload(t, h, "notes.txt", 4)
	if w := sendPiece(h, target, 0, "text"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if up := readUpload(t, h, target); up.State != UploadRefused || up.Reason != "notes.txt is no recording" {
		t.Errorf("%+v", up)
	}
	for name, c := range map[string]struct {
		w    *httptest.ResponseRecorder
		want int
	}{
		"too large":             {tusCall(h, "POST", uploadsPath, nil, "Upload-Length", "1048577"), http.StatusRequestEntityTooLarge},
		"of unknown length":     {tusCall(h, "POST", uploadsPath, nil, "Upload-Defer-Length", "1"), http.StatusBadRequest},
		"of negative length":    {tusCall(h, "POST", uploadsPath, nil, "Upload-Length", "-1"), http.StatusBadRequest},
		"nobody began it":       {sendPiece(h, uploadsPath+"/"+strings.Repeat("0", 32), 0, "x"), http.StatusNotFound},
		"no identifier":         {sendPiece(h, uploadsPath+"/..%2f..%2fearshot.db", 0, "x"), http.StatusNotFound},
		"from another web page": {tusCall(h, "POST", uploadsPath, nil, "Upload-Length", "1", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		"another protocol":      {tusCall(h, "POST", uploadsPath, nil, "Upload-Length", "1", "Tus-Resumable", "0.2"), http.StatusPreconditionFailed},
	} {
		if c.w.Code != c.want {
			t.Errorf("%s: %d %s", name, c.w.Code, c.w.Body)
		}
	}
	// Others are bounded as ever.
	big := beginUpload(t, h, "a.wav", 10)
	if w := sendPiece(h, big, 0, strings.Repeat("x", 100)); w.Code == http.StatusOK {
		t.Error("more than was said was taken")
	}
	if w := tusCall(h, "DELETE", big, nil); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if res, _ := ask(t, h, "GET", big); res.StatusCode != http.StatusNotFound {
		t.Errorf("what was given up answers %d", res.StatusCode)
	}
}

func TestUploadsAfterACrash(t *testing.T) {
	a, d, dir := newArchive(t), &desk{got: map[string]models.Upload{}, fail: errors.New("the disk does not answer")}, t.TempDir()
	h, _ := counter(t, a, d, dir)
	target := beginUpload(t, h, "a.wav", 4)
	if w := sendPiece(h, target, 0, "RIFF"); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "is kept") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	begun := beginUpload(t, h, "b.wav", 9)
	sendPiece(h, begun, 0, "RIFF")
	old := time.Now().Add(-forgottenAfter - time.Hour)
	forgotten := beginUpload(t, h, "c.wav", 9)
	if err := os.Chtimes(filepath.Join(dir, filepath.Base(forgotten)), old, old); err != nil {
		t.Fatal(err)
	}
	d.fail = nil
	h, u := counter(t, a, d, dir)
	u.sweep(t.Context())
	if up := readUpload(t, h, target); up.State != UploadAdded || len(d.got) != 1 {
		t.Errorf("%+v, taken in %d", up, len(d.got))
	}
	if up := readUpload(t, h, begun); up.State != UploadArriving || up.Arrived != 4 {
		t.Errorf("%+v", up)
	}
	if res, _ := ask(t, h, "GET", forgotten); res.StatusCode != http.StatusNotFound {
		t.Errorf("what nobody goes on with answers %d", res.StatusCode)
	}
}

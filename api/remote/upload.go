package remote

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

const (
	pieceBytes = 32 << 20 // what a proxy with a narrow bound still lets through
	// maxBreaks is how many times in a row an upload is gone on with that does not come further: some minutes.
	maxBreaks = 12
	longBreak = 30 * time.Second
	// takingIn is how long a server may read what has arrived, after others before it.
	takingIn = 15 * time.Minute
)

// Recording is a file that is to be sent.
type Recording struct {
	Name   string // what it is called
	Show   string // title of the collection that it shall belong to, "" for the one of all recordings added one by one
	SHA256 string // of its content, lower-case hexadecimal
	Bytes  int64
	Body   io.ReaderAt
}

// Uploads lists the uploads of the last days, newest first.
func (c *Client) Uploads(ctx context.Context) ([]api.Upload, error) {
	var got api.UploadList
	err := c.get(ctx, "uploads", nil, &got)
	return got.Uploads, err
}

// Send sends a recording in pieces, and returns what became of it. It goes on with one of the uploads before that is of the same content
// and not in the archive yet, and after a connection that breaks. What the server refused before is not sent again. progress is told
// how much is there.
func (c *Client) Send(ctx context.Context, f Recording, before []api.Upload, progress func(done int64)) (api.Upload, error) {
	id := ""
	for _, up := range before {
		if f.SHA256 == "" || up.SHA256 != f.SHA256 || up.Bytes != f.Bytes {
			continue
		}
		switch up.State {
		case api.UploadRefused:
			return up, nil
		case api.UploadArriving, api.UploadReading:
			if id == "" && up.Show == f.Show {
				id = up.ID
			}
		}
	}
	breaks := newBreaks()
	for came := int64(0); ; {
		var up api.Upload
		var err error
		id, up, err = c.goOn(ctx, f, id, func(done int64) {
			if done > came {
				came, breaks = done, newBreaks()
			}
			progress(done)
		})
		var passing *passingError
		var busy *busyError
		if err == nil || !errors.As(err, &passing) && !errors.As(err, &busy) {
			return up, err
		}
		wait, over := breaks.Next()
		if over {
			return up, err
		}
		if busy != nil {
			wait = max(wait, min(busy.wait, maxWait))
		}
		if err := pause(ctx, wait); err != nil {
			return up, err
		}
	}
}

// newBreaks says how long to wait after each of several breaks in a row.
func newBreaks() retry.Backoff {
	return retry.WithMaxRetries(maxBreaks, retry.WithCappedDuration(longBreak, retry.NewExponential(time.Second)))
}

// goOn sends what is missing of an upload, which is begun for the id "", until all is there or the connection breaks.
func (c *Client) goOn(ctx context.Context, f Recording, id string, progress func(int64)) (string, api.Upload, error) {
	offset := int64(0)
	var err error
	if id != "" {
		if offset, err = c.offset(ctx, id); errors.Is(err, models.ErrNotFound) {
			id, err = "", nil // it was forgotten
		}
	}
	if err == nil && id == "" {
		id, err = c.begin(ctx, f)
	}
	if err != nil {
		return id, api.Upload{}, err
	}
	progress(offset)
	for offset < f.Bytes {
		n := min(pieceBytes, f.Bytes-offset)
		piece := newMeter(io.NewSectionReader(f.Body, offset, n), func(done int64) { progress(offset + done) })
		last := offset+n == f.Bytes
		up, err := c.piece(ctx, id, offset, n, last, piece)
		var failed *passingError
		if last && errors.As(err, &failed) && failed.told { // where all has arrived, it is taken in later
			if now, unread := c.upload(ctx, id); unread == nil && now.State != api.UploadArriving {
				up, err = now, nil
			}
		}
		if err != nil {
			return id, api.Upload{}, err
		}
		if offset += n; last {
			return id, up, nil
		}
	}
	up, err := c.become(ctx, id)
	return id, up, err
}

// begin announces an upload, and returns its identifier.
func (c *Client) begin(ctx context.Context, f Recording) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	r, err := c.request(ctx, http.MethodPost, "uploads", http.NoBody)
	if err != nil {
		return "", err
	}
	var meta []string
	for _, m := range [][2]string{{"filename", f.Name}, {"show", f.Show}, {"sha256", f.SHA256}} {
		if m[1] != "" {
			meta = append(meta, m[0]+" "+base64.StdEncoding.EncodeToString([]byte(m[1])))
		}
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("Upload-Length", strconv.FormatInt(f.Bytes, 10))
	r.Header.Set("Upload-Metadata", strings.Join(meta, ","))
	resp, err := c.do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	id := path.Base(resp.Header.Get("Location"))
	if resp.StatusCode != http.StatusCreated || id == "." || id == "/" {
		return "", c.another("")
	}
	return id, nil
}

// offset asks how much of an upload has arrived.
func (c *Client) offset(ctx context.Context, id string) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	r, err := c.request(ctx, http.MethodHead, "uploads/"+id, http.NoBody)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	resp, err := c.http.Do(r)
	if err != nil {
		return 0, c.unreached(ctx, err)
	}
	defer resp.Body.Close()
	n, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	switch {
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		return 0, models.ErrNotFound
	case resp.StatusCode < http.StatusMultipleChoices && err == nil:
		return n, nil
	}
	if err := c.get(ctx, "uploads/"+id, nil, nil); err != nil { // an answer to HEAD does not say why
		return 0, err
	}
	return 0, &passingError{err: fmt.Errorf("%s does not say how much has arrived (%s)", c, resp.Status)}
}

// piece sends a piece, and returns what became of the upload where it was the last. Then nothing reads the body any more.
func (c *Client) piece(ctx context.Context, id string, offset, n int64, last bool, body *meter) (up api.Upload, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stalled := time.AfterFunc(patience, func() { stop(errSlow) })
	defer stalled.Stop()
	told := body.told
	body.told = func(done int64) {
		stalled.Reset(patience)
		if last && done == n { // the server reads the whole recording before it answers to the last piece
			stalled.Reset(takingIn)
		}
		told(done)
	}
	r, err := c.request(ctx, http.MethodPatch, "uploads/"+id, body)
	if err != nil {
		return up, err
	}
	r.ContentLength = n
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	defer func() {
		stop(nil)
		<-body.closed // net/http may read on after an early answer
		if body.err != nil {
			err = fmt.Errorf("reading the recording: %w", body.err)
		}
	}()
	resp, err := c.do(r)
	if err != nil {
		return up, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent { // there is more to come
		return up, nil
	}
	return up, c.decode(ctx, resp, &up)
}

// upload returns an upload.
func (c *Client) upload(ctx context.Context, id string) (up api.Upload, err error) {
	err = c.get(ctx, "uploads/"+id, nil, &up)
	return up, err
}

// become waits for what becomes of an upload that has arrived; one that is still read after a long time is returned so.
func (c *Client) become(ctx context.Context, id string) (api.Upload, error) {
	for began, wait := time.Now(), time.Second; ; wait = min(2*wait, longBreak) {
		up, err := c.upload(ctx, id)
		if err != nil || up.State != api.UploadReading || time.Since(began) > takingIn || time.Since(up.UpdatedAt) > takingIn {
			return up, err
		}
		if err := pause(ctx, wait); err != nil {
			return up, err
		}
	}
}

// meter tells how much was read.
type meter struct {
	r      io.Reader
	done   int64
	told   func(done int64)
	err    error         // of reading
	closed chan struct{} // when nothing reads it any more
	close  func()
}

func newMeter(r io.Reader, told func(done int64)) *meter {
	m := &meter{r: r, told: told, closed: make(chan struct{})}
	m.close = sync.OnceFunc(func() { close(m.closed) })
	return m
}

// Close tells that nothing reads it any more.
func (m *meter) Close() error {
	m.close()
	return nil
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	m.told(m.done)
	return n, err
}

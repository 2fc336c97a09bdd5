package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// Partial is a recording that is being stored, and that outlives a broken download.
type Partial interface {
	// Size is the number of bytes stored, and Validator what the server called the version that they belong to.
	Size() int64
	Validator() string
	// Reset drops all bytes, and remembers the validator of those to come.
	Reset(validator string) error
	// Write appends.
	io.Writer
}

// Recording is what to download.
type Recording struct {
	Location models.Location
	Access   models.Access // what the server of the show's feed wants to be told; other servers are not
}

// Downloaded tells of a complete download.
type Downloaded struct {
	URL         string // after redirects
	Bytes       int64
	ContentType string // as sent; never trusted
}

// Download stores the recording at a location in p, going on where p ends if the server still has the same version, and
// reports progress (bytes stored and, 0 where unknown, in all) at least for every MiB. A connection that breaks is
// taken up again a few times; after an error, the bytes in p are good for the next attempt.
//
// The error is models.ErrUnusable for what is not there, is too large, or is text instead of a recording; otherwise trying
// later may help, see [StatusError].
func (c *Client) Download(ctx context.Context, r Recording, p Partial, progress func(done, total int64)) (Downloaded, error) {
	pause := c.o.Pause
	for try := 0; ; try++ {
		before := p.Size()
		d, err := c.download(ctx, r, p, progress)
		var status *StatusError
		var here storingError
		if err == nil || try >= c.o.MaxReconnects || ctx.Err() != nil || p.Size() <= before || errors.Is(err, models.ErrUnusable) || errors.As(err, &status) || errors.As(err, &here) {
			return d, err
		}
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			wait.Stop()
			return d, err
		case <-wait.C:
		}
		pause *= 2
	}
}

// storingError says that the bytes came and could not be kept: asking for them again helps nobody.
type storingError struct{ error }

// Unwrap returns what happened.
func (e storingError) Unwrap() error { return e.error }

// download is one attempt of Download.
func (c *Client) download(ctx context.Context, r Recording, p Partial, progress func(done, total int64)) (Downloaded, error) {
	leave, err := c.hosts.enter(ctx, r.Location, downloads)
	if err != nil {
		return Downloaded{}, err
	}
	defer leave()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	from := p.Size()
	if p.Validator() == "" {
		from = 0 // nothing proves that the rest would fit
	}
	resp, err := c.get(ctx, r, from, p.Validator())
	if err != nil {
		return Downloaded{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && from > 0 {
		// Of another version the server would have sent the whole: If-Range was asked. Errors come without validators.
		if _, total, ok := contentRange(resp.Header.Get("Content-Range")); ok && total == from {
			return Downloaded{URL: resp.Request.URL.String(), Bytes: from}, nil
		}
		_ = resp.Body.Close()
		from = 0
		if resp, err = c.get(ctx, r, 0, ""); err != nil {
			return Downloaded{}, err
		}
		defer func() { _ = resp.Body.Close() }()
	}
	total, from, err := c.plan(resp, from)
	if err != nil {
		return Downloaded{}, err
	}
	where := shown(resp.Request)
	d := Downloaded{URL: resp.Request.URL.String(), ContentType: resp.Header.Get("Content-Type")}
	body := watch(resp.Body, c.o.StallTimeout, cancel)
	defer func() { _ = body.Close() }()
	d.Bytes, err = c.store(body, p, transfer{where: where, validator: validator(resp.Header), from: from, total: total, progress: progress})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return d, fmt.Errorf("downloading %s: %w", where, cause)
	}
	return d, err
}

// get asks for a recording, from an offset on if that version of it is still there.
func (c *Client) get(ctx context.Context, r Recording, from int64, version string) (*http.Response, error) {
	req, err := c.request(ctx, r.Location, r.Access)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "audio/*, video/*;q=0.9, */*;q=0.5")
	req.Header.Set("Accept-Encoding", "identity") // offsets and lengths are those of the file
	if from > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
		req.Header.Set("If-Range", version)
	}
	return c.do(req)
}

// plan reads from the head of an answer how long the recording is (0: unknown) and where the body belongs.
func (c *Client) plan(resp *http.Response, asked int64) (total, from int64, err error) {
	where := shown(resp.Request)
	switch resp.StatusCode {
	case http.StatusOK:
		total, from = max(0, resp.ContentLength), 0
	case http.StatusPartialContent:
		var ok bool
		if from, total, ok = contentRange(resp.Header.Get("Content-Range")); !ok || from != asked {
			return 0, 0, fmt.Errorf("downloading %s: the server sent another part than the one asked for", where)
		}
	default:
		return 0, 0, statusError(resp, time.Now())
	}
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return 0, 0, models.Explain(models.ErrUnusable, "%s comes compressed (%s) although that was not asked for", where, enc)
	}
	if total > c.o.MaxRecording {
		return 0, 0, c.tooLarge(where)
	}
	return total, from, nil
}

func (c *Client) tooLarge(where string) error {
	return models.Explain(models.ErrUnusable, "%s is larger than the limit of %d MiB", where, c.o.MaxRecording>>20)
}

// transfer is what is known of a body before it is read.
type transfer struct {
	where     string
	validator string
	from      int64
	total     int64 // 0: unknown
	progress  func(done, total int64)
}

// store copies a body into p and returns how many bytes the recording now has.
func (c *Client) store(r io.Reader, p Partial, t transfer) (n int64, err error) {
	body := bufio.NewReaderSize(r, 64<<10)
	if t.from == 0 {
		head, err := body.Peek(512)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("downloading %s: the connection broke: %w", t.where, err)
		}
		if len(head) == 0 && t.total == 0 {
			return 0, models.Explain(models.ErrUnusable, "%s is empty (0 bytes)", t.where)
		}
		if looksLikeText(head) {
			return 0, models.Explain(models.ErrUnusable, "%s is a web page or other text, not a recording: it may have been removed, or want a password", t.where)
		}
	}
	if t.from == 0 {
		if err := p.Reset(t.validator); err != nil {
			return 0, fmt.Errorf("storing %s: %w", t.where, err)
		}
	}
	n, err = c.copyBody(p, body, t)
	if err == nil && t.total > 0 && n != t.total {
		err = fmt.Errorf("downloading %s: %d bytes came, but the server had announced %d", t.where, n, t.total)
	}
	return n, err
}

func (c *Client) copyBody(w io.Writer, body io.Reader, t transfer) (int64, error) {
	done, told := t.from, int64(-1<<62)
	tell := func() {
		if t.progress != nil && told != done {
			t.progress(done, t.total)
		}
		told = done
	}
	defer tell()
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if done+int64(n) > c.o.MaxRecording {
				return done, c.tooLarge(t.where)
			}
			if _, err := w.Write(buf[:n]); err != nil {
				return done, storingError{fmt.Errorf("storing %s: %w", t.where, err)}
			}
			done += int64(n)
			if done-told >= 1<<20 {
				tell()
			}
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, fmt.Errorf("downloading %s: the connection broke after %d bytes: %w", t.where, done, err)
		}
	}
}

// validator returns what If-Range may be asked with (RFC 9110, section 13.1.5): a strong ETag, else a date; "" for neither.
func validator(h http.Header) string {
	if etag := h.Get("ETag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		return etag
	}
	return h.Get("Last-Modified")
}

// contentRange reads "bytes 100-199/200" and "bytes */200"; the total is 0 when the server does not say it.
func contentRange(s string) (from, total int64, ok bool) {
	unit, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	span, size, found := strings.Cut(strings.TrimSpace(rest), "/")
	if !found || !strings.EqualFold(unit, "bytes") {
		return 0, 0, false
	}
	if size != "*" {
		n, err := strconv.ParseUint(size, 10, 63)
		if err != nil {
			return 0, 0, false
		}
		total = int64(n)
	}
	if span == "*" {
		return 0, total, true
	}
	first, last, _ := strings.Cut(span, "-")
	a, err1 := strconv.ParseUint(first, 10, 63)
	b, err2 := strconv.ParseUint(last, 10, 63)
	if err1 != nil || err2 != nil || b < a || total > 0 && int64(b) != total-1 {
		return 0, 0, false
	}
	return int64(a), total, true
}

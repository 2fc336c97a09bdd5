package weights

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"
)

// Bounds on a download. Its size is known beforehand, so only silence and slowness need bounds of time.
const (
	connectTimeout  = 10 * time.Second
	responseTimeout = 30 * time.Second // until the answer's header
	stallTimeout    = time.Minute      // without a byte
	maxRetries      = 5
	maxRedirects    = 10
)

// newClient returns the client for the official site, whose files are behind redirects.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:   connectTimeout,
			ResponseHeaderTimeout: responseTimeout,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) >= maxRedirects {
				return errors.New("too many redirects")
			}
			if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return errors.New("redirected to an address without encryption")
			}
			return nil
		},
	}
}

var errStalled = errors.New("the connection is there but nothing arrives")

// download fetches a model's official file into path, going on with what an earlier try left there, and checks it. A
// connection that breaks is taken up again a few times, as long as something had arrived.
func (s *Store) download(ctx context.Context, m Model, path string, report func(Progress)) error {
	backoff := retry.WithMaxRetries(maxRetries, retry.NewExponential(s.retryWait))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		before := size(path)
		err := s.downloadOnce(ctx, m, path, report)
		if err == nil {
			return s.checkDownload(ctx, m, path, before > 0, report)
		}
		var status *statusError
		switch {
		case ctx.Err() != nil || isDiskFull(err):
			return err
		case errors.As(err, &status):
			if status.code >= 500 || status.code == http.StatusTooManyRequests || status.code == http.StatusRequestedRangeNotSatisfiable {
				return retry.RetryableError(err)
			}
			return err
		case size(path) > before:
			return retry.RetryableError(err)
		}
		return err
	})
}

// statusError is an answer that is not the file.
type statusError struct {
	url  string
	code int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.url, e.code, http.StatusText(e.code))
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (s *Store) url(m Model) string { return strings.TrimRight(s.o.Site, "/") + "/" + m.Path }

// downloadOnce appends to path what is missing.
func (s *Store) downloadOnce(ctx context.Context, m Model, path string, report func(Progress)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(s.stall+responseTimeout, func() { cancel(errStalled) })
	defer stall.Stop()

	have := size(path)
	if have >= m.Bytes { // complete, or not what it should be: the checksum will tell
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url(m), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "earshot")
	req.Header.Set("Accept-Encoding", "identity")
	etag, _ := os.ReadFile(etagPath(path)) // without one, start again
	if have > 0 && len(etag) > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", string(etag))
	}
	resp, err := s.o.Client.Do(req)
	if err != nil {
		return reason(ctx, err)
	}
	defer resp.Body.Close()
	stall.Reset(s.stall)
	from, err := answer(resp, m, have)
	if err != nil {
		if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			_ = os.Remove(path)
		}
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // models are no secret
	if err != nil {
		return err
	}
	err = appendBody(f, from, resp, m.Bytes, &stallReader{resp.Body, stall, s.stall}, &counter{ctx: ctx, stage: Downloading, done: from, total: m.Bytes, report: report})
	return reason(ctx, errors.Join(err, f.Close()))
}

// answer checks the header of the response and returns the offset at which its body begins.
func answer(resp *http.Response, m Model, have int64) (int64, error) {
	switch resp.StatusCode {
	case http.StatusOK:
		if resp.ContentLength >= 0 && resp.ContentLength != m.Bytes {
			return 0, fmt.Errorf("%s offers %d bytes instead of %d: the catalogue and the site disagree", resp.Request.URL.Host, resp.ContentLength, m.Bytes)
		}
		return 0, nil
	case http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", have, m.Bytes-1, m.Bytes)
		if got := resp.Header.Get("Content-Range"); got != want {
			return 0, fmt.Errorf("%s answered with the wrong part (%.60q instead of %q)", resp.Request.URL.Host, got, want)
		}
		return have, nil
	}
	return 0, &statusError{url: resp.Request.URL.Redacted(), code: resp.StatusCode}
}

// appendBody writes the body into f from offset from on, at most up to size bytes.
func appendBody(f *os.File, from int64, resp *http.Response, size int64, body io.Reader, progress io.Writer) error {
	if err := f.Truncate(from); err != nil {
		return err
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	if from == 0 {
		etag := resp.Header.Get("ETag")
		if strings.HasPrefix(etag, "W/") { // a weak one does not promise the same bytes
			etag = ""
		}
		if err := os.WriteFile(etagPath(f.Name()), []byte(etag), 0o644); err != nil { //nolint:gosec // no secret
			return err
		}
	}
	n, err := io.CopyBuffer(io.MultiWriter(f, progress), io.LimitReader(body, size-from+1), make([]byte, 1<<18))
	if err != nil {
		return err
	}
	if from+n != size {
		return fmt.Errorf("%w: %d of %d bytes arrived", io.ErrUnexpectedEOF, from+n, size)
	}
	return f.Sync()
}

// checkDownload compares the checksums; a file that is wrong is deleted, and fetched anew when it had been put together
// from several tries.
func (s *Store) checkDownload(ctx context.Context, m Model, path string, resumed bool, report func(Progress)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := checksums(ctx, f, m.Bytes, report)
	if err != nil {
		return err
	}
	if got.sha256 == m.SHA256 && (m.SHA1 == "" || got.sha1 == m.SHA1) {
		return nil
	}
	err = errors.Join(fmt.Errorf("what %s sent is not the official file: its checksum is wrong", s.o.Site), os.Remove(path))
	if resumed {
		return retry.RetryableError(err)
	}
	return err
}

func etagPath(path string) string { return filepath.Join(filepath.Dir(path), "etag") }

// reason replaces "context canceled" by why it was.
func reason(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// stallReader puts off the end of patience whenever something arrives.
type stallReader struct {
	io.Reader
	stall *time.Timer
	after time.Duration
}

func (r *stallReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.stall.Reset(r.after)
	}
	return n, err
}

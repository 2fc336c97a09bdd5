package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// minProgress is how many bytes count as progress within Options.StallTimeout: a server that drips a byte now and then
// would hold a worker for ever.
const minProgress = 16 << 10

// errStall is the cause of the end of a body that came too slowly.
var errStall = errors.New("the server stopped sending, or sends too slowly")

// watched is a body that ends its request when it stalls. Close it to stop the watch.
type watched struct {
	io.Reader
	timer *time.Timer
	every time.Duration
	since int64
}

// watch guards body; cancel must end the request that body belongs to.
func watch(body io.Reader, every time.Duration, cancel context.CancelCauseFunc) *watched {
	return &watched{Reader: body, every: every, timer: time.AfterFunc(every, func() { cancel(errStall) })}
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if w.since += int64(n); w.since >= minProgress {
		w.since = 0
		w.timer.Reset(w.every)
	}
	return n, err
}

func (w *watched) Close() error {
	w.timer.Stop()
	return nil
}

// looksLikeText reports whether a body that begins with head is text: a web page, an error message. No recording is.
func looksLikeText(head []byte) bool {
	return len(bytes.TrimSpace(head)) > 0 && strings.HasPrefix(http.DetectContentType(head), "text/")
}

// looksLikeMedia reports whether a body of that type and beginning is a recording rather than a feed or a page.
func looksLikeMedia(contentType string, head []byte) bool {
	if looksLikeText(head) || len(head) == 0 {
		return false
	}
	for _, kind := range []string{contentType, http.DetectContentType(head)} {
		kind = strings.ToLower(strings.TrimSpace(kind))
		if strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/") || strings.HasPrefix(kind, "application/ogg") {
			return true
		}
	}
	return bytes.HasPrefix(head, []byte("fLaC")) || len(head) > 1 && head[0] == 0xff && head[1]&0xe0 == 0xe0 && head[1] != 0xfe && head[1] != 0xff
}

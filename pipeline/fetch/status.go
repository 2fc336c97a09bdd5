package fetch

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// maxRetryAfter bounds how long a server may ask us to stay away.
const maxRetryAfter = 24 * time.Hour

// StatusError is an answer that is not the thing asked for. For 404 and 410, errors.Is(err, models.ErrUnusable) holds.
type StatusError struct {
	URL    string // as a models.Location is shown
	Status int
	// RetryAfter is how long the server asks to wait before the next request; 0 when it does not say, at most a day.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return fmt.Sprintf("the server refuses to give %s (HTTP %d): it wants a password, a newer address, or does not like this network", e.URL, e.Status)
	case http.StatusNotFound:
		return e.URL + " is not there (HTTP 404): check the address"
	case http.StatusGone:
		return e.URL + " was removed for good (HTTP 410)"
	case http.StatusTooManyRequests:
		return fmt.Sprintf("the server of %s asks for fewer requests (HTTP 429)", e.URL)
	default:
		text := strings.TrimSpace(strconv.Itoa(e.Status) + " " + http.StatusText(e.Status))
		return fmt.Sprintf("the server of %s has a problem (HTTP %s)", e.URL, text)
	}
}

// RetryIn is how long to wait before trying again, at least.
func (e *StatusError) RetryIn() time.Duration { return e.RetryAfter }

// Gone reports whether the server says that the thing was removed for good.
func (e *StatusError) Gone() bool { return e.Status == http.StatusGone }

// Unwrap tells the statuses that will not change from those that may.
func (e *StatusError) Unwrap() error {
	if e.Status == http.StatusNotFound || e.Status == http.StatusGone {
		return models.ErrUnusable
	}
	return nil
}

func statusError(resp *http.Response, now time.Time) error {
	return &StatusError{URL: shown(resp.Request), Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), now)}
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if sec, err := strconv.ParseUint(s, 10, 32); err == nil {
		return min(time.Duration(sec)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

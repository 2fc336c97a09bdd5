package remote

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/earshot/earshot/models"
)

// longestDetail bounds what is told of an error, in characters.
const longestDetail = 500

// errSlow is why a request is given up.
var errSlow = errors.New("it does not answer in time")

// busyError says that a server wants to be asked again later.
type busyError struct {
	wait time.Duration
	err  error
}

func (e *busyError) Error() string { return e.err.Error() }
func (e *busyError) Unwrap() error { return e.err }

// passingError is a failure after which the same may succeed: a connection that broke, a server that is being started.
type passingError struct {
	err  error
	told bool // by Earshot itself
}

func (e *passingError) Error() string { return e.err.Error() }
func (e *passingError) Unwrap() error { return e.err }

// Passes reports whether the same may succeed a little later.
func Passes(err error) bool {
	var passing *passingError
	var busy *busyError
	return errors.As(err, &passing) || errors.As(err, &busy)
}

// unreached says why there is no answer.
func (c *Client) unreached(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errSlow):
		return &passingError{err: fmt.Errorf("%s does not answer in time: try again later", c)}
	case cause != nil:
		return cause
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var other x509.HostnameError
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &other), errors.As(err, &untrusted):
		why := err
		if untrusted != nil {
			why = untrusted.Err
		}
		return fmt.Errorf("the certificate of %s is not trusted: %w. Where it is signed by an authority of your own, name its certificate in SSL_CERT_FILE", c, why)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"): // net/http has no type for it
		return fmt.Errorf("what listens at %s does not speak https: is its address http://%s?", c, c.base.Host)
	case errors.As(err, &name):
		return &passingError{err: fmt.Errorf("%s is not reached: there is no machine %s, or no network", c, c.base.Hostname())}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &passingError{err: fmt.Errorf("%s is not reached: nothing listens there; is earshot serve running?", c)}
	}
	return &passingError{err: fmt.Errorf("%s is not reached: %w", c, bare(err))}
}

// bare is an error of net/http without the address, which the sentence around it has.
func bare(err error) error {
	type wrapper interface{ Unwrap() error }
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	if w, ok := err.(wrapper); ok && w.Unwrap() != nil {
		return w.Unwrap()
	}
	return err
}

// another says that what answers is no Earshot.
func (c *Client) another(how string) error {
	return fmt.Errorf("what answers at %s is not Earshot%s: check the address", c, how)
}

// problem is how the API tells an error (RFC 9457).
type problem struct {
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// refused makes an error of an answer.
func (c *Client) refused(ctx context.Context, resp *http.Response) error {
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode < http.StatusBadRequest {
		if u, err := resp.Location(); err == nil {
			u.Path, u.RawQuery, u.Fragment = strings.TrimSuffix(strings.Split(u.Path, "/api/v1")[0], "/"), "", ""
			to = u.String()
		}
		return fmt.Errorf("%s sends requests on to %s: give that as the address of the server, if it is yours", c, to)
	}
	var p problem
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	ours := (kind == "application/problem+json" || kind == "application/json") &&
		json.NewDecoder(io.LimitReader(resp.Body, maxProblem)).Decode(&p) == nil && p.Detail != ""
	p.Detail = models.ShortLine(p.Detail, longestDetail)
	wait := retryAfter(resp.Header)
	switch status := resp.StatusCode; {
	case !ours && status == http.StatusRequestEntityTooLarge && resp.Header.Get("Tus-Resumable") != "":
		return models.Explain(models.ErrUnusable, "it is larger than what the server takes")
	case !ours && resp.Header.Get("Tus-Resumable") != "": // of the protocol of uploads: it has come further than we know, or is locked
		return &passingError{err: fmt.Errorf("%s does not go on with the upload (%s)", c, resp.Status)}
	case !ours && status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("a proxy in front of %s refuses uploads in pieces of %d MB: its bound must be larger (client_max_body_size of nginx)", c, pieceBytes>>20)
	case !ours && status >= http.StatusInternalServerError:
		return &passingError{err: fmt.Errorf("%s is not reached: a server in front of it answers %s", c, resp.Status)}
	case !ours:
		return c.another(" (" + resp.Status + ")")
	case status == http.StatusUnauthorized:
		return c.unknown(p)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && wait > 0:
		return &busyError{cmp.Or(wait, time.Second), fmt.Errorf("%s: %s (again in %s)", c, p.Detail, cmp.Or(wait, time.Second))}
	case c.tooNew(status, p):
		return c.older(ctx)
	case status == http.StatusNotFound && p.Detail == "there is nothing at this address": // an Earshot, but above or below this path
		return c.another(" (" + resp.Status + ")")
	case status == http.StatusNotFound:
		return models.Explain(models.ErrNotFound, "%s", p.Detail)
	case status == http.StatusConflict:
		return models.Explain(models.ErrConflict, "%s", p.Detail)
	case status == http.StatusUnprocessableEntity:
		return models.Explain(models.ErrInvalid, "%s", p.sentence())
	case status >= http.StatusInternalServerError && status != http.StatusInsufficientStorage:
		return &passingError{err: fmt.Errorf("%s: %s", c, p.Detail), told: true}
	}
	return fmt.Errorf("%s: %s", c, p.sentence())
}

// unknown says how to get a token, or what is wrong with the one at hand.
func (c *Client) unknown(p problem) error {
	switch {
	case c.http.Jar != nil, strings.Contains(p.Detail, "password"):
		return errors.New(p.Detail)
	case c.token != "":
		return fmt.Errorf("%s does not take the token: %s. With your password you make one here: earshot token add NAME --user YOU --server %s", c, p.Detail, c)
	}
	return fmt.Errorf("%s wants to know who asks: put a token into EARSHOT_TOKEN, or into a file that EARSHOT_TOKEN_FILE names. "+
		"With your password you make one here: earshot token add NAME --user YOU --server %s", c, c)
}

// sentence is what is wrong with a request.
func (p problem) sentence() string {
	const few = 3
	said := append(make([]string, 0, 1+few), p.Detail)
	for _, e := range p.Errors[:min(len(p.Errors), few)] {
		said = append(said, models.ShortLine(strings.TrimPrefix(e.Location, "body.")+": "+e.Message, longestDetail))
	}
	return strings.Join(said, "; ")
}

// tooNew reports whether the server does not know what it was asked for.
func (c *Client) tooNew(status int, p problem) bool {
	if status == http.StatusMethodNotAllowed || status == http.StatusNotFound && strings.Contains(p.Detail, "/api/v1/openapi.json") {
		return true
	}
	for _, e := range p.Errors {
		if status == http.StatusUnprocessableEntity && (strings.Contains(e.Message, "unexpected property") || strings.Contains(e.Message, "unknown query")) {
			return true
		}
	}
	return false
}

// older says that the server is of another version, as far as it tells which.
func (c *Client) older(ctx context.Context) error {
	theirs := "another version"
	if r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+"/healthz", nil); err == nil {
		if resp, err := c.http.Do(r); err == nil {
			defer resp.Body.Close()
			var health struct{ Version string }
			if json.NewDecoder(io.LimitReader(resp.Body, maxProblem)).Decode(&health) == nil && health.Version != "" {
				theirs = "version " + models.ShortLine(health.Version, 50)
			}
		}
	}
	return fmt.Errorf("%s does not know how to do this: it runs Earshot of %s, and this is version %s. Update the older one", c, theirs, c.version)
}

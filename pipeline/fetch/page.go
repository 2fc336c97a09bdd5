package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/earshot/earshot/models"
)

// feedTypes is what we would like to get.
const feedTypes = "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.5, */*;q=0.3"

// Page fetches a feed, or whatever is at a source's location. The validators of the last look ("" at the first) make it
// conditional: an unchanged feed gives a page that is NotModified. A recording is recognised by its first bytes and not read further.
// An answer other than 200 and 304 is a [*StatusError].
func (c *Client) Page(ctx context.Context, s models.Source) (models.Page, error) {
	leave, err := c.hosts.enter(ctx, s.Location, pages)
	if err != nil {
		return models.Page{}, err
	}
	defer leave()
	ctx, cancelTime := context.WithTimeout(ctx, c.o.FeedTimeout) // without the wait for others
	defer cancelTime()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := c.request(ctx, s.Location, s.Access)
	if err != nil {
		return models.Page{}, err
	}
	req.Header.Set("Accept", feedTypes)
	if s.ETag != "" {
		req.Header.Set("If-None-Match", s.ETag)
	}
	if s.LastModified != "" {
		req.Header.Set("If-Modified-Since", s.LastModified)
	}
	resp, err := c.do(req)
	if err != nil {
		return models.Page{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	page := models.Page{
		URL:          resp.Request.URL.String(),
		ContentType:  resp.Header.Get("Content-Type"),
		ETag:         resp.Header.Get("ETag"),
		LastModified: resp.Header.Get("Last-Modified"),
		Bytes:        max(0, resp.ContentLength),
	}
	if permanent(resp) {
		page.Permanent = page.URL
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && (s.ETag != "" || s.LastModified != ""):
		page.NotModified = true
		page.ETag, page.LastModified = orDefault(page.ETag, s.ETag), orDefault(page.LastModified, s.LastModified)
		return page, nil
	case resp.StatusCode != http.StatusOK:
		return models.Page{}, statusError(resp, time.Now())
	}
	err = c.readPage(ctx, cancel, resp, &page, bound{"a feed", c.o.MaxFeed})
	return page, err
}

// bound is how large a body may be.
type bound struct {
	what  string // with its article
	bytes int64
}

// readPage reads the body into page, or finds that it is a recording.
func (c *Client) readPage(ctx context.Context, cancel context.CancelCauseFunc, resp *http.Response, page *models.Page, most bound) error {
	where := models.Location(page.URL).String()
	w := watch(resp.Body, c.o.StallTimeout, cancel)
	defer func() { _ = w.Close() }()
	body := bufio.NewReaderSize(w, 4096)
	head, err := body.Peek(512)
	if err == nil || errors.Is(err, io.EOF) {
		if looksLikeMedia(page.ContentType, head) {
			page.Media = true
			return nil
		}
		page.Body, err = io.ReadAll(io.LimitReader(body, most.bytes+1))
	}
	switch {
	case errors.Is(context.Cause(ctx), errStall):
		return fmt.Errorf("fetching %s: %w", where, errStall)
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("fetching %s: it did not arrive within %s: %w", where, c.o.FeedTimeout, context.DeadlineExceeded)
	case err != nil:
		return fmt.Errorf("fetching %s: the connection broke: %w", where, err)
	case int64(len(page.Body)) > most.bytes:
		page.Body = nil
		return models.Explain(models.ErrUnusable, "%s is larger than %d MiB, too large for %s", where, most.bytes>>20, most.what)
	}
	page.Bytes = int64(len(page.Body))
	return nil
}

// permanent reports whether resp was reached by redirects that all say that the thing has moved for good.
func permanent(resp *http.Response) bool {
	redirect := resp.Request.Response
	if redirect == nil {
		return false
	}
	for ; redirect != nil; redirect = redirect.Request.Response {
		if redirect.StatusCode != http.StatusMovedPermanently && redirect.StatusCode != http.StatusPermanentRedirect {
			return false
		}
	}
	return true
}

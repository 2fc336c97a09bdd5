package fetch

import (
	"context"
	"net/http"
	"time"

	"github.com/earshot/earshot/models"
)

// Document fetches a file that belongs to an episode, such as its transcript, from where r is. accept is the header that says what we would like
// to get, what its name for people, with an article, and most the greatest number of bytes. An answer other than 200 is a
// [*StatusError]; a file that is too large, or a recording instead, is models.ErrUnusable.
func (c *Client) Document(ctx context.Context, r Recording, accept, what string, most int64) (models.Page, error) {
	ctx, cancelTime := context.WithTimeout(ctx, c.o.FeedTimeout)
	defer cancelTime()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := c.request(ctx, r.Location, r.Access)
	if err != nil {
		return models.Page{}, err
	}
	req.Header.Set("Accept", accept)
	resp, err := c.do(req)
	if err != nil {
		return models.Page{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return models.Page{}, statusError(resp, time.Now())
	}
	page := models.Page{URL: resp.Request.URL.String(), ContentType: resp.Header.Get("Content-Type")}
	err = c.readPage(ctx, cancel, resp, &page, bound{what, most})
	if err == nil && page.Media {
		err = models.Explain(models.ErrUnusable, "%s is a recording, not %s", models.Location(page.URL), what)
	}
	return page, err
}

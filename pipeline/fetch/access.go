package fetch

import (
	"context"
	"net/http"

	"github.com/earshot/earshot/models"
)

// accessKey is where a request's context keeps the access that its source has.
type accessKey struct{}

func withAccess(ctx context.Context, a models.Access) context.Context {
	return context.WithValue(ctx, accessKey{}, a)
}

func accessOf(ctx context.Context) models.Access {
	a, _ := ctx.Value(accessKey{}).(models.Access)
	return a
}

// teller tells a server what it wants to know, and no other: not the one that a redirect leads to. net/http would pass the
// header fields of a request on to subdomains, and those that it does not know to everybody.
type teller struct{ http.RoundTripper }

// RoundTrip sends a request with what its server is to be told.
func (t teller) RoundTrip(req *http.Request) (*http.Response, error) {
	fields := accessOf(req.Context()).For(req.URL)
	if len(fields) > 0 {
		req = req.Clone(req.Context())
		for name, value := range fields {
			req.Header.Set(name, value)
		}
	}
	return t.RoundTripper.RoundTrip(req)
}

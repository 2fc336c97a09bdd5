package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

// Asked is the part of an operation's input that keeps the request: it says by which address the server is known.
type Asked struct {
	request *http.Request
}

// Resolve keeps the request.
func (a *Asked) Resolve(hc huma.Context) []error {
	a.request = humagin.Unwrap(hc).Request
	return nil
}

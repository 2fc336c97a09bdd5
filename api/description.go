package api

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// completeDescription adds to the API's description what the operations do not say one by one.
func completeDescription(d *huma.OpenAPI) {
	listsAreNeverNull(d)
	answersAreConditional(d)
	operationsAreGrouped(d)
	bodiesCanBeRefused(d)
	filesAreNotStrings(d)
}

// listsAreNeverNull corrects the description, which takes every Go slice for something that may be null.
func listsAreNeverNull(d *huma.OpenAPI) {
	for _, s := range d.Components.Schemas.Map() {
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
}

// answersAreConditional adds to the description what conditional does.
func answersAreConditional(d *huma.OpenAPI) {
	for _, op := range operations(d) {
		if op.Method != http.MethodGet || op.Responses["200"] == nil || op.Responses["200"].Content["application/json"] == nil {
			continue
		}
		if op.Responses["304"] == nil {
			op.Responses["304"] = &huma.Response{Description: "What the client has, by the ETag in If-None-Match, is current"}
		}
	}
}

// operationsAreGrouped gives each operation a tag, the first part of its address, by which the page for people groups them.
func operationsAreGrouped(d *huma.OpenAPI) {
	for _, op := range operations(d) {
		tag, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/api/v1/"), "/")
		op.Tags = []string{cmp.Or(tag, "server")}
	}
}

// bodiesCanBeRefused adds the answers to a body that is missing or broken, too large, or of another kind.
func bodiesCanBeRefused(d *huma.OpenAPI) {
	for _, op := range operations(d) {
		invalid := op.Responses["422"]
		if op.RequestBody == nil || invalid == nil {
			continue
		}
		for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType} {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: invalid.Content}
		}
	}
}

// filesAreNotStrings corrects the description of JSON files, which are sent as bytes: they are not Base64 in a string.
func filesAreNotStrings(d *huma.OpenAPI) {
	for _, op := range operations(d) {
		for _, r := range op.Responses {
			if j := r.Content["application/json"]; j != nil && j.Schema != nil && j.Schema.ContentEncoding == "base64" {
				j.Schema = nil
			}
		}
	}
}

// operations lists what the API can do.
func operations(d *huma.OpenAPI) (all []*huma.Operation) {
	for _, item := range d.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Head, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}

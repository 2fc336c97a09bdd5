package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// completeDescription adds to the API's description what the operations do not say one by one.
func completeDescription(d *huma.OpenAPI) {
	listsAreNeverNull(d)
	answersAreConditional(d)
	operationsAreGrouped(d)
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
	for _, item := range d.Paths {
		op := item.Get
		if op == nil || op.Responses["200"] == nil || op.Responses["200"].Content["application/json"] == nil {
			continue
		}
		if op.Responses["304"] == nil {
			op.Responses["304"] = &huma.Response{Description: "What the client has, by the ETag in If-None-Match, is current"}
		}
	}
}

// operationsAreGrouped gives each operation a tag, the first part of its address, by which the page for people groups them.
func operationsAreGrouped(d *huma.OpenAPI) {
	for path, item := range d.Paths {
		tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
		if strings.HasPrefix(tag, "/") || tag == "" {
			tag = "server"
		}
		for _, op := range []*huma.Operation{item.Get, item.Head, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && len(op.Tags) == 0 {
				op.Tags = []string{tag}
			}
		}
	}
}

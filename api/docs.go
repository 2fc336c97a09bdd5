package api

import (
	"io/fs"
	"net/http"
)

// docsPath is where people read the API's description.
const docsPath = "/docs"

// docsPolicy is pagePolicy for that page: a program of others, which styles its elements itself and knows no trusted types.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// serveDocs answers with the page that shows the API's description.
func (p *page) serveDocs(w http.ResponseWriter, r *http.Request) {
	html, err := fs.ReadFile(p.files, "docs.html")
	if err != nil {
		p.sayNotBuilt(w)
		return
	}
	w.Header().Set("Content-Security-Policy", docsPolicy)
	p.serve(w, r, html)
}

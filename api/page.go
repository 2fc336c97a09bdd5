package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// The built page; empty but for .gitkeep where it has not been built.
//
//go:embed all:web/dist
var dist embed.FS

// notBuilt is what a program without a page says.
const notBuilt = "The page is not part of this program: it was built without it.\n" +
	"Run `make web` in Earshot's source folder, then build again. The API works all the same: see /api/v1/openapi.json.\n"

// page serves the embedded page.
type page struct {
	files fs.FS
	index []byte // nil when the page is not built
}

func newPage() (*page, error) {
	files, err := fs.Sub(dist, "web/dist")
	if err != nil {
		return nil, fmt.Errorf("opening the embedded page: %w", err)
	}
	return pageOf(files), nil
}

func pageOf(files fs.FS) *page {
	p := &page{files: files}
	if index, err := fs.ReadFile(files, "index.html"); err == nil {
		p.index = index
	}
	return p
}

// built reports whether there is a page.
func (p *page) built() bool { return p.index != nil }

// ServeHTTP answers with a part of the page; its addresses for episodes, shows, the queue, names, what is to be reviewed and models are the page itself, which reads them.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		writeProblem(w, http.StatusMethodNotAllowed, "this address does not answer to "+r.Method)
	case r.URL.Path == docsPath:
		p.serveDocs(w, r)
	case !isView(r.URL.Path):
		p.serveFile(w, r)
	case !p.built():
		p.sayNotBuilt(w)
	default:
		p.serve(w, r, p.index)
	}
}

// serve answers with a form of the page, which depends on who asks.
func (p *page) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", `W/"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// sayNotBuilt answers where the program was built without the page.
func (p *page) sayNotBuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, notBuilt)
}

// isView reports whether a path is one of the page's own addresses.
func isView(urlPath string) bool {
	dir, last := path.Split(urlPath)
	switch dir {
	case "/":
		return last == "" || last == "queue" || last == "models" || last == "names" || last == "review"
	case "/episodes/", "/shows/":
		return last != ""
	}
	return false
}

// packed ends the names of what the page's build compressed with Brotli, beside the file itself.
const packed = ".br"

// takesBrotli reports whether a client understands Brotli.
func takesBrotli(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "br" && strings.TrimSpace(weight) != "q=0" {
			return true
		}
	}
	return false
}

func (p *page) serveFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	body, err := fs.ReadFile(p.files, name)
	if err != nil || strings.HasPrefix(name, ".") || path.Ext(name) == ".html" || path.Ext(name) == packed {
		writeProblem(w, http.StatusNotFound, "there is nothing at this address")
		return
	}
	w.Header().Set("Content-Type", assetType(name))
	if small, err := fs.ReadFile(p.files, name+packed); err == nil {
		w.Header().Set("Vary", "Accept-Encoding")
		if takesBrotli(r) {
			body = small
			w.Header().Set("Content-Encoding", "br")
			r = r.Clone(r.Context())
			r.Header.Del("Range")
		}
	}
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "public, max-age=3600")
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(body)))
}

// assetType returns the media type of a part of the page; the system's table differs from machine to machine.
func assetType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}

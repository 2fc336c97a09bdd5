package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

const (
	embedPath  = "/embed/"
	oembedPath = "/api/v1/oembed"
)

// The size of the embedded player, in CSS pixels.
const (
	embedWidth, embedHeight = 640, 220
)

func isNotFound(err error) bool {
	return errors.Is(err, models.ErrNotFound) || errors.Is(err, os.ErrNotExist)
}

// embedStyle is the style of the embedded player; the policy names its hash.
const embedStyle = `:root{color-scheme:light dark;font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
body{margin:0;padding:14px 16px;color:light-dark(#12262b,#e4eceb);background:light-dark(#fbfcfb,#142024)}
p,h1,blockquote{margin:0;overflow-wrap:anywhere}
p{font-size:13px;color:light-dark(#5d7176,#8b9fa2)}
h1{font:400 19px/1.3 "Iowan Old Style",Charter,Georgia,"Noto Serif",serif}
blockquote{margin-top:6px;padding-inline-start:10px;border-inline-start:3px solid light-dark(#c2410c,#ff9d52);font:16px/1.5 "Iowan Old Style",Charter,Georgia,"Noto Serif",serif;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}
audio{display:block;width:100%;height:44px;margin:10px 0 8px}
a{color:light-dark(#0b5f63,#7fd0cb)}
h1 a{color:inherit;text-decoration:none}`

// embedForm is the embedded player: the browser's own, which plays the part that the address names and stops at its end,
// without a script.
const embedForm = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<link rel="canonical" href="{{.URL}}">
<style>{{.Style}}</style>
</head>
<body>
<main>
<p><bdi>{{.Show}}</bdi>{{with .Date}} · {{.}}{{end}}{{with .At}} · {{.}}{{end}}</p>
<h1 dir="auto"><a href="{{.URL}}" target="_blank" rel="noopener">{{.Title}}</a></h1>
{{- with .Quote}}
<blockquote dir="auto">{{.}}</blockquote>
{{- end}}
{{- with .Play}}
<audio controls preload="none" src="{{.}}" aria-label="{{$.Title}}"></audio>
{{- else}}
<p>{{if .Private}}This recording is private.{{else}}The audio is not here yet.{{end}}</p>
{{- end}}
<p><a href="{{.URL}}" target="_blank" rel="noopener">Read along in Earshot</a></p>
</main>
</body>
</html>
`

// embedPolicy lets other sites show the player, which runs nothing.
func embedPolicy() string {
	sum := sha256.Sum256([]byte(embedStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; media-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors *"
}

// serveEmbed answers with the player of an episode or a part of it. A browser sends it no cookie where another site shows it:
// it plays what everybody may hear.
func (s *server) serveEmbed(w http.ResponseWriter, r *http.Request, id string) {
	v, err := s.preview(r.Context(), s.origin(r), id, partOf(r.URL.Query().Get("t")))
	if err != nil {
		if !isNotFound(err) {
			_ = s.problem(r.Context(), "embed", err) // is logged
			writeProblem(w, http.StatusInternalServerError, internalDetail)
			return
		}
		writeProblem(w, http.StatusNotFound, "there is no such episode here, or not for everybody")
		return
	}
	var body bytes.Buffer
	if err := s.forms.embed.Execute(&body, struct {
		preview

		Style template.CSS
	}{v, embedStyle}); err != nil {
		_ = s.problem(r.Context(), "embed", err)
		writeProblem(w, http.StatusInternalServerError, internalDetail)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", embedPolicy())
	h.Del("X-Frame-Options")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body.Bytes()) // a client that is gone needs no answer
}

// OEmbed is how to show an episode in a page elsewhere, by https://oembed.com.
type OEmbed struct {
	Version      string `json:"version" enum:"1.0"`
	Type         string `json:"type" enum:"rich"`
	Title        string `json:"title"`
	AuthorName   string `json:"author_name" doc:"The show"`
	ProviderName string `json:"provider_name"`
	ProviderURL  string `json:"provider_url"`
	HTML         string `json:"html" doc:"A frame with the player"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
}

type oembedInput struct {
	Asked

	URL       string `query:"url" required:"true" maxLength:"2000" doc:"Address of an episode's page here, with its t for a part"`
	Format    string `query:"format" enum:"json" default:"json" doc:"Only json is answered"`
	MaxWidth  int    `query:"maxwidth" minimum:"1" maximum:"10000" doc:"Greatest width of the player"`
	MaxHeight int    `query:"maxheight" minimum:"1" maximum:"10000" doc:"Greatest height of the player"`
}

func (s *server) registerEmbedding(h huma.API) {
	op := get("get-oembed", oembedPath, "How to show an episode in a page elsewhere, by oEmbed")
	op.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	register(s, h, op, s.oembed)
}

func (s *server) oembed(ctx context.Context, in *oembedInput) (*struct{ Body OEmbed }, error) {
	base := s.origin(in.request)
	u, err := url.Parse(in.URL)
	home, homeErr := url.Parse(base)
	if err != nil || homeErr != nil || !strings.EqualFold(u.Host, home.Host) {
		return nil, huma.Error404NotFound("this is no address of an episode here")
	}
	id, ok := strings.CutPrefix(u.Path, "/episodes/")
	if !ok {
		id = strings.TrimPrefix(u.Path, embedPath)
	}
	v, err := s.preview(ctx, base, id, partOf(u.Query().Get("t")))
	if err != nil {
		return nil, err
	}
	width, height := embedWidth, embedHeight
	if in.MaxWidth > 0 {
		width = min(width, in.MaxWidth)
	}
	if in.MaxHeight > 0 {
		height = min(height, in.MaxHeight)
	}
	return &struct{ Body OEmbed }{OEmbed{
		Version: "1.0", Type: "rich", Title: v.Title, AuthorName: v.Show, ProviderName: "Earshot", ProviderURL: base,
		HTML: fmt.Sprintf(`<iframe src="%s" width="%d" height="%d" title="%s" loading="lazy" frameborder="0"></iframe>`,
			template.HTMLEscapeString(v.Embed), width, height, template.HTMLEscapeString(v.Title)),
		Width: width, Height: height,
	}}, nil
}

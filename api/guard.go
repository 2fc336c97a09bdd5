package api

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
)

// maxBody bounds what a request may carry, in bytes. Uploads have bounds of their own.
const maxBody = 1 << 20

// pagePolicy lets a browser load and run only what this server built in, never text as markup, and never inside a frame.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types svelte-trusted-html"

// guard puts around h what holds for every request: which hosts are answered, headers, bounds, compression.
func guard(o Options, h http.Handler) (http.Handler, error) {
	gzip, err := gzhttp.NewWrapper(gzhttp.ContentTypes([]string{
		"application/json", "application/problem+json", "application/openapi+json", "application/openapi+yaml",
		"application/rss+xml", "application/json+chapters", "application/x-subrip", "text/vtt", "text/markdown",
		"text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml",
	}), gzhttp.MinSize(1024))
	if err != nil {
		return nil, err
	}
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusForbidden, "changes may be asked for only by this server's own page or by programs, not by another site")
	}))
	inner := headAsGet(compressed(gzip(conditional(h)), h))
	return allowHosts(o, headers(bounded(ofOwnAccord(crossOrigin.Handler(inner), inner)))), nil
}

// ofOwnAccord keeps requests that a page of another site may have made a browser send from changing anything. Such a page cannot
// send a token: browsers ask the server first, which does not allow it.
func ofOwnAccord(guarded, plain http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := bearer(r); ok {
			plain.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// bounded bounds the body of every request that is no upload.
func bounded(next http.Handler) http.Handler {
	small := http.MaxBytesHandler(next, maxBody)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isUpload(r) {
			next.ServeHTTP(w, r)
			return
		}
		small.ServeHTTP(w, r)
	})
}

// isUpload reports whether a request belongs to the protocol of uploads, rather than reading what became of them.
func isUpload(r *http.Request) bool {
	return r.Method != http.MethodGet && (r.URL.Path == uploadsPath || strings.HasPrefix(r.URL.Path, uploadsPath+"/"))
}

// compressed uses gzip but for what must reach the client as it is written: audio, which has ranges, and events.
func compressed(gzip, plain http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAudio(r) || isUpload(r) || r.URL.Path == "/api/v1/events" {
			plain.ServeHTTP(w, r)
			return
		}
		gzip.ServeHTTP(w, r)
	})
}

// isAudio reports whether the answer is audio, of which parts may be asked for.
func isAudio(r *http.Request) bool {
	return isMedia(r) || strings.HasPrefix(r.URL.Path, "/api/v1/episodes/") &&
		(strings.HasSuffix(r.URL.Path, playbackPath) || strings.HasSuffix(r.URL.Path, clipPath))
}

func isMedia(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/v1/episodes/") && strings.HasSuffix(r.URL.Path, "/media")
}

// headers sets what every answer bears. The media handler tightens the policy for what it sends.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/healthz" {
			h.Set("Cache-Control", "no-store") // operations that can be kept say so
		}
		next.ServeHTTP(w, r)
	})
}

// headAsGet answers HEAD like GET; the HTTP server leaves the body out. Media have a HEAD of their own, which does not
// read the file.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !isMedia(r) && !isUpload(r) {
			r2 := *r
			r2.Method = http.MethodGet
			r = &r2
		}
		next.ServeHTTP(w, r)
	})
}

// allowHosts refuses requests addressed to a host that this server is not: a page of another site that makes its own name
// point here (DNS rebinding) would otherwise be of the same origin.
func allowHosts(o Options, next http.Handler) http.Handler {
	allowed := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	if u, err := url.Parse(o.PublicURL); err == nil && u.Host != "" {
		allowed[strings.ToLower(u.Hostname())] = true
	}
	for _, a := range o.AllowedHosts {
		allowed[strings.ToLower(strings.Trim(a, "[]"))] = true
	}
	bind := hostOf(o.Bind)
	unspecified := o.Bind != "" && (bind == "" || net.ParseIP(bind).IsUnspecified())
	if allowed["*"] || unspecified && o.PublicURL == "" && len(o.AllowedHosts) == 0 {
		return next
	}
	allowed[bind] = true
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		if ours := allowed[host] || unspecified && net.ParseIP(host) != nil; host == "" || !ours {
			writeProblem(w, http.StatusMisdirectedRequest,
				"this server does not answer for the host in the address; open it as localhost or by its public address; public-url and allowed-hosts in its configuration name more")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns the host of "host", "host:port" or "[v6]:port", in lower case and without brackets.
func hostOf(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
}

// strictQuery refuses queries of which a part would silently be ignored: malformed ones, and a parameter given twice.
func strictQuery(h huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		u := ctx.URL()
		values, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			_ = huma.WriteErr(h, ctx, http.StatusBadRequest, "the part of the address after the question mark is malformed: "+err.Error())
			return
		}
		for name, v := range values {
			if len(v) > 1 {
				_ = huma.WriteErr(h, ctx, http.StatusUnprocessableEntity, "validation failed",
					&huma.ErrorDetail{Location: "query." + name, Message: "given more than once"})
				return
			}
		}
		next(ctx)
	}
}

// accessLog tells of every request at debug level.
func accessLog(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		log.DebugContext(c.Request.Context(), "request", slog.String("method", c.Request.Method), slog.String("path", c.Request.URL.Path),
			slog.Int("status", c.Writer.Status()), slog.Duration("took", time.Since(start)))
	}
}

package models

import (
	"log/slog"
	"net/url"
	"strings"
)

// Location is where a feed or a recording is: an http(s) URL, or the absolute path of a local file.
//
// The address of a private feed holds a token in its path or query, which is as good as a password. Printed, logged or
// encoded as text, a Location therefore shows only the server of a URL, "https://example.org/…", and the whole of a path.
// string(l) is all of it, to be used and stored.
type Location string

// String is as much of the location as anybody may read.
func (l Location) String() string {
	s := strings.TrimSpace(string(l))
	if !l.Remote() {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "(an address that cannot be understood)"
	}
	shown := strings.ToLower(u.Scheme) + "://" + u.Host
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		shown += "/…"
	}
	return shown
}

// LogValue is as much of the location as may be logged.
func (l Location) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalText gives as much of the location as may leave: a location cannot be stored as JSON.
func (l Location) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Remote reports whether it is a URL on the web rather than the path of a file.
func (l Location) Remote() bool {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(string(l)), ":")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) && strings.HasPrefix(rest, "//")
}

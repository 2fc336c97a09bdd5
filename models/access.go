package models

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"unicode"
)

// Access is what one server wants to be told before it gives a private feed and its recordings: header fields of requests,
// a password among them. It is sent to that server only, whatever a feed or a redirect names.
//
// Nothing that prints, logs or encodes values shows any of it; [Access.Reveal] does, for the store.
type Access struct {
	server string            // origin of the URLs that it is for: "https://example.org:8443"
	header map[string]string // by name
}

// The limits of an access: far above what servers ask for.
const (
	maxFields = 10
	maxField  = 8 << 10 // bytes
)

// NewAccess returns the access to the server of a feed with header fields. Fields that cannot be sent are [ErrInvalid];
// the error does not show their values.
func NewAccess(feed Location, header map[string]string) (Access, error) {
	if len(header) == 0 {
		return Access{}, nil
	}
	u, err := url.Parse(string(feed))
	if err != nil || !feed.Remote() {
		return Access{}, Explain(ErrInvalid, "header fields can be sent only to a feed on the web")
	}
	if len(header) > maxFields {
		return Access{}, Explain(ErrInvalid, "a feed can have at most %d header fields", maxFields)
	}
	for name, value := range header {
		switch {
		case name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
		}):
			return Access{}, Explain(ErrInvalid, "a header field is written as Name: value, and the name has letters, digits and hyphens only")
		case ours(name):
			return Access{}, Explain(ErrInvalid, "the header field %s is set by Earshot itself", name)
		case len(value) > maxField || strings.ContainsFunc(value, unicode.IsControl):
			return Access{}, Explain(ErrInvalid, "the value of the header field %s has control characters, or more than %d bytes", name, maxField)
		}
	}
	return Access{server: origin(u), header: maps.Clone(header)}, nil
}

// ours are the fields that say how a request is to be read, and those of conditional and partial requests.
func ours(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "accept-encoding", "range", "user-agent":
		return true
	}
	return strings.HasPrefix(name, "if-") || strings.HasPrefix(name, "proxy-")
}

// SplitAccess takes the user name and password out of a location: https://user:password@example.org/feed.
func SplitAccess(l Location) (Location, Access) {
	u, err := url.Parse(strings.TrimSpace(string(l)))
	if err != nil || u.User == nil || !l.Remote() {
		return l, Access{}
	}
	password, _ := u.User.Password()
	token := base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
	u.User = nil
	return Location(u.String()), Access{server: origin(u), header: map[string]string{"Authorization": "Basic " + token}}
}

// origin is scheme, host and port of a URL, the port always written.
func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = "80"
		if scheme == "https" {
			port = "443"
		}
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// For returns the fields to send with a request for u: none unless u is on the server that they are for. A server that is
// asked by https instead of http, both at their usual ports, is the same.
func (a Access) For(u *url.URL) map[string]string {
	here := origin(u)
	secured := strings.Replace(strings.TrimSuffix(a.server, ":80"), "http://", "https://", 1) + ":443"
	if here != a.server && (here != secured || !strings.HasPrefix(a.server, "http://") || !strings.HasSuffix(a.server, ":80")) {
		return nil
	}
	return a.header
}

// IsZero reports whether there is nothing to tell.
func (a Access) IsZero() bool { return len(a.header) == 0 }

// Equal reports whether both tell the same to the same server.
func (a Access) Equal(b Access) bool { return a.server == b.server && maps.Equal(a.header, b.header) }

// String shows nothing.
func (a Access) String() string {
	if a.IsZero() {
		return "none"
	}
	return "(hidden)"
}

// GoString shows nothing.
func (a Access) GoString() string { return a.String() }

// LogValue shows nothing.
func (a Access) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText shows nothing.
func (a Access) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// storedAccess is the form in which an access is kept. Names of fields are for ever.
type storedAccess struct {
	Server string            `json:"server,omitempty"`
	Header map[string]string `json:"header,omitempty"`
}

// Reveal returns all of it as JSON, to be stored where only the owner of the archive can read it.
func (a Access) Reveal() (string, error) {
	b, err := json.Marshal(storedAccess{a.server, a.header})
	return string(b), err
}

// StoredAccess is the opposite of [Access.Reveal].
func StoredAccess(text string) (Access, error) {
	var s storedAccess
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return Access{}, fmt.Errorf("the stored access to a server cannot be read: %w", ErrInvalid) // not the cause: it may quote
	}
	return Access{server: s.Server, header: s.Header}, nil
}

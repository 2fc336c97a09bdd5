package feed

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/earshot/earshot/models"
)

// NotFeedError says that what was given is something else than a feed. It is a models.ErrInvalid.
type NotFeedError struct {
	Name string // what was given, as messages show it
	What string // what it is instead, for example "a web page"
	Feed string // the address of the feed that the page names; "" for none
}

func (e *NotFeedError) Error() string {
	if e.Feed != "" {
		return e.Name + " is " + e.What + ", not a feed; the feed that it names is at " + models.Location(e.Feed).String()
	}
	return e.Name + " is " + e.What + ", not a feed"
}

// Unwrap makes it a models.ErrInvalid.
func (e *NotFeedError) Unwrap() error { return models.ErrInvalid }

// FeedURL is the address of the feed that a web page names, "" for none.
func (e *NotFeedError) FeedURL() string { return e.Feed }

// notFeed tells what a document is that has no root element of a feed; nil when it cannot tell.
func notFeed(doc []byte, root, name string, base *url.URL) error {
	head := bytes.ToLower(bytes.TrimSpace(doc[:min(len(doc), 1024)]))
	switch {
	case len(bytes.TrimSpace(doc)) == 0:
		return models.Explain(models.ErrInvalid, "%s is empty, not a feed", name)
	case root == "rss", root == "rdf", root == "feed":
		return nil
	case root == "html", bytes.HasPrefix(head, []byte("<!doctype html")), strings.HasPrefix(http.DetectContentType(head), "text/html"):
		return &NotFeedError{Name: name, What: "a web page", Feed: feedLink(doc, base)}
	case root == "opml":
		return list(doc, name)
	case bytes.HasPrefix(head, []byte("{")), bytes.HasPrefix(head, []byte("[")):
		return &NotFeedError{Name: name, What: "JSON"}
	case root != "":
		return &NotFeedError{Name: name, What: "an XML document of another kind (" + cleanLine(root) + ")"}
	case !strings.HasPrefix(http.DetectContentType(head), "text/"):
		return &NotFeedError{Name: name, What: "a file of another kind (" + http.DetectContentType(head) + ")"}
	default:
		return &NotFeedError{Name: name, What: "text of another kind"}
	}
}

// feedLink finds the feed that a web page names (RSS autodiscovery): the first link of type RSS, else of type Atom.
func feedLink(page []byte, base *url.URL) string {
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), 2<<20)]))
	atom := ""
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return atom
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		t := z.Token()
		attr := map[string]string{}
		for _, a := range t.Attr {
			attr[a.Key] = strings.TrimSpace(a.Val)
		}
		switch {
		case t.Data == "base" && base != nil && attr["href"] != "":
			if u, err := base.Parse(attr["href"]); err == nil {
				base = u
			}
		case t.Data == "link" && hasWord(attr["rel"], "alternate"):
			address := webAddress(attr["href"], base)
			mediaType, _, _ := strings.Cut(strings.ToLower(attr["type"]), ";")
			switch strings.TrimSpace(mediaType) {
			case "application/rss+xml", "application/rdf+xml":
				if address != "" {
					return address
				}
			case "application/atom+xml":
				if atom == "" {
					atom = address
				}
			}
		}
	}
}

func hasWord(s, word string) bool {
	for _, w := range strings.Fields(s) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// webAddress resolves ref against base and returns it when it is an absolute http(s) URL, "" otherwise.
func webAddress(ref string, base *url.URL) string {
	ref = strings.TrimSpace(ref)
	if ref == "" || len(ref) > 8192 {
		return ""
	}
	u, err := url.Parse(ref)
	if err != nil {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return ""
	}
	return u.String()
}

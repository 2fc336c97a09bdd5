package feed

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/earshot/earshot/models"
)

// maxFeeds bounds a list of feeds; who follows thousands has several lists.
const maxFeeds = 5_000

// ListError says that what was given is a list of feeds (OPML) instead of a feed. It is a models.ErrInvalid.
type ListError struct {
	Name  string // what was given, as messages show it
	Feeds []models.Subscription
}

func (e *ListError) Error() string {
	return fmt.Sprintf("%s is a list of %d feeds (OPML), not a feed", e.Name, len(e.Feeds))
}

// Unwrap makes it a models.ErrInvalid.
func (e *ListError) Unwrap() error { return models.ErrInvalid }

// Subscriptions returns the feeds of the list, each address once.
func (e *ListError) Subscriptions() []models.Subscription { return e.Feeds }

// Subscriptions reads the feeds of a list that somebody gives. What is no such list is models.ErrInvalid.
func Subscriptions(opml []byte) ([]models.Subscription, error) {
	const name = "that was given"
	doc := clean(opml, "")
	o, broken := inspect(doc)
	if broken == nil && !strings.EqualFold(o.root, "opml") {
		return nil, models.Explain(models.ErrInvalid, "this is no list of feeds (OPML)")
	}
	if broken != nil {
		return nil, models.Explain(models.ErrInvalid, "the list of feeds cannot be read: %w", broken)
	}
	err := list(doc, name)
	var found *ListError
	if errors.As(err, &found) {
		return found.Feeds, nil
	}
	return nil, err
}

// list reads the feeds of a clean OPML document (opml.org/spec2.opml): the outlines that have an xmlUrl, at any depth. What
// is wrong with an address is told when its feed is asked for.
func list(doc []byte, name string) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.Strict = false
	var feeds []models.Subscription
	seen := map[models.Location]bool{}
	for depth := 0; ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return models.Explain(models.ErrInvalid, "the list of feeds %s cannot be read: %w", name, broken(err, depth))
		}
		switch t := tok.(type) {
		case xml.StartElement:
			depth++
			if s, ok := subscription(t); ok && !seen[s.Location] {
				seen[s.Location] = true
				feeds = append(feeds, s)
			}
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth || len(feeds) > maxFeeds {
			return models.Explain(models.ErrInvalid, "the list of feeds %s is nested more than %d deep or has more than %d feeds: add parts of it", name, maxDepth, maxFeeds)
		}
	}
	if len(feeds) == 0 {
		return &NotFeedError{Name: name, What: "a list of feeds (OPML) without any feed"}
	}
	return &ListError{Name: name, Feeds: feeds}
}

// subscription reads an outline element.
func subscription(t xml.StartElement) (s models.Subscription, ok bool) {
	if !strings.EqualFold(t.Name.Local, "outline") {
		return s, false
	}
	var title, text string
	for _, a := range t.Attr {
		switch strings.ToLower(a.Name.Local) {
		case "xmlurl":
			s.Location = models.Location(strings.TrimSpace(a.Value))
		case "title":
			title = cleanLine(a.Value)
		case "text":
			text = cleanLine(a.Value)
		}
	}
	s.Title = cmp.Or(title, text, "a feed without a title")
	return s, s.Location != "" && len(s.Location) <= 8192
}

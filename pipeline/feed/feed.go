package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/rss"

	"github.com/earshot/earshot/models"
)

// Reader reads feeds. It has no state; it exists so that those who need one can ask for an interface.
type Reader struct{}

// Parse reads the feed that a server answered with. known is the source as the archive knows it: its location is the one that
// the show keeps; relative addresses in the feed are resolved against page.URL. A page that is no feed gives a [*NotFeedError].
func (Reader) Parse(known models.Source, page models.Page) (models.Listing, error) {
	base, err := url.Parse(page.URL)
	if err != nil || page.URL == "" {
		base, err = url.Parse(string(known.Location))
	}
	if err != nil {
		return models.Listing{}, models.Explain(models.ErrInvalid, "the feed's address cannot be understood")
	}
	source := models.Source{Kind: models.SourceFeed, Location: known.Location, Access: known.Access, ETag: page.ETag, LastModified: page.LastModified}
	name := models.Location(base.String()).String()
	return parse(page.Body, page.ContentType, document{name: name, base: base, source: source, fallback: base.Host})
}

// ReadFile reads the feed in a local file. Enclosures that are not absolute addresses are looked for beside the file, see
// the type beside. The errors are those of Parse, and of opening the file.
func (Reader) ReadFile(path string) (l models.Listing, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return models.Listing{}, fmt.Errorf("finding %s: %w", path, err)
	}
	f, err := os.Open(abs)
	if err != nil {
		return models.Listing{}, fmt.Errorf("opening the feed: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return models.Listing{}, fmt.Errorf("reading the feed %s: %w", filepath.Base(abs), err)
	}
	root, err := os.OpenRoot(filepath.Dir(abs))
	if err != nil {
		return models.Listing{}, fmt.Errorf("opening the folder of the feed: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	base := filepath.Base(abs)
	return parse(body, "", document{
		name: cleanLine(base), folder: root, fallback: strings.TrimSuffix(base, filepath.Ext(base)),
		source: models.Source{Kind: models.SourceFeedFile, Location: models.Location(abs)},
	})
}

// document is what is known of a feed besides its bytes.
type document struct {
	name     string   // for messages
	base     *url.URL // what relative addresses are relative to; nil for a local file
	folder   *os.Root // of a local file; nil otherwise
	source   models.Source
	fallback string // title of a show without one
}

// parse turns a feed's bytes into a listing.
func parse(body []byte, contentType string, d document) (models.Listing, error) {
	if len(body) > maxBytes {
		return models.Listing{}, models.Explain(models.ErrInvalid, "%s is larger than %d MiB, too large for a feed", d.name, maxBytes>>20)
	}
	doc := clean(body, contentType)
	o, broken := inspect(doc)
	if err := notFeed(doc, o.root, d.name, d.base); err != nil {
		return models.Listing{}, err
	}
	if broken != nil {
		return models.Listing{}, models.Explain(models.ErrInvalid, "the feed %s cannot be read: %w", d.name, broken)
	}
	f, err := translate(doc[o.start:], o.root)
	if err != nil {
		return models.Listing{}, models.Explain(models.ErrInvalid, "the feed %s cannot be read: %w", d.name, err)
	}
	if o.xmlBase != "" && d.base != nil {
		if u, err := d.base.Parse(o.xmlBase); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			d.base = u
		}
	}
	r := reading{outline: o, document: d, feed: f}
	return r.listing(), nil
}

// translate parses a document, already found to be well-formed, with gofeed. Its own detection is not used: it only looks
// at the first 4 KiB, where real feeds may still have comments.
func translate(doc []byte, root string) (*gofeed.Feed, error) {
	if root == "feed" {
		f, err := (&atom.Parser{}).Parse(bytes.NewReader(doc))
		if err != nil {
			return nil, err
		}
		return (&gofeed.DefaultAtomTranslator{}).Translate(f)
	}
	f, err := (&rss.Parser{}).Parse(bytes.NewReader(doc))
	if err != nil {
		return nil, err
	}
	return (&gofeed.DefaultRSSTranslator{DisableContentImageScan: true}).Translate(f)
}

package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The limits of a feed. Real feeds stay far below.
const (
	maxBytes = 64 << 20
	maxItems = 50_000
	maxDepth = 200
	// maxCrumbs bounds the bytes that gofeed copies when it joins text that comes in pieces, which is quadratic.
	maxCrumbs = 4 << 30
	// maxBindings bounds the namespace bindings that gofeed copies: at each element that declares one, all in scope.
	maxBindings = 32 << 20
)

// outline is what one pass over a document tells before it is parsed.
type outline struct {
	root     string // lower-case local name of the root element; "" when there is none
	start    int64  // offset of the root element
	xmlBase  string // xml:base of the outermost elements that have one
	next     string // where the feed goes on, as published: RFC 5005
	items    int
	prefixes map[string]map[string]bool // prefix → the namespaces that it is bound to somewhere
}

// inspect reads all tokens of a clean document, the way gofeed will. An error says, in words for people, why the document
// cannot be parsed; the outline holds what was seen before.
func inspect(doc []byte) (*outline, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.Strict = false
	o := &outline{prefixes: map[string]map[string]bool{}}
	var texts []int64 // length of the text of each open element
	var crumbs, bindings int64
	for {
		before := d.InputOffset()
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return o, nil
		}
		if err != nil {
			return o, broken(err, len(texts))
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if o.root == "" {
				o.root, o.start = strings.ToLower(t.Name.Local), before
			}
			texts = append(texts, 0)
			if o.bind(t.Attr, len(texts)) {
				bindings += int64(len(o.prefixes))
			}
			o.page(t, len(texts))
			if name := strings.ToLower(t.Name.Local); name == "item" || name == "entry" {
				o.items++
			}
		case xml.EndElement:
			texts = texts[:max(0, len(texts)-1)]
		case xml.CharData:
			if n := len(texts) - 1; n >= 0 {
				texts[n] += int64(len(t))
				crumbs += texts[n]
			}
		}
		switch {
		case len(texts) > maxDepth:
			return o, fmt.Errorf("its elements are nested more than %d deep", maxDepth)
		case o.items > maxItems:
			return o, fmt.Errorf("it has more than %d episodes", maxItems)
		case crumbs > maxCrumbs, bindings > maxBindings:
			return o, errors.New("it is built to be slow to read")
		}
	}
}

// page notes where a feed of several pages goes on: the link "next" of a paged feed, or "prev-archive" of one with archives, both
// of the feed and not of an entry. gofeed does not tell the relations of a feed's links.
func (o *outline) page(t xml.StartElement, depth int) {
	if t.Name.Local != "link" || o.next != "" || depth > 3 || depth == 3 && o.root == "feed" || namespace(t.Name.Space) != "w3.org/2005/atom" {
		return
	}
	rel, href := "", ""
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "rel":
			rel = strings.ToLower(strings.TrimSpace(a.Value))
		case "href":
			href = a.Value
		}
	}
	if rel == "next" || rel == "prev-archive" {
		o.next = href
	}
}

// broken says what is wrong with a document that ends in err within depth open elements.
func broken(err error, depth int) error {
	var se *xml.SyntaxError
	if !errors.As(err, &se) {
		return err
	}
	if strings.Contains(se.Msg, "unexpected EOF") && depth > 0 {
		return fmt.Errorf("it is cut off in the middle (line %d)", se.Line)
	}
	return fmt.Errorf("it is broken at line %d: %s", se.Line, se.Msg)
}

// bind notes the namespaces and the base that an element declares, and reports whether it declares a namespace.
func (o *outline) bind(attrs []xml.Attr, depth int) bool {
	declares := false
	for _, a := range attrs {
		switch {
		case a.Name.Space == "xmlns":
			declares = true
			if o.prefixes[a.Name.Local] == nil {
				o.prefixes[a.Name.Local] = map[string]bool{}
			}
			o.prefixes[a.Name.Local][namespace(a.Value)] = true
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			declares = true
		case a.Name.Local == "base" && (a.Name.Space == "xml" || a.Name.Space == "http://www.w3.org/XML/1998/namespace") && depth <= 2 && o.xmlBase == "":
			o.xmlBase = strings.TrimSpace(a.Value)
		}
	}
	return declares
}

// namespace makes the ways in which feeds write the address of a namespace comparable.
func namespace(uri string) string {
	uri = strings.ToLower(strings.TrimSpace(uri))
	uri = strings.TrimPrefix(strings.TrimPrefix(uri, "https://"), "http://")
	return strings.TrimSuffix(strings.TrimPrefix(uri, "www."), "/")
}

// The namespaces that are read, as [namespace] prints them, by the prefix that is customary.
func namespaces(custom string) []string {
	switch custom {
	case "itunes":
		return []string{"itunes.com/dtds/podcast-1.0.dtd", "example.com/dtds/podcast-1.0.dtd"}
	case "podcast":
		return []string{"podcastindex.org/namespace/1.0", "github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"}
	case "media":
		return []string{"search.yahoo.com/mrss"}
	default:
		return nil
	}
}

// keys returns the names under which gofeed may file the extensions of a namespace: the prefixes bound to it in this
// document, and the customary one where the feed forgot to declare it, or where gofeed itself translates to it.
func (o *outline) keys(custom string) []string {
	var keys []string
	known := namespaces(custom)
	add := func(prefix string) {
		for _, uri := range known {
			if o.prefixes[prefix][uri] {
				keys = append(keys, prefix)
				return
			}
		}
	}
	for prefix := range o.prefixes {
		add(prefix)
	}
	if _, declared := o.prefixes[custom]; !declared {
		keys = append(keys, custom)
	}
	return keys
}

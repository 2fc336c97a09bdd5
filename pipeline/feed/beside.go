package feed

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// locator turns the address of a recording as published into an absolute one, or says why there is none.
type locator func(published string) (location, skip string)

const (
	badAddress = "the address of its audio is not valid"
	outside    = "the address of its audio leads out of the feed's folder"
	notBeside  = "its audio is not beside the feed file"
)

// locator returns the one for this feed; link is the show's web page.
func (r *reading) locator(link string) locator {
	if r.folder != nil {
		return beside{root: r.folder, site: parsed(link), self: parsed(webAddress(r.feed.FeedLink, nil))}.locate
	}
	return func(published string) (string, string) {
		if location := webAddress(published, r.base); location != "" {
			return location, ""
		}
		return "", badAddress
	}
}

// parsed is an address that was found to be valid before.
func parsed(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// beside finds the recordings of a feed in a local file:
//
//   - an absolute http(s) address stays what it is;
//   - anything else is a file in the feed's folder: under its path, taken from the folder ("/audio/1.mp3" is audio/1.mp3),
//     else under its base name beside the feed file;
//   - without such a file, a path from the root is taken to be on the show's web site, any other to be relative to the
//     address that the feed gives as its own, where the feed tells them.
//
// Nothing outside the folder is ever named: not by "..", not by file:, not through a symbolic link.
type beside struct {
	root *os.Root
	site *url.URL
	self *url.URL
}

func (b beside) locate(published string) (location, skip string) {
	published = strings.TrimSpace(published)
	if location := webAddress(published, nil); location != "" {
		return location, ""
	}
	if len(published) > 8192 || strings.ContainsRune(published, 0) {
		return "", badAddress
	}
	u, err := url.Parse(filepath.ToSlash(published))
	switch {
	case err == nil && u.Scheme == "file":
		rel, err := filepath.Rel(b.root.Name(), filepath.FromSlash(u.Path))
		if err != nil || !filepath.IsLocal(rel) {
			return "", outside
		}
		return b.firstOf(filepath.ToSlash(rel))
	case err == nil && (u.Scheme != "" || u.Host != ""):
		return b.remote(u)
	case err != nil: // a file name may hold what an address may not, such as "100%.mp3"
		return b.firstOf(published)
	}
	location, skip = b.firstOf(u.Path, published)
	if skip != notBeside {
		return location, skip
	}
	return b.remote(u)
}

// remote resolves what is not in the folder against the addresses that the feed tells.
func (b beside) remote(u *url.URL) (location, skip string) {
	base := b.self
	if base.Host == "" && (strings.HasPrefix(u.Path, "/") || u.Host != "") {
		base = b.site
	}
	switch {
	case u.Scheme != "":
		return "", badAddress
	case base.Host == "":
		return "", notBeside
	}
	if location := webAddress(u.String(), base); location != "" {
		return location, ""
	}
	return "", badAddress
}

// firstOf returns the first of the slash-separated paths that is a file in the folder, by itself or by its base name.
func (b beside) firstOf(paths ...string) (location, skip string) {
	for _, p := range paths {
		p = strings.TrimLeft(p, "/")
		if p == "" {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(path.Clean(p))) || strings.Contains("/"+p+"/", "/../") {
			return "", outside
		}
		for _, candidate := range []string{path.Clean(p), path.Base(p)} {
			name := filepath.FromSlash(candidate)
			st, err := b.root.Stat(name)
			if err == nil && st.Mode().IsRegular() {
				return filepath.Join(b.root.Name(), name), ""
			}
			if _, lerr := b.root.Lstat(name); err != nil && lerr == nil && !os.IsNotExist(err) && !os.IsPermission(err) {
				return "", outside // a symbolic link out of the folder
			}
		}
	}
	return "", notBeside
}

package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/earshot/earshot/models"
)

// Found is what a look at a source gives.
type Found = models.Listing

// Prober tells what a local media file holds; models.ErrUnusable says that it is none.
type Prober interface {
	Probe(ctx context.Context, f *os.File) (models.AudioInfo, error)
}

// Fetcher gets what is at a source's web address. The validators of the last look make the request conditional.
type Fetcher interface {
	Page(ctx context.Context, s models.Source) (models.Page, error)
}

// FeedReader reads feeds. An error about a web page that names its feed has a method FeedURL() string.
type FeedReader interface {
	Parse(known models.Source, page models.Page) (models.Listing, error)
	ReadFile(path string) (models.Listing, error)
}

// Options has what a [Resolver] works with.
type Options struct {
	Audio Prober
	Web   Fetcher
	Feeds FeedReader
	// Progress, if set, is told how far the reading of local recordings has come: bytes done and in all, and the file that
	// was read last. It is called by several goroutines, one at a time.
	Progress func(name string, done, total int64)
	// Header has the fields that the server of a feed wants to be told, see models.Access.
	Header map[string]string
	// MaxFiles is the greatest number of files of a folder; default 100,000.
	MaxFiles int
	// Parallel is how many files are read at the same time; default 2.
	Parallel int
}

// Resolver looks at sources. It is safe for use by several goroutines.
type Resolver struct{ o Options }

// New returns a resolver.
func New(o Options) *Resolver {
	if o.MaxFiles <= 0 {
		o.MaxFiles = 100_000
	}
	if o.Parallel <= 0 {
		o.Parallel = 2
	}
	return &Resolver{o: o}
}

// Resolve finds out what arg is and lists its episodes. The error is models.ErrInvalid or models.ErrUnusable when arg is
// not a source; anything else may pass (a server that is down). With an error, Skipped may say more.
func (r *Resolver) Resolve(ctx context.Context, arg string) (Found, error) {
	arg = strings.TrimSpace(arg)
	if arg == "" {
		return Found{}, models.Explain(models.ErrInvalid, "nothing was named: give the address of a feed, a feed file, a folder or a recording")
	}
	if address, ok := WebAddress(arg); ok {
		return r.web(ctx, address)
	}
	path, err := filepath.Abs(localPath(arg))
	if err != nil {
		return Found{}, fmt.Errorf("finding %s: %w", arg, err)
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && looksLikeHost(arg):
		return Found{}, models.Explain(models.ErrInvalid, "there is no file or folder %s; for an address on the web, write https://%s", arg, arg)
	case errors.Is(err, fs.ErrNotExist):
		return Found{}, models.Explain(models.ErrInvalid, "there is no file or folder %s", arg)
	case err != nil:
		return Found{}, models.Explain(models.ErrInvalid, "%s cannot be read: %w", arg, cause(err))
	case st.IsDir():
		found, err := r.folder(ctx, path)
		if err == nil && len(found.Episodes) == 0 {
			err = models.Explain(models.ErrInvalid, "the folder %s holds no recording that can be used%s", arg, firstReason(found.Skipped))
		}
		return found, err
	case !st.Mode().IsRegular():
		return Found{}, models.Explain(models.ErrInvalid, "%s is neither a file nor a folder", arg)
	}
	feed, err := looksLikeFeed(path)
	if err != nil {
		return Found{}, models.Explain(models.ErrInvalid, "%s cannot be read: %w", arg, cause(err))
	}
	if feed {
		return r.o.Feeds.ReadFile(path)
	}
	return r.recording(ctx, path)
}

// Look looks again at the source of a known show, whose identifier the listing has wherever the source lives now. When nothing
// is new, because a feed has not changed since its validators, or because recordings that were added one by one never do, the
// listing has the show as it is, and is partial. have says whether all of some episodes are in the archive: a feed of several
// pages is not read further than a page of which that is so.
func (r *Resolver) Look(ctx context.Context, show models.Show, have func([]models.Episode) (bool, error)) (found Found, err error) {
	switch s := show.Source; s.Kind {
	case models.SourceFeed:
		return r.lookAtFeed(ctx, show, have)
	case models.SourceFeedFile:
		found, err = r.o.Feeds.ReadFile(string(s.Location))
	case models.SourceFolder:
		found, err = r.folder(ctx, string(s.Location))
	case models.SourceFiles:
		return Found{Show: show, Partial: true}, nil
	default:
		return Found{}, models.Explain(models.ErrInvalid, "a source of kind %q is not known", s.Kind)
	}
	return found.Of(show.ID), err
}

// Subscribed lists the feed of an entry in a list of feeds. Only the web is looked at: whoever wrote the list does not know this
// machine.
func (r *Resolver) Subscribed(ctx context.Context, s models.Subscription) (Found, error) {
	address, ok := WebAddress(string(s.Location))
	if !ok {
		return Found{}, models.Explain(models.ErrInvalid, "its address is not on the web")
	}
	return r.web(ctx, address)
}

// Web lists what is at an address on the web, also one without its https://. No file of this machine is looked at.
func (r *Resolver) Web(ctx context.Context, address string) (Found, error) {
	address = strings.TrimSpace(address)
	at, ok := WebAddress(address)
	if !ok && (looksLikeHost(address) || looksLikeHost(address+"/")) {
		at, ok = "https://"+address, true
	}
	if !ok {
		return Found{}, models.Explain(models.ErrInvalid, "this is no address on the web: give one that begins with https://")
	}
	return r.web(ctx, at)
}

// WebAddress recognises addresses on the web, also in the forms that podcast programs copy.
func WebAddress(arg string) (string, bool) {
	scheme, rest, ok := strings.Cut(arg, ":")
	if !ok {
		return "", false
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		return arg, true
	case "feed", "podcast", "itpc", "pcast":
		if inner, ok := WebAddress(rest); ok { // feed:https://…
			return inner, true
		}
		return "https:" + rest, strings.HasPrefix(rest, "//")
	default:
		return "", false
	}
}

// localPath accepts file: addresses beside paths.
func localPath(arg string) string {
	if u, err := url.Parse(arg); err == nil && u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") && u.Path != "" {
		return filepath.FromSlash(u.Path)
	}
	return arg
}

// looksLikeHost reports whether a name that is no file may be an address without its https://.
func looksLikeHost(arg string) bool {
	host, path, _ := strings.Cut(arg, "/")
	dot := strings.LastIndexByte(host, '.')
	return dot > 0 && dot < len(host)-1 && !strings.ContainsAny(host, ` \`) && (path != "" || strings.HasPrefix(host, "www."))
}

// cause is an error of the operating system without the path, which the sentence around it names already.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func firstReason(skipped []models.Skip) string {
	if len(skipped) == 0 {
		return ""
	}
	more := ""
	if n := len(skipped) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Sprintf("; %s: %s%s", skipped[0].Name, skipped[0].Reason, more)
}

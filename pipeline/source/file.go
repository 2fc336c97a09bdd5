package source

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// recording makes a listing of one local recording.
func (r *Resolver) recording(ctx context.Context, path string) (Found, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Found{}, fmt.Errorf("looking at %s: %w", filepath.Base(path), err)
	}
	f := candidate{path: path, name: filepath.Base(path), size: st.Size()}
	e, err := r.read(ctx, path, r.meter([]candidate{f}).of(f))
	if err != nil {
		return Found{}, err
	}
	return recordings(e), nil
}

// read makes an episode, without a show, of the recording at path.
func (r *Resolver) read(ctx context.Context, path string, progress func(int64)) (e models.Episode, err error) {
	f, err := os.Open(path)
	if err != nil {
		return e, fmt.Errorf("opening %s: %w", filepath.Base(path), err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := r.o.Audio.Probe(ctx, f)
	if err != nil {
		return e, err
	}
	sum, size, err := hash(ctx, f, progress)
	if err != nil {
		return e, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
	}
	return models.Episode{
		GUID:  sum,
		Title: cmp.Or(info.Title, titleOf(path)), Notes: info.Comment, PublishedAt: dateOf(info.Date), People: spokenBy(info),
		Enclosure: models.Enclosure{
			Location: models.Location(path), Type: info.ContentType, Bytes: size, DurationMS: info.DurationMS,
		},
	}, nil
}

// dateOf reads the date that a recording has of itself, as precise as it is; zero: it has none.
func dateOf(date string) time.Time {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(form, date); err == nil && t.Year() > 1800 && t.Year() < 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// spokenBy is whom a recording names as its artist.
func spokenBy(info models.AudioInfo) []models.Person {
	if info.Artist == "" {
		return nil
	}
	return []models.Person{{Name: info.Artist, Role: "host"}}
}

// titleOf is a file's name without its ending.
func titleOf(path string) string {
	base := filepath.Base(path)
	title := strings.TrimSpace(strings.ToValidUTF8(strings.TrimSuffix(base, filepath.Ext(base)), "\uFFFD"))
	if title == "" {
		return base
	}
	return title
}

// hash returns the SHA-256 of f, in lower-case hexadecimal, and its length in bytes.
func hash(ctx context.Context, f *os.File, progress func(int64)) (string, int64, error) {
	h, done := sha256.New(), int64(0)
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return "", 0, err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		done += int64(n)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), done, nil
		}
		if err != nil {
			return "", 0, err
		}
		progress(done)
	}
}

// looksLikeFeed reports whether a file begins as XML or HTML does, in whatever encoding.
func looksLikeFeed(path string) (yes bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	head = head[:n]
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "\x00\x00\xfe\xff"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	head = bytes.TrimLeft(head, "\x00 \t\r\n")
	switch strings.ToLower(filepath.Ext(path)) {
	case ".xml", ".rss", ".atom", ".rdf", ".opml", ".html", ".htm":
		return true, nil
	default:
		return bytes.HasPrefix(head, []byte("<")), nil
	}
}

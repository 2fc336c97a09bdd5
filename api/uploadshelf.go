package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/google/renameio/v2"
	"github.com/shirou/gopsutil/v4/disk"
	tus "github.com/tus/tusd/v2/pkg/handler"
)

// What may have become of an upload.
const (
	UploadArriving = "arriving" // unfinished
	UploadReading  = "reading"  // complete, being read
	UploadAdded    = "added"    // an episode
	UploadKnown    = "known"    // the archive had the same recording already
	UploadRefused  = "refused"  // no recording
)

// Upload is a file that somebody sends or has sent.
type Upload struct {
	ID        string    `json:"id"`
	Name      string    `json:"name" doc:"as its sender calls it"`
	Show      string    `json:"show" doc:"title of the collection that it belongs to; empty for the one of all recordings added one by one"`
	SHA256    string    `json:"sha256" doc:"of the whole file, where its sender said so: by it an upload is found again that goes on later, and what arrived is checked"`
	Bytes     int64     `json:"bytes"`
	Arrived   int64     `json:"arrived" doc:"bytes that are here"`
	State     string    `json:"state" enum:"arriving,reading,added,known,refused"`
	EpisodeID string    `json:"episode_id" doc:"the episode that it became; empty where there is none"`
	Title     string    `json:"title" doc:"of that episode"`
	Reason    string    `json:"reason" doc:"why it was refused"`
	UpdatedAt time.Time `json:"updated_at" format:"date-time"`
}

// UploadList is what there is of uploads.
type UploadList struct {
	Uploads []Upload `json:"uploads"`
}

// Keys of an upload's metadata; the first one is the custom of tus clients.
const (
	nameKey = "filename"
	showKey = "show"
	sumKey  = "sha256"
)

const (
	maxUploadText = 300 // characters of a name
	maxListed     = 200
	// forgottenAfter is how long an upload rests without a new byte, and how long it is known what became of it.
	forgottenAfter = 7 * 24 * time.Hour
	// spareBytes stay free on the disk whatever is sent: the catalogue must be able to write.
	spareBytes = 256 << 20
)

// uploadShelf is the folder of uploads. Of an upload ID it holds ID and ID.info, which belong to the tus library, until all has
// arrived and was taken in; then ID.result alone.
type uploadShelf struct{ dir string }

func openUploadShelf(dir string) (uploadShelf, error) {
	abs, err := filepath.Abs(dir) // the tus library writes paths down
	if err == nil {
		err = os.MkdirAll(abs, 0o750)
	}
	if err != nil {
		return uploadShelf{}, fmt.Errorf("making the folder of uploads: %w", err)
	}
	return uploadShelf{abs}, nil
}

func (s uploadShelf) path(id string) string       { return filepath.Join(s.dir, id) }
func (s uploadShelf) infoPath(id string) string   { return s.path(id) + ".info" }
func (s uploadShelf) resultPath(id string) string { return s.path(id) + ".result" }

// uploadOf is an upload as the tus library knows it.
func uploadOf(info tus.FileInfo) Upload {
	up := Upload{
		ID: info.ID, Name: cmp.Or(info.MetaData[nameKey], "upload"), Show: info.MetaData[showKey], SHA256: info.MetaData[sumKey], Bytes: info.Size, Arrived: info.Offset,
		State: UploadArriving, UpdatedAt: time.Now().UTC(),
	}
	if up.Arrived == up.Bytes {
		up.State = UploadReading
	}
	return up
}

// result reads what became of an upload; the error is [os.ErrNotExist] where that is not known.
func (s uploadShelf) result(id string) (up Upload, err error) {
	b, err := os.ReadFile(s.resultPath(id))
	if err == nil {
		err = json.Unmarshal(b, &up)
	}
	return up, err
}

// upload reads an upload, finished or not; the error is [os.ErrNotExist] where there is none.
func (s uploadShelf) upload(id string) (Upload, error) {
	up, err := s.result(id)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return up, err
	}
	b, err := os.ReadFile(s.infoPath(id))
	if err != nil {
		return up, err
	}
	var info tus.FileInfo
	if err := json.Unmarshal(b, &info); err != nil {
		return up, fmt.Errorf("reading what is known of the upload %s: %w", id, err)
	}
	st, err := os.Stat(s.path(id))
	if err != nil {
		return up, err
	}
	info.ID, info.Offset = id, st.Size()
	up = uploadOf(info)
	up.UpdatedAt = st.ModTime().UTC()
	return up, nil
}

// isWhole reports whether what arrived is what its sender announced, where they did.
func (s uploadShelf) isWhole(up Upload) (bool, error) {
	if up.SHA256 == "" {
		return true, nil
	}
	f, err := os.Open(s.path(up.ID))
	if err != nil {
		return false, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return false, fmt.Errorf("reading the upload %s: %w", up.ID, err)
	}
	return strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), up.SHA256), nil
}

// settle notes what became of an upload, and then removes its bytes.
func (s uploadShelf) settle(up Upload) error {
	b, err := json.Marshal(up)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(s.resultPath(up.ID), b, 0o640); err != nil {
		return fmt.Errorf("noting what became of the upload %s: %w", up.ID, err)
	}
	return s.drop(up.ID)
}

func (s uploadShelf) drop(id string) error {
	return errors.Join(gone(os.Remove(s.path(id))), gone(os.Remove(s.infoPath(id))))
}

// gone is err unless it says that there is nothing to remove.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// each calls fn with every upload of the folder and the time of its last change. Files that make no sense are left out.
func (s uploadShelf) each(fn func(Upload)) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		id, kind, _ := strings.Cut(e.Name(), ".")
		if !uploadID.MatchString(id) || (kind != "info" && kind != "result") {
			continue
		}
		if up, err := s.upload(id); err == nil && (kind == "result") == up.settled() {
			fn(up)
		}
	}
	return nil
}

func (up Upload) settled() bool { return up.State != UploadArriving && up.State != UploadReading }

// list returns the newest uploads.
func (s uploadShelf) list() ([]Upload, error) {
	all := []Upload{}
	err := s.each(func(up Upload) { all = append(all, up) })
	slices.SortFunc(all, func(a, b Upload) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	return all[:min(len(all), maxListed)], err
}

// unfinished counts the uploads that are not in the archive.
func (s uploadShelf) unfinished() (n int, err error) {
	infos, err := filepath.Glob(filepath.Join(s.dir, "*.info"))
	return len(infos), err
}

// sweep removes what is older than forgottenAfter, and returns the uploads that are complete but not in the archive.
func (s uploadShelf) sweep(now time.Time) (complete []Upload, err error) {
	var errs []error
	err = s.each(func(up Upload) {
		switch old := now.Sub(up.UpdatedAt) > forgottenAfter; {
		case up.State == UploadReading:
			complete = append(complete, up)
		case old && up.settled():
			errs = append(errs, gone(os.Remove(s.resultPath(up.ID))), s.drop(up.ID))
		case old:
			errs = append(errs, s.drop(up.ID))
		case up.settled():
			errs = append(errs, s.drop(up.ID)) // where the program ended between the two steps of settle
		}
	})
	return complete, errors.Join(append(errs, err)...)
}

// room returns an error that says so when a file of size bytes does not fit: while it is taken in, it is there twice.
func (s uploadShelf) room(size int64) error {
	usage, err := disk.Usage(s.dir)
	if err != nil || size < 0 || uint64(size) < (usage.Free-min(usage.Free, spareBytes))/2 {
		return nil //nolint:nilerr // a file system that does not tell is tried
	}
	return fmt.Errorf("the disk of the archive is too full for %s: %s are free, and twice its size is needed", humanize.IBytes(uint64(size)), humanize.IBytes(usage.Free))
}

// shorten bounds a text that came with an upload.
func shorten(s string) string {
	r := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(r) <= maxUploadText {
		return string(r)
	}
	ext := []rune(filepath.Ext(string(r)))
	if len(ext) > 10 {
		ext = nil
	}
	return string(r[:maxUploadText-len(ext)]) + string(ext)
}

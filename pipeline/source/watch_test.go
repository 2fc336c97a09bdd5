package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/source"
)

// onlooker looks at a folder as a program does, with a clock and an archive of its own.
type onlooker struct {
	t     *testing.T
	w     *source.Watch
	now   time.Time
	sizes map[string]int64 // what the archive has
	fail  error
	asked int // how often the archive was asked
}

// look tells what was added and left out, each as "show: title" or "show: name is left out".
func (o *onlooker) look() (said []string) {
	o.t.Helper()
	err := o.w.Look(o.t.Context(), o.now, func() (map[string]int64, error) { o.asked++; return o.sizes, nil }, func(f source.Found) error {
		if o.fail != nil {
			return o.fail
		}
		for _, e := range f.Episodes {
			said = append(said, f.Show.Title+": "+e.Title)
			o.sizes[string(e.Enclosure.Location)] = e.Enclosure.Bytes
		}
		for _, s := range f.Skipped {
			said = append(said, f.Show.Title+": "+s.Name+" is left out")
		}
		return nil
	})
	if !errors.Is(err, o.fail) {
		o.t.Fatal(err)
	}
	o.now = o.now.Add(10 * time.Second)
	return said
}

func (o *onlooker) sees(want ...string) {
	o.t.Helper()
	if d := cmp.Diff(want, o.look()); d != "" {
		o.t.Error(d)
	}
}

func TestWatchedFolder(t *testing.T) {
	r, dir := resolver(t, nil), t.TempDir()
	show := models.Show{ID: "0123456789abcdef", Title: "Diary", Source: models.Source{Kind: models.SourceFolder, Location: models.Location(dir)}}
	o := &onlooker{t: t, w: r.Watch(show), now: time.Now().Add(time.Minute), sizes: map[string]int64{}}
	tone(t, filepath.Join(dir, "a.wav"), 300)
	write(t, filepath.Join(dir, "b.wav"), "no recording")
	write(t, filepath.Join(dir, "notes.txt"), "not even looked at")
	o.sees() // it may still grow
	o.sees("Diary: a", "Diary: b.wav is left out")
	asked := o.asked
	o.sees()
	if o.asked != asked {
		t.Error("the archive is asked where nothing is new")
	}

	// One that grows waits; what cannot be stored is tried again.
	growing := filepath.Join(dir, "c.wav")
	whole, err := os.ReadFile(tone(t, filepath.Join(t.TempDir(), "c.wav"), 400))
	if err != nil {
		t.Fatal(err)
	}
	grow := func(n int) {
		if err := errors.Join(os.WriteFile(growing, whole[:n], 0o600), os.Chtimes(growing, o.now, o.now)); err != nil {
			t.Fatal(err)
		}
	}
	grow(len(whole) / 2)
	o.sees()
	grow(len(whole))
	o.sees()
	o.fail = errors.New("the disk is full")
	o.sees()
	o.fail = nil
	o.sees("Diary: c")

	// A file that was no recording becomes one. After a restart, what the archive has is not read again.
	tone(t, filepath.Join(dir, "b.wav"), 500)
	o.sees()
	o.sees("Diary: b")
	o.w = r.Watch(show)
	o.sees()
	o.sees()
}

func TestInbox(t *testing.T) {
	r, dir := resolver(t, nil), t.TempDir()
	o := &onlooker{t: t, w: r.WatchInbox(dir), now: time.Now().Add(time.Minute), sizes: map[string]int64{}}
	tone(t, filepath.Join(dir, "a.wav"), 300)
	tone(t, filepath.Join(dir, "Talks", "2024", "b.wav"), 400)
	tone(t, filepath.Join(dir, ".part", "c.wav"), 500)
	o.sees()
	o.sees("Recordings: a", "Talks: b")
	// The collection is that of an upload of the same name.
	want := source.Upload("x.wav", "Talks", models.AudioInfo{}, models.Media{SHA256: "1"}).Show.ID
	var got models.ShowID
	tone(t, filepath.Join(dir, "talks", "d.wav"), 600)
	o.sees()
	err := o.w.Look(t.Context(), o.now, func() (map[string]int64, error) { return o.sizes, nil }, func(f source.Found) error {
		got = f.Show.ID
		return nil
	})
	if err != nil || got != want {
		t.Errorf("the collection is %s, that of uploads %s, %v", got, want, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := o.w.Look(t.Context(), o.now, nil, nil); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("of a folder that is gone: %v", err)
	}
}

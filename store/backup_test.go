package store

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// rowsOf returns the rows of every table of the catalogue as text.
func rowsOf(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	must(t, s.read(t.Context(), "reading all", func(ctx context.Context, tx bun.Tx) error {
		tables, err := s.e.tables(ctx, tx)
		if err != nil {
			return err
		}
		return dump(ctx, tx, tables, func(part []byte) error {
			lines := strings.Split(strings.TrimSpace(string(part)), "\n")
			var head partHead
			if err := json.Unmarshal([]byte(lines[0]), &head); err != nil {
				return err
			}
			out[head.Table] = append(out[head.Table], lines[1:]...)
			return nil
		}, func(int64) {})
	}))
	for _, rows := range out {
		slices.Sort(rows)
	}
	return out
}

// halfway is an archive with one episode in the middle of its transcription, one that waits for its download and its
// transcript by others, and secrets. Nobody works on it when it returns.
func halfway(t *testing.T, s *Store) (transcribing, waiting models.EpisodeID) {
	t.Helper()
	ctx := t.Context()
	h := hold(t, s, quickly())
	transcribing, b := downloaded(t, s, h)
	tr, err := s.StartTranscript(ctx, b.lease, models.Transcript{EpisodeID: transcribing, Source: models.TranscriptWhisper, Model: "base", Prompt: "Ana “Host”"})
	must(t, err)
	must(t, s.AppendSegments(ctx, b.lease, part(tr.ID, "en", []models.Segment{segment(0, 900, "Error", "budgets\u2028é"), segment(1000, 2000, "are", "nice")}, 2500)))
	h.end(t)
	private := aShow("Private")
	private.Source.Access, err = models.NewAccess(private.Source.Location, map[string]string{"X-Token": "very secret"})
	must(t, err)
	private.Settings.Vocabulary = []string{"Enspiral"}
	waiting = mustSave(t, s, private, offered(episodesOf(private, 1))).NewEpisodes[0]
	return transcribing, waiting
}

// TestBackup takes a backup of an archive on each engine while it is under way, restores it on both, and finds every row, the
// recordings, and the work that was under way.
func TestBackup(t *testing.T) {
	places := map[string]func(*testing.T) place{}
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) {
		t.Helper()
		if at(t).database == "" {
			places["sqlite"] = at
		} else {
			places["postgres"] = at
		}
	})
	for from, at := range places {
		t.Run(from, func(t *testing.T) {
			s := at(t).open(t)
			transcribing, waiting := halfway(t, s)
			file := filepath.Join(t.TempDir(), "archive.tar.zst")
			var told []Progressing
			done, err := s.Backup(t.Context(), file, BackupOptions{Program: "1.2", Settings: []byte("model = \"base\"\n"), Progress: func(what Progressing, n, total int64) {
				if n == total {
					told = append(told, what)
				}
			}})
			must(t, err)
			info, err := os.Stat(file)
			must(t, err)
			if info.Mode().Perm() != 0o600 || done.Recordings != 1 || done.Bytes != info.Size() || !slices.Equal(told, []Progressing{ProgressCatalogue, ProgressMedia}) {
				t.Errorf("%v, %+v, %v", info.Mode(), done, told)
			}
			b, err := OpenBackup(t.Context(), file, nil)
			must(t, err)
			if string(b.Settings()) != "model = \"base\"\n" || b.Program() != "1.2" || !b.HasMedia() {
				t.Errorf("%+v", b)
			}
			want := rowsOf(t, s)
			for to, at := range places {
				t.Run("to "+to, func(t *testing.T) {
					restoresTo(t, b, at(t), want, transcribing, waiting)
				})
			}
		})
	}
}

func restoresTo(t *testing.T, b *BackupFile, p place, want map[string][]string, transcribing, waiting models.EpisodeID) {
	t.Helper()
	ctx := t.Context()
	got, err := b.Restore(ctx, p.dir, RestoreOptions{Options: Options{Database: p.database}})
	must(t, err)
	if got.Recordings != 1 || got.Aside != "" {
		t.Errorf("%+v", got)
	}
	s := p.open(t)
	has := rowsOf(t, s)
	for _, rows := range []map[string][]string{has, want} { // the only difference: what was running waits
		for i, r := range rows["episodes"] {
			rows["episodes"][i] = strings.ReplaceAll(r, `"transcribing"`, `"downloaded"`)
		}
		slices.Sort(rows["episodes"])
	}
	if d := cmp.Diff(want, has); d != "" {
		t.Error(d)
	}
	h := hold(t, s, quickly())
	jobs := map[any]bool{}
	for range 3 {
		a := h.take(t)
		jobs[a.job] = true
		if j, ok := a.job.(models.TranscribeJob); ok {
			if f, err := s.Media().Open(ctx, episodeOf(t, s, j.EpisodeID).Media.Key); err != nil {
				t.Error(err)
			} else {
				_ = f.Close()
			}
			// New transcripts do not collide with those that were restored.
			tr, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: transcribing, Source: models.TranscriptWhisper, Model: "other"})
			must(t, err)
			if tr.ID <= 1 {
				t.Errorf("the identifier %d was given twice", tr.ID)
			}
		}
		a.finish(nil)
	}
	for _, j := range []any{models.TranscribeJob{EpisodeID: transcribing}, models.DownloadJob{EpisodeID: waiting}, models.ImportJob{EpisodeID: waiting}} {
		if !jobs[j] {
			t.Errorf("%+v is not in the queue: %v", j, jobs)
		}
	}
	// A place that has an archive is not overwritten.
	if p.database != "" {
		_, err = b.Restore(ctx, t.TempDir(), RestoreOptions{Options: Options{Database: p.database}, Replace: true})
	} else {
		_, err = b.Restore(ctx, p.dir, RestoreOptions{})
	}
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "there is an archive") {
		t.Errorf("restoring over an archive gives %v", err)
	}
}

func episodeOf(t *testing.T, s *Store, id models.EpisodeID) models.Episode {
	t.Helper()
	e, err := s.Episode(t.Context(), id)
	must(t, err)
	return e
}

// TestRestoreReplaces puts a backup in the place of another archive, which stays readable, and refuses that while it is in use.
func TestRestoreReplaces(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := place{dir: t.TempDir()}
	s, err := Open(ctx, p.dir, Options{})
	must(t, err)
	mustSave(t, s, aShow("Former"), nil)
	file := filepath.Join(t.TempDir(), "archive.tar")
	_, err = s.Backup(ctx, file, BackupOptions{NoMedia: true})
	must(t, err)
	mustSave(t, s, aShow("Latter"), nil)
	if _, err := s.Backup(ctx, file, BackupOptions{}); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("a backup over another gives %v", err)
	}
	b, err := OpenBackup(ctx, file, nil)
	must(t, err)
	if _, err := b.Restore(ctx, p.dir, RestoreOptions{Replace: true}); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("replacing an archive that is in use gives %v", err)
	}
	must(t, s.Close())
	must(t, os.MkdirAll(filepath.Join(p.dir, "search", "index"), 0o750))
	done, err := b.Restore(ctx, p.dir, RestoreOptions{Replace: true, Derived: []string{"search"}})
	must(t, err)
	for dir, want := range map[string]int{p.dir: 1, done.Aside: 2} {
		shows, err := openAt(t, dir).Shows(ctx)
		must(t, err)
		if len(shows) != want {
			t.Errorf("%d shows in %s, want %d", len(shows), dir, want)
		}
	}
	if _, err := os.Stat(filepath.Join(p.dir, "search")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the former index: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(p.dir, "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestBackupsThatAreRefused changes a backup in every way that matters, and restores none of it.
func TestBackupsThatAreRefused(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openAt(t, t.TempDir())
	halfway(t, s)
	file := filepath.Join(dir, "archive.tar")
	_, err := s.Backup(ctx, file, BackupOptions{Program: "1"})
	must(t, err)
	whole, err := os.ReadFile(file)
	must(t, err)
	packed := &bytes.Buffer{}
	z, err := zstd.NewWriter(packed)
	must(t, err)
	_, err = z.Write(whole)
	must(t, errors.Join(err, z.Close()))

	for name, c := range map[string]struct {
		bytes []byte
		say   string
	}{
		"empty":              {nil, "was cut off"},
		"text":               {[]byte(strings.Repeat("not a tar\n", 200)), "no backup"},
		"another tar":        {tarOf(t, map[string]string{"README": "hello"}, "README"), "no backup"},
		"out of its folder":  {tarOf(t, map[string]string{"../../etc/passwd": "x"}, "../../etc/passwd"), "no backup"},
		"cut in a part":      {whole[:len(whole)*2/3], "was cut off"},
		"cut after a part":   {repack(t, whole, func(name string, b []byte) []byte { return kept(name != backupEnd, b) }), "was cut off"},
		"cut and compressed": {packed.Bytes()[:packed.Len()-9], "was cut off"},
		"a part is missing":  {repack(t, whole, func(name string, b []byte) []byte { return kept(!strings.HasPrefix(name, backupMedia), b) }), ""},
		"another recording":  {bytes.Replace(whole, []byte("audio of "), []byte("AUDIO OF "), 1), "was changed"},
		"another word":       {bytes.Replace(whole, []byte("Private"), []byte("Public!"), 1), "was changed"},
		"of the future": {repack(t, whole, func(name string, b []byte) []byte {
			return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":2`), 1)
		}), "newer version"},
	} {
		changed := filepath.Join(dir, "changed.tar")
		must(t, os.WriteFile(changed, c.bytes, 0o600))
		_, err := OpenBackup(ctx, changed, nil)
		if !errors.Is(err, models.ErrInvalid) && !errors.Is(err, models.ErrNewerData) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What agrees with its manifest and makes no sense all the same leaves nothing either.
	for name, change := range map[string][2]string{
		"a table of another program": {`{"table":"shows"`, `{"table":"river_job"`},
		"a column that is a command": {`"columns":["id","title"`, `"columns":["id; DROP TABLE shows","title"`},
		"tables of the future":       {`"tables":`, `"tables":9`},
		"half a row":                 {`["` + string(models.NewShowID(aShow("Private").Source)) + `",`, `[`},
	} {
		changed := filepath.Join(dir, "changed.tar")
		must(t, os.WriteFile(changed, honest(t, whole, change), 0o600))
		b, err := OpenBackup(ctx, changed, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		to := t.TempDir()
		_, err = b.Restore(ctx, to, RestoreOptions{})
		if !errors.Is(err, models.ErrInvalid) && !errors.Is(err, models.ErrNewerData) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(to, "earshot.db")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: it left an archive: %v", name, err)
		}
	}
}

// TestBackupOfDamage leaves out a recording that is damaged, and says so on both ways.
func TestBackupOfDamage(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openAt(t, t.TempDir())
	id, _ := halfway(t, s)
	path, err := s.Media().path(episodeOf(t, s, id).Media.Key)
	must(t, err)
	must(t, os.WriteFile(path, []byte("rotten"), 0o600))
	file := filepath.Join(t.TempDir(), "archive.tgz")
	done, err := s.Backup(ctx, file, BackupOptions{})
	must(t, err)
	b, err := OpenBackup(ctx, file, nil)
	must(t, err)
	to := t.TempDir()
	restored, err := b.Restore(ctx, to, RestoreOptions{})
	must(t, err)
	if len(done.Unreadable) != 1 || len(restored.Damaged) != 1 || restored.Recordings != 0 {
		t.Errorf("%+v, %+v", done, restored)
	}
	if got := stateOf(t, openAt(t, to), id); got != models.EpisodeQueued {
		t.Errorf("the episode without its recording is %s, want it fetched again", got)
	}
}

func kept(keep bool, b []byte) []byte {
	if keep {
		return b
	}
	return nil
}

func tarOf(t *testing.T, parts map[string]string, order ...string) []byte {
	t.Helper()
	b := &bytes.Buffer{}
	w := tar.NewWriter(b)
	for _, name := range order {
		must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(parts[name])), Mode: 0o600}))
		_, err := io.WriteString(w, parts[name])
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// repack writes a backup again with its parts changed; nil leaves one out.
func repack(t *testing.T, whole []byte, change func(name string, b []byte) []byte) []byte {
	t.Helper()
	parts, order := map[string]string{}, []string{}
	r := tar.NewReader(bytes.NewReader(whole))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return tarOf(t, parts, order...)
		}
		must(t, err)
		b, err := io.ReadAll(r)
		must(t, err)
		if b = change(h.Name, b); b != nil {
			parts[h.Name] = string(b)
			order = append(order, h.Name)
		}
	}
}

// honest replaces a text once, and says so in the manifest.
func honest(t *testing.T, whole []byte, change [2]string) []byte {
	t.Helper()
	var m backupManifest
	return repack(t, whole, func(name string, b []byte) []byte {
		if name == backupEnd {
			text, err := json.Marshal(m)
			must(t, err)
			return text
		}
		b = bytes.Replace(b, []byte(change[0]), []byte(change[1]), 1)
		m.Parts = append(m.Parts, entryOf(name, b))
		return b
	})
}

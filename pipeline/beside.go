package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/captions"
)

// sidecar is a file beside a recording that may be its transcript.
type sidecar struct {
	path     string
	format   captions.Format
	language string // from its name, "" where it has none
}

// beside reads the transcript that lies beside an episode's file: talk.srt, talk.en.srt or talk.mp3.srt of talk.mp3. The best
// format that can be read wins. It has no origin when there is none.
func (p *Pipeline) beside(show models.Show, e models.Episode) (models.Transcript, error) {
	cars, err := sidecars(string(e.Enclosure.Location))
	if err != nil {
		return models.Transcript{}, fmt.Errorf("looking beside %s: %w", e.Enclosure.Location, err)
	}
	wanted := p.languageOf(show)
	slices.SortStableFunc(cars, func(a, b sidecar) int {
		return cmp.Or(foreign(wanted, a.language)-foreign(wanted, b.language), rank("", a.path)-rank("", b.path))
	})
	var failed error
	for _, c := range cars {
		body, err := readSmall(c.path, captions.MaxBytes)
		if err == nil {
			var parsed captions.Parsed
			if parsed, err = captions.Parse(body, c.format); err == nil {
				t := newImport(e, models.TranscriptImport, parsed, body)
				t.Origin.Location = c.path
				t.Language = cmp.Or(c.language, t.Language, wanted)
				return t, nil
			}
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", filepath.Base(c.path), err))
	}
	return models.Transcript{}, failed
}

// sidecars lists what lies beside a recording under its name.
func sidecars(recording string) ([]sidecar, error) {
	folder, name := filepath.Split(recording)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the recording has gone too, and its download says so
	}
	if err != nil {
		return nil, err
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	var out []sidecar
	for _, d := range entries {
		format := captions.FormatOf("", strings.ToLower(d.Name()))
		rest, ok := strings.CutPrefix(strings.TrimSuffix(d.Name(), filepath.Ext(d.Name())), stem)
		if format == "" || !ok {
			continue
		}
		rest = strings.TrimPrefix(rest, filepath.Ext(name)) // talk.mp3.srt
		language := ""
		if rest != "" {
			if language = captions.LanguageOf(strings.TrimPrefix(rest, ".")); !strings.HasPrefix(rest, ".") || language == "" {
				continue
			}
		}
		out = append(out, sidecar{filepath.Join(folder, d.Name()), format, language})
	}
	return out, nil
}

// readSmall reads a regular file that is not longer than most bytes.
func readSmall(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, models.Explain(models.ErrUnusable, "it is no file of at most %d MiB", most>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

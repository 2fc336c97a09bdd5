package weights

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/earshot/earshot/models"
)

// made is a complete model file that waits to be installed.
type made struct {
	file     string
	sha256   string
	bytes    int64
	source   Source
	from     []string
	madeFrom string
}

// Pull installs a model, unless it is installed and intact. The sources are tried in the order of [Options]; the result
// says which one it was, and why the ones before it were not. A quantised model that a source does not have is made from
// its base. When a download breaks off, the next Pull goes on from there. Progress may be nil; it is called from one
// goroutine at a time.
func (s *Store) Pull(ctx context.Context, name string, progress func(Progress)) (Installed, error) {
	m, err := s.lookup(name)
	if err != nil {
		return Installed{}, err
	}
	return s.exclusively(ctx, m, progress, func(report func(Progress)) (made, string, error) {
		return s.obtain(ctx, m, s.workDir(name), report)
	})
}

// exclusively installs what get returns while nobody else works on the model, unless it is installed and intact.
func (s *Store) exclusively(ctx context.Context, m Model, progress func(Progress), get func(func(Progress)) (made, string, error)) (Installed, error) {
	report := progress
	if report == nil {
		report = func(Progress) {}
	}
	unlock, err := s.lock(ctx, m.Name, report)
	if err != nil {
		return Installed{}, explain(err, s.dir)
	}
	defer unlock()
	in, err := s.verify(ctx, m.Name, report)
	if err == nil || ctx.Err() != nil {
		return in, err
	}
	if errors.Is(err, models.ErrInvalid) {
		report(Progress{Note: err.Error()})
	}
	dir := s.workDir(m.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // models are no secret
		return Installed{}, explain(fmt.Errorf("making the folder for models: %w", err), s.dir)
	}
	got, fallback, err := get(report)
	if err != nil {
		return Installed{}, explain(fmt.Errorf("getting model %s: %w", m.Name, err), s.dir)
	}
	in, err = s.install(got.file, Installed{
		Name: m.Name, Source: got.source, From: got.from, MadeFrom: got.madeFrom, SHA256: got.sha256, Bytes: got.bytes,
		Official: m.SHA256 != "" && got.sha256 == m.SHA256,
	})
	if err != nil {
		return in, explain(err, s.dir)
	}
	in.Fallback, in.Fresh = fallback, true
	return in, os.RemoveAll(dir)
}

// obtain tries the sources one after the other. It also returns why earlier ones were not used.
func (s *Store) obtain(ctx context.Context, m Model, dir string, report func(Progress)) (made, string, error) {
	var fallback string
	var failures []error
	for i, source := range s.o.Sources {
		got, err := s.from(ctx, source, m, dir, report)
		if err == nil {
			return got, fallback, nil
		}
		if ctx.Err() != nil || isDiskFull(err) {
			return made{}, "", err
		}
		if errors.Is(err, errNoTool) { // whatever the source
			return made{}, "", joined(append(failures, err))
		}
		s.o.Logger.InfoContext(ctx, "source of models failed", "source", string(source), "model", m.Name, "error", err)
		failures = append(failures, fmt.Errorf("%s: %w", describe(source), err))
		fallback = errors.Join(failures...).Error()
		if i+1 < len(s.o.Sources) {
			report(Progress{Note: fmt.Sprintf("%v: trying %s", failures[i], describe(s.o.Sources[i+1]))})
		}
	}
	return made{}, "", joined(failures)
}

// from gets a model from one source, complete or by making it from its base.
func (s *Store) from(ctx context.Context, source Source, m Model, dir string, report func(Progress)) (made, error) {
	_, mirrored := mirrors()[m.Name]
	switch {
	case source == Official && m.Path != "":
		file := filepath.Join(dir, "official.part")
		err := s.download(ctx, m, file, report)
		return made{file: file, sha256: m.SHA256, bytes: m.Bytes, source: Official, from: []string{s.url(m)}}, err
	case source == Mirror && mirrored:
		return s.fromMirror(ctx, m, dir, report)
	case m.Quantization != "":
		return s.quantized(ctx, source, m, dir, report)
	}
	return made{}, fmt.Errorf("it does not have %s", m.Name)
}

// describe names a source in a sentence.
func describe(source Source) string {
	if source == Official {
		return "the official site"
	}
	return "the " + string(source)
}

// joined puts several failures into one sentence.
func joined(failures []error) error {
	var err error
	for _, f := range failures {
		if err == nil {
			err = f
			continue
		}
		err = fmt.Errorf("%w; %w", err, f)
	}
	return err
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// explain says what to do about a full disk.
func explain(err error, dir string) error {
	if isDiskFull(err) {
		return fmt.Errorf("%w: free some space for %s and try again", err, dir)
	}
	return err
}

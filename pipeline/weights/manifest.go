package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Source says where a model came from.
type Source string

// The sources. The first two can be chosen in [Options].
const (
	Official Source = "official" // the site where whisper.cpp's scripts find the models
	Mirror   Source = "mirror"   // Python wheels, converted here
	Imported Source = "import"   // the owner's own files, converted here
	ByHand   Source = "by hand"  // a file that the owner put into the folder
)

// Installed describes an installed model; as JSON, it is the manifest beside the file.
type Installed struct {
	Name   string `json:"name"`
	Source Source `json:"source"` // of the file, or of the one that it was made from
	// From names what was fetched: the address, or each wheel with its checksum, or the owner's files.
	From []string `json:"from,omitempty"`
	// MadeFrom names the model that a quantised one was made from, with its checksum; "" when it was not made here.
	MadeFrom string `json:"made_from,omitempty"`
	SHA256   string `json:"sha256"`
	Bytes    int64  `json:"bytes"`
	// Official says that the file is the one that the official site has, byte for byte.
	Official    bool      `json:"official"`
	InstalledAt time.Time `json:"installed_at"`

	Path    string `json:"-"`
	Problem string `json:"-"` // why the file cannot be used and what to do; "" when a quick look found nothing
	// Fallback says why an earlier source was not used, "" when the first one did. Set by Pull only.
	Fallback string `json:"-"`
	// Fresh says that Pull installed the model now; it was there already otherwise.
	Fresh bool `json:"-"`
}

// maxManifest bounds the manifest's size in bytes.
const maxManifest = 1 << 16

// manifestPath is the manifest of the model file at path.
func manifestPath(path string) string { return strings.TrimSuffix(path, ".bin") + ".json" }

// readManifest gives an error wrapping fs.ErrNotExist when there is none.
func readManifest(path string) (Installed, error) {
	var in Installed
	f, err := os.Open(path)
	if err != nil {
		return in, fmt.Errorf("opening its manifest: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return in, fmt.Errorf("reading its manifest: %w", err)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return in, fmt.Errorf("its manifest %s cannot be read: %w", filepath.Base(path), err)
	}
	return in, nil
}

// install moves a complete, checked and synced file to its place and writes its manifest.
func (s *Store) install(file string, in Installed) (Installed, error) {
	in.Path = filepath.Join(s.dir, fileName(in.Name))
	in.InstalledAt = time.Now().UTC().Truncate(time.Second)
	data, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return in, fmt.Errorf("describing the model: %w", err)
	}
	manifest := manifestPath(in.Path)
	staged := filepath.Join(filepath.Dir(file), "manifest.json")
	steps := []func() error{
		func() error { return writeSynced(staged, append(data, '\n')) },
		func() error { return removeIfThere(manifest) },
		func() error { return os.Rename(file, in.Path) },
		func() error { return os.Rename(staged, manifest) },
		func() error { return syncDir(s.dir) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return in, fmt.Errorf("installing the model: %w", err)
		}
	}
	return in, nil
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644) //nolint:gosec // a manifest is no secret
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncDir makes renames within a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	fileName    = "calibration.json"
	fileVersion = 1
	mostEntries = 16
	maxFile     = 1 << 20 // bytes
)

// Key is what a measurement holds for.
type Key struct {
	Models    []string `json:"models"`    // that were compared, the default one first
	Processor string   `json:"processor"` // for example "AMD EPYC"
	Cores     int      `json:"cores"`
	Engine    string   `json:"engine"` // for example "whisper.cpp 1.9.1"
	Device    string   `json:"device"` // for example "CPU (OpenBLAS)"
}

func (k Key) equal(o Key) bool {
	return slices.Equal(k.Models, o.Models) && k.Processor == o.Processor && k.Cores == o.Cores && k.Engine == o.Engine && k.Device == o.Device
}

// Calibration is the result of measuring.
type Calibration struct {
	Key
	Best   Way       `json:"best"`
	Trials []Trial   `json:"trials"`
	At     time.Time `json:"at"`
}

// file is calibration.json.
type file struct {
	Version      int           `json:"version"`
	Calibrations []Calibration `json:"calibrations"` // the latest first
}

// Load finds the calibration for a key in the folder of the weights. A file that is missing, damaged or of another version
// has none: it is measured again.
func Load(folder string, key Key) (Calibration, bool) {
	f, err := os.Open(filepath.Join(folder, fileName))
	if err != nil {
		return Calibration{}, false
	}
	defer f.Close()
	known, err := read(f)
	if err != nil {
		return Calibration{}, false
	}
	i := slices.IndexFunc(known.Calibrations, func(c Calibration) bool { return c.equal(key) })
	if i < 0 {
		return Calibration{}, false
	}
	return known.Calibrations[i], true
}

// read keeps what can be used.
func read(r io.Reader) (file, error) {
	var f file
	if err := json.NewDecoder(io.LimitReader(r, maxFile)).Decode(&f); err != nil {
		return file{}, fmt.Errorf("reading the calibration: %w", err)
	}
	if f.Version != fileVersion {
		return file{}, fmt.Errorf("the calibration has version %d instead of %d", f.Version, fileVersion)
	}
	f.Calibrations = slices.DeleteFunc(f.Calibrations, func(c Calibration) bool {
		b := c.Best
		return b.Decoders < 1 || b.Threads < 1 || c.Cores < 1 || b.Threads > mostThreads || b.Decoders > mostDecoders ||
			b.Decoders*b.Threads > c.Cores || !slices.Contains(c.Models, b.Model)
	})
	return f, nil
}

// Save stores a calibration beside the weights, in place of an earlier one for the same key.
func Save(folder string, c Calibration) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("storing the calibration in %s: %w", folder, err)
		}
	}()
	path := filepath.Join(folder, fileName)
	var known file
	if f, openErr := os.Open(path); openErr == nil {
		known, _ = read(f) // a damaged one is replaced
		_ = f.Close()      // it was only read
	}
	rest := slices.DeleteFunc(known.Calibrations, func(o Calibration) bool { return o.equal(c.Key) })
	all := append([]Calibration{c}, rest...)
	data, err := json.MarshalIndent(file{fileVersion, all[:min(len(all), mostEntries)]}, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(folder, ".calibration-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it is not there when all went well
	if _, err := tmp.Write(append(data, '\n')); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

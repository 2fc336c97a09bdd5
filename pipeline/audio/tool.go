package audio

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// SampleRate is the rate of decoded audio in Hz, the one that whisper and the Silero VAD are made for.
const SampleRate = 16000

// ErrNoFFmpeg says that the programs that this package needs are not there.
var ErrNoFFmpeg = errors.New("ffmpeg and ffprobe were not found: install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg)")

// Options has the settings of a [Tool]; the zero value of each field means its default.
type Options struct {
	FFmpeg  string // path or name of the program; default "ffmpeg"
	FFprobe string // path or name of the program; default "ffprobe"
	// Stall is how long a child may give no output before it is killed; default 30 s. Time that the reader of a stream
	// spends elsewhere does not count.
	Stall time.Duration
	// ProbeTimeout bounds a whole probe; default 30 s.
	ProbeTimeout time.Duration
	// MemoryBytes limits the address space of a child; default 1 GiB. Needs prlimit.
	MemoryBytes int64
	// MaxDuration is the greatest length decoded; the rest is dropped with a warning. Default 48 h.
	MaxDuration time.Duration
}

// Tool probes and decodes media files. It is safe for use by several goroutines; every call runs its own child.
type Tool struct {
	o       Options
	prlimit string // "" where it is not installed
	name    string // see For
}

// New returns a tool. It does not look for ffmpeg yet: a missing one is reported, as [ErrNoFFmpeg], by [Tool.Check] and by
// every call that needs it, so that it may be installed while the program runs.
func New(o Options) *Tool {
	if o.FFmpeg == "" {
		o.FFmpeg = "ffmpeg"
	}
	if o.FFprobe == "" {
		o.FFprobe = "ffprobe"
	}
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	if o.ProbeTimeout <= 0 {
		o.ProbeTimeout = 30 * time.Second
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 1 << 30
	}
	if o.MaxDuration <= 0 {
		o.MaxDuration = 48 * time.Hour
	}
	t := &Tool{o: o}
	if p, err := exec.LookPath("prlimit"); err == nil {
		t.prlimit = p
	}
	return t
}

// For returns a tool whose messages call the file by name, because its own says nothing: stored audio is named by its hash.
func (t *Tool) For(name string) *Tool {
	named := *t
	named.name = cleanTag(name)
	return &named
}

// call is what messages call a file.
func (t *Tool) call(f *os.File) string {
	if t.name != "" {
		return t.name
	}
	return baseName(f.Name())
}

// Check reports [ErrNoFFmpeg] when ffmpeg or ffprobe is missing.
func (t *Tool) Check() error {
	for _, name := range []string{t.o.FFmpeg, t.o.FFprobe} {
		if _, err := find(name); err != nil {
			return err
		}
	}
	return nil
}

// find returns the path of a program, or ErrNoFFmpeg.
func find(name string) (string, error) {
	p, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w (%s: %w)", ErrNoFFmpeg, name, err)
	}
	return p, nil
}

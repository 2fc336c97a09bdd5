package audio

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/child"
)

// errStalled is the cause of the death of a child that gave no output for too long.
var errStalled = errors.New("no output for too long")

// layout is the form that ffmpeg gives samples in. Those of several channels are interleaved.
type layout struct {
	rate, channels int
	filter         string // goes before the others: "", or with a comma at its end
}

// perMS is the number of samples of a millisecond, those of all channels counted.
func (l layout) perMS() int64 { return int64(l.rate / 1000 * l.channels) }

// Stream is the audio of a file from a moment on. It is for one goroutine. Close must be called.
type Stream struct {
	info    Info
	perMS   int64 // samples
	name    string
	file    *os.File
	ctx     context.Context //nolint:containedctx // the stream is the call: it ends when its context does
	cancel  context.CancelCauseFunc
	stall   time.Duration
	max     int64 // samples
	cmd     *exec.Cmd
	proc    *child.Process
	out     *bufio.Reader
	raw     []byte
	pad     int64 // samples of silence still to come before the audio starts
	skip    int64 // samples still to be thrown away
	heard   bool  // ffmpeg has given something
	decoded int64 // samples decoded since the start of the file
	warning string
	err     error // sticky; io.EOF after the last sample
}

// Decode starts decoding the first audio stream of f from fromMS milliseconds on. It probes f first: an error of Decode is
// one of [Tool.Probe]'s, or that ffmpeg cannot be started. f must stay open until the stream is closed.
//
// The samples are exactly those that a stream from the start gives from that moment on, whatever the format: what comes
// before is decoded and thrown away, which costs one second for each ten minutes or so of audio and cannot drift.
func (t *Tool) Decode(ctx context.Context, f *os.File, fromMS int64) (*Stream, error) {
	return t.DecodeMix(ctx, f, fromMS, Mix{})
}

// DecodeMix is Decode for a stereo recording whose sides are put together in a way of their own, see [Tool.Sides].
func (t *Tool) DecodeMix(ctx context.Context, f *os.File, fromMS int64, mix Mix) (*Stream, error) {
	p, err := t.probe(ctx, f)
	if err != nil {
		return nil, err
	}
	s, err := t.start(ctx, f, p, layout{rate: SampleRate, channels: 1, filter: mix.filter()})
	if err != nil {
		return nil, err
	}
	s.skip = max(fromMS, 0) * s.perMS
	return s, nil
}

// start starts ffmpeg to decode a probed file.
func (t *Tool) start(ctx context.Context, f *os.File, p probed, l layout) (*Stream, error) {
	args := []string{
		"-nostdin", "-hide_banner", "-v", "error",
		"-protocol_whitelist", protocols, "-format_whitelist", formats, "-codec_whitelist", audioCodecs,
		"-threads", "1", "-filter_threads", "1",
	}
	if p.force != "" {
		args = append(args, "-f", p.force)
	}
	args = append(args,
		"-i", inputPlaceholder,
		"-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1",
		"-t", strconv.FormatInt(int64(t.o.MaxDuration/time.Second)+1, 10),
		// Gaps are filled, see the package comment: the player's timeline. A late start is not, by ffmpeg: where the form of
		// the audio changes, as it does around adverts, it would take what follows for another start and fill that up too.
		"-af", l.filter+"aresample="+strconv.Itoa(l.rate)+":async=1",
		"-ac", strconv.Itoa(l.channels), "-ar", strconv.Itoa(l.rate), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1")
	ctx, cancel := context.WithCancelCause(ctx)
	cmd, err := t.command(ctx, t.o.FFmpeg, f, limits{memory: t.o.MemoryBytes, cpu: cpuLimit(p)}, args)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	proc, err := child.Start(cmd, stderrBytes)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	return &Stream{
		info: p.Info, perMS: l.perMS(), name: t.call(f), file: f, ctx: ctx, cancel: cancel, stall: t.o.Stall,
		max: int64(t.o.MaxDuration/time.Millisecond) * l.perMS(), cmd: cmd, proc: proc,
		out: bufio.NewReaderSize(proc.Stdout, 64<<10), pad: int64(p.late.Seconds()*float64(l.rate)+0.5) * int64(l.channels),
	}, nil
}

// cpuLimit is generous: the slowest codec on a small board decodes about forty times faster than it plays, and a file that
// does not tell its length is taken to hold 4 kB for every second.
func cpuLimit(p probed) time.Duration {
	ms := max(p.DurationMS, p.bytes/4)
	return time.Minute + time.Duration(ms)*time.Millisecond/4
}

// Info is what probing the file told.
func (s *Stream) Info() Info { return s.info }

// DecodedMS is the position that decoding has reached, in milliseconds since the start of the file. After io.EOF it is
// the length of the audio.
func (s *Stream) DecodedMS() int64 { return s.decoded / s.perMS }

// Warning says, after io.EOF, what the reader of a transcript should know of the file: that it ends early, or that parts
// of it could not be decoded. It is "" for a sound file.
func (s *Stream) Warning() string { return s.warning }

// Read fills buf with the next samples and returns how many; it returns fewer than asked for only at the end. The error is
// io.EOF after the last sample, models.ErrUnusable when the file holds no sample that can be decoded, and any other error
// when something else went wrong: then the audio is not complete.
func (s *Stream) Read(buf []float32) (int, error) {
	for s.err == nil && s.skip > 0 {
		n, err := s.read(nil, int(min(s.skip, 16384)))
		s.skip -= int64(n)
		s.err = err
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.read(buf, len(buf))
	s.err = err
	if n > 0 && errors.Is(err, io.EOF) {
		return n, nil
	}
	return n, err
}

// read takes the next n samples into dst, or nowhere when dst is nil.
func (s *Stream) read(dst []float32, n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	if cap(s.raw) < 4*n {
		s.raw = make([]byte, 4*n)
	}
	raw := s.raw[:4*n]
	silent := int(min(s.pad, int64(n)))
	s.pad -= int64(silent)
	clear(raw[:4*silent])
	got, err := s.readBytes(raw[4*silent:])
	s.heard = s.heard || got > 0
	got = silent + got/4
	for i := range dst[:min(got, len(dst))] {
		v := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if v != v || v > 8 || v < -8 { // NaN and infinities of damaged float files would poison everything after them
			v = 0
		}
		dst[i] = v
	}
	s.decoded += int64(got)
	if s.decoded > s.max {
		over := int(s.decoded - s.max)
		s.decoded = s.max
		s.stop()
		s.warning = fmt.Sprintf("only the first %s were decoded: the file is longer than the limit", seconds(s.DecodedMS()))
		return max(0, got-over), io.EOF
	}
	if err != nil {
		return got, s.end(err)
	}
	return got, nil
}

// readBytes fills raw, and kills a child that gives nothing for too long.
func (s *Stream) readBytes(raw []byte) (int, error) {
	watch := time.AfterFunc(s.stall, func() { s.cancel(errStalled) })
	defer watch.Stop()
	got := 0
	for got < len(raw) {
		n, err := s.out.Read(raw[got:])
		got += n
		if err != nil {
			return got, err
		}
		watch.Reset(s.stall)
	}
	return got, nil
}

// end reaps the child after the end of its output and tells how it went: io.EOF, or why the audio is not complete.
func (s *Stream) end(readErr error) error {
	<-s.proc.Done()
	cause := context.Cause(s.ctx)
	ps := s.cmd.ProcessState
	switch {
	case errors.Is(cause, errStalled):
		return fmt.Errorf("decoding %s: ffmpeg gave no audio for %s at %s: the file is damaged, or the machine is overloaded", s.name, s.stall, seconds(s.DecodedMS()))
	case cause != nil:
		return fmt.Errorf("decoding %s: %w", s.name, cause)
	case !errors.Is(readErr, io.EOF):
		return fmt.Errorf("decoding %s: %w", s.name, readErr)
	case signalled(ps) && !diedOfItsInput(ps):
		return fmt.Errorf("decoding %s: ffmpeg was ended from outside (%s): is the machine short of memory?", s.name, ps)
	}
	lines := complaints(s.proc.Stderr, s.file)
	if !s.heard {
		if len(lines) == 0 && s.proc.Wait() == nil {
			return models.Explain(models.ErrUnusable, "%s holds no audio: its length is 0", s.name)
		}
		return models.Explain(models.ErrUnusable, "%s is not an audio file that ffmpeg can decode: %s", s.name, reason(lines))
	}
	s.warning = s.verdict(lines)
	return io.EOF
}

// verdict compares what was decoded with what the file declares. Complaints alone are no reason to worry anybody: ffmpeg
// makes some about most files that were ever edited.
func (s *Stream) verdict(lines []string) string {
	ms, declared := s.DecodedMS(), s.info.DurationMS
	if !s.info.Estimated && declared-ms > max(1000, declared/50) {
		return fmt.Sprintf("the file ends early or is damaged: %s decoded of %s declared", seconds(ms), seconds(declared))
	}
	if s.proc.Wait() != nil {
		return fmt.Sprintf("the file is damaged: decoding stopped at %s: %s", seconds(ms), reason(lines))
	}
	return ""
}

// stop kills the child and waits until it is gone.
func (s *Stream) stop() {
	s.cancel(context.Canceled)
	_ = s.proc.Stdout.Close() // nothing more is read
	<-s.proc.Done()
}

// Close ends the child, if it still runs, and frees the stream. It may be called at any time and more than once.
func (s *Stream) Close() error {
	s.stop()
	if s.err == nil {
		s.err = os.ErrClosed
	}
	return nil
}

// seconds prints a length for people.
func seconds(ms int64) string {
	return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + " s"
}

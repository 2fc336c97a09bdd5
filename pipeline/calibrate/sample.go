package calibrate

import (
	"context"
	_ "embed" // the sample
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/whisper"
)

//go:embed sample/speech.ogg
var sampleFile []byte

// pauseSamples of silence lie between two copies of the sample: more than a chunk may hold, so that each copy is a chunk of
// its own. Two of them in one chunk would look like a loop of the decoder, and be decoded several times.
const pauseSamples = 6 * whisper.SampleRate

// Sample decodes the sample to samples of 16 kHz. It gives audio.ErrNoFFmpeg where there is none.
func Sample(ctx context.Context, tool *audio.Tool) (samples []float32, err error) {
	f, err := os.CreateTemp("", "earshot-sample-*.ogg")
	if err != nil {
		return nil, fmt.Errorf("writing the sample: %w", err)
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }() // it was only for ffmpeg
	if _, err := f.Write(sampleFile); err != nil {
		return nil, fmt.Errorf("writing the sample: %w", err)
	}
	stream, err := tool.Decode(ctx, f, 0)
	if err != nil {
		return nil, fmt.Errorf("decoding the sample: %w", err)
	}
	defer stream.Close()
	buf := make([]float32, whisper.SampleRate)
	for {
		n, err := stream.Read(buf)
		samples = append(samples, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decoding the sample: %w", err)
		}
	}
}

// loop is a recording: the same samples, so many times, each time with a pause behind.
type loop struct {
	samples []float32
	times   int
	at      int
}

func (l *loop) Close() error { return nil }

func (l *loop) Read(b []float32) (int, error) {
	if l.at == len(l.samples)+pauseSamples {
		l.at = 0
		l.times--
	}
	if l.times <= 0 {
		return 0, io.EOF
	}
	var n int
	if l.at < len(l.samples) {
		n = copy(b, l.samples[l.at:])
	} else {
		n = min(len(b), len(l.samples)+pauseSamples-l.at)
		clear(b[:n])
	}
	l.at += n
	return n, nil
}

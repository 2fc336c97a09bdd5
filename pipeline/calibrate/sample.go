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

// pauseSamples lie between two copies of the sample, so that each is a stretch of speech of its own.
const pauseSamples = whisper.SampleRate

// Sample decodes the sample to samples of 16 kHz, with a pause at its end. It gives audio.ErrNoFFmpeg where there is none.
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
			return append(samples, make([]float32, pauseSamples)...), nil
		}
		if err != nil {
			return nil, fmt.Errorf("decoding the sample: %w", err)
		}
	}
}

// loop is a recording: the same samples, so many times.
type loop struct {
	samples []float32
	times   int
	at      int
}

func (l *loop) Close() error { return nil }

func (l *loop) Read(b []float32) (int, error) {
	if l.at == len(l.samples) {
		l.at = 0
		l.times--
	}
	if l.times <= 0 {
		return 0, io.EOF
	}
	n := copy(b, l.samples[l.at:])
	l.at += n
	return n, nil
}

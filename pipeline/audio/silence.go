package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/earshot/earshot/models"
)

const (
	silencePad  = 60    // ms more on either side: where a word begins and ends is measured to some 40 ms
	silenceStep = "480" // samples at 48 kHz, 10 ms: how exactly silence begins and ends
	// audible is what may be heard in a silenced stretch, of 1: a hundredth of what is whispered. Encoders leave a trace.
	audible = 0.002
	// edge is how far from its ends a silenced stretch is listened to, in ms: sound rings into the 43 ms that AAC encodes at a time.
	edge = 55
)

// WriteSilenced writes f to out, an empty file, as AAC in an MP4 file on the same timeline, without a sound in the stretches held,
// which are in order, none meeting another. It is encoded anew throughout, and nothing else of f is in it: no tag, no picture, no
// chapter. What was written is listened to before it is given out: the error is models.ErrUnusable where a stretch can be heard in it.
func (t *Tool) WriteSilenced(ctx context.Context, held []models.Span, f, out *os.File) error {
	p, err := t.probe(ctx, f)
	if err != nil {
		return err
	}
	held = models.Widened(held, silencePad)
	// The filter silences whole frames, by the time of their first sample: short ones.
	filter := "aresample=48000:async=1,asetnsamples=n=" + silenceStep + ":p=0,volume=volume=0:enable='" + whileHeld(held) + "'"
	if p.late > 0 { // said in the table of an MP4 file without a picture, it is understood in different ways
		filter += fmt.Sprintf(",adelay=delays=%d:all=1,asetpts=PTS-STARTPTS", p.late.Milliseconds())
	}
	if err := t.write(ctx, f, out, p, lengthMS(p)*32, nil, append(encoder(p), "-af", filter, "-f", "mp4")); err != nil {
		return err
	}
	return t.listenFor(ctx, held, out)
}

// whileHeld is held as an expression of ffmpeg's: not outside. So it holds too where a frame has no time.
func whileHeld(held []models.Span) string {
	secs := func(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
	var outside []string
	from := int64(0)
	for _, s := range held {
		if s.StartMS > from {
			outside = append(outside, "gte(t,"+secs(from)+")*lt(t,"+secs(s.StartMS)+")")
		}
		from = s.EndMS
	}
	if from < models.Forever {
		outside = append(outside, "gte(t,"+secs(from)+")")
	}
	if len(outside) == 0 {
		return "1"
	}
	return "not(" + strings.Join(outside, "+") + ")"
}

// listenFor returns an error that is models.ErrUnusable where something can be heard in f while it is held.
func (t *Tool) listenFor(ctx context.Context, held []models.Span, f *os.File) error {
	s, err := t.Decode(ctx, f, 0)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	buf := make([]float32, 16384)
	for at := int64(0); ; {
		n, err := s.Read(buf)
		for _, v := range buf[:n] {
			ms := at / (SampleRate / 1000)
			for len(held) > 0 && ms >= held[0].EndMS-edge {
				held = held[1:]
			}
			if len(held) == 0 {
				return nil
			}
			if ms >= held[0].StartMS+edge && (v > audible || v < -audible) {
				return models.Explain(models.ErrUnusable, "%s cannot be played: what is private could be heard at %s", t.call(f), seconds(ms))
			}
			at++
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

package whisper

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// recording is a made-up voice track: probabilities frame by frame, and samples that hold their own number so that a
// chunk's audio can be checked.
type recording struct{ probs []float32 }

func (r *recording) speech(ms int) *recording  { return r.add(ms, 0.9) }
func (r *recording) silence(ms int) *recording { return r.add(ms, 0.02) }

func (r *recording) add(ms int, p float32) *recording {
	for range ms * samplesMS / vadFrame {
		r.probs = append(r.probs, p)
	}
	return r
}

// chunks runs the recording through a chunker in batches as the child does.
func (r *recording) chunks(t *testing.T) []chunk {
	t.Helper()
	var c chunker
	var out []chunk
	var n int
	for batch := range slices.Chunk(r.probs, 32) {
		samples := make([]float32, len(batch)*vadFrame)
		for i := range samples {
			samples[i] = float32(n)
			n++
		}
		out = append(out, c.add(samples, batch)...)
		if waiting := len(c.samples); waiting > 2*longestChunk+3*SampleRate {
			t.Fatalf("the chunker holds %d samples: its memory must not grow", waiting)
		}
	}
	return append(out, c.finish()...)
}

func ms(samples int64) int64 { return samples / samplesMS }

func TestChunksHoldTheSpeech(t *testing.T) {
	r := (&recording{}).silence(2000).speech(3000).silence(500).speech(2000).silence(6000).speech(1000).silence(300)
	got := r.chunks(t)
	if len(got) != 2 {
		t.Fatalf("%d chunks, want 2: a long silence ends a chunk, a short one does not", len(got))
	}
	for i, want := range []span{{2000, 7500}, {13500, 14500}} {
		s := span{got[i].speech[0].start, got[i].speech[len(got[i].speech)-1].end}
		if d := ms(s.start) - want.start; d < -100 || d > 100 {
			t.Errorf("chunk %d: speech begins at %d ms, want about %d", i, ms(s.start), want.start)
		}
		if d := ms(s.end) - want.end; d < -100 || d > 100 {
			t.Errorf("chunk %d: speech ends at %d ms, want about %d", i, ms(s.end), want.end)
		}
		if got[i].samples[0] != float32(got[i].audio.start) || int64(len(got[i].samples)) != got[i].audio.len() {
			t.Errorf("chunk %d: the samples are not those of %v", i, got[i].audio)
		}
	}
}

func TestChunksAreCutAtTheLongestPause(t *testing.T) {
	r := (&recording{}).speech(9000).silence(200).speech(8000).silence(900).speech(6000).silence(200).speech(9000).silence(1000)
	got := r.chunks(t)
	if len(got) != 2 {
		t.Fatalf("%d chunks, want 2", len(got))
	}
	if end := ms(got[0].audio.end); end < 17200 || end > 18200 {
		t.Errorf("the cut is at %d ms, want it in the pause from 17200 to 18100 ms", end)
	}
}

func TestSpeechWithoutPausesIsCutAtItsQuietest(t *testing.T) {
	r := (&recording{}).speech(22000).add(32, 0.6).speech(80000)
	got := r.chunks(t)
	if len(got) < 4 {
		t.Fatalf("%d chunks of 102 s of speech without a pause, want at least 4", len(got))
	}
	if end := ms(got[0].audio.end); end < 21900 || end > 22200 {
		t.Errorf("the first cut is at %d ms, want it where the speech is weakest, at 22000", end)
	}
}

func TestChunksNeverOverlapNorLoseSpeech(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := &recording{}
		for range 60 {
			r.speech(rng.IntN(9000)).silence(rng.IntN(1500))
			if rng.IntN(8) == 0 {
				r.silence(rng.IntN(20000))
			}
		}
		covered := int64(0)
		last := int64(0)
		for _, c := range r.chunks(t) {
			if c.audio.start < last || c.audio.len() <= 0 {
				t.Fatalf("seed %d: a chunk %v after one that ends at %d", seed, c.audio, last)
			}
			if c.audio.len() > longestChunk+2*speechPadding {
				t.Fatalf("seed %d: a chunk of %d ms", seed, ms(c.audio.len()))
			}
			last = c.audio.end
			for _, s := range c.speech {
				if s.start < c.audio.start || s.end > c.audio.end {
					t.Fatalf("seed %d: speech %v is cut off by its chunk %v", seed, s, c.audio)
				}
				covered += s.len()
			}
		}
		var want int64
		for run := range runs(r.probs) {
			if n := int64(run) * vadFrame; n >= minSpeech {
				want += n
			}
		}
		if covered < want {
			t.Fatalf("seed %d: %d ms of speech in chunks, %d ms spoken", seed, ms(covered), ms(want))
		}
	}
}

// runs yields the lengths of the runs of frames with speech.
func runs(probs []float32) func(func(int) bool) {
	return func(yield func(int) bool) {
		n := 0
		for _, p := range append(slices.Clone(probs), 0) {
			if p >= speechThreshold {
				n++
			} else if n > 0 {
				if !yield(n) {
					return
				}
				n = 0
			}
		}
	}
}

func TestSilenceGivesNothing(t *testing.T) {
	if got := (&recording{}).silence(600_000).chunks(t); len(got) != 0 {
		t.Errorf("%d chunks of silence", len(got))
	}
	if got := (&recording{}).chunks(t); len(got) != 0 {
		t.Errorf("%d chunks of nothing", len(got))
	}
}

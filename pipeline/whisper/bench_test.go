//go:build !stub

package whisper_test

import (
	"testing"
	"time"

	"github.com/earshot/earshot/pipeline/whisper"
)

// BenchmarkDecoders measures how much faster the decoders are together than one of them alone, on the same recording in the
// same run: "speedup", and what that makes in times real time.
func BenchmarkDecoders(b *testing.B) {
	req := request(b)
	req.Language = "en"
	samples := long(b)
	seconds := float64(len(samples)) / whisper.SampleRate
	took := func(decoders int) float64 {
		req.Decoders = decoders
		started := time.Now()
		transcribe(b, req, samples)
		return time.Since(started).Seconds()
	}
	for b.Loop() {
		alone, together := took(1), took(0)
		b.ReportMetric(alone/together, "speedup")
		b.ReportMetric(seconds/together, "×realtime")
	}
}

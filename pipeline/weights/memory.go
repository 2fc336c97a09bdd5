package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

// Footprint is what decoding with a model takes of memory, in bytes.
type Footprint struct {
	Weights int64 // the model's numbers, once for all decoders
	Decoder int64 // the state of each decoder
}

// processBytes is what transcribing takes beside the model, about: this process, the decoding process, ffmpeg and the voice
// activity detector.
const processBytes = 100e6

// Needs is what so many decoders take together.
func (f Footprint) Needs(decoders int) int64 {
	return f.Weights + processBytes + int64(max(decoders, 1))*f.Decoder
}

// Fitting returns how many decoders, at most wanted, fit into so many bytes; 0 when not even one does.
func (f Footprint) Fitting(available int64, wanted int) int {
	for n := wanted; n > 0; n-- {
		if f.Needs(n) <= available {
			return n
		}
	}
	return 0
}

// shape is the part of a model's measures that memory depends on.
type shape struct{ mels, state, heads, textLayers, vocabulary int64 }

// shapes are those of the official models, by the beginning of their names (openai/whisper, model card).
func shapes() []struct {
	prefix string
	shape
} {
	const tokens = 51865
	return []struct {
		prefix string
		shape
	}{
		{"tiny", shape{80, 384, 6, 4, tokens}},
		{"base", shape{80, 512, 8, 6, tokens}},
		{"small", shape{80, 768, 12, 12, tokens}},
		{"medium", shape{80, 1024, 16, 24, tokens}},
		{"large-v3-turbo", shape{128, 1280, 20, 4, tokens}},
		{"large", shape{128, 1280, 20, 32, tokens}},
	}
}

// decoderBytes is the state of one decoder at its largest: beam search of five with the full context, a full prompt and as much
// text as whisper writes. The caches follow from whisper.cpp's sources as native/whisper.cpp.patch leaves them (whisper_init_state;
// whisper_full, "room for the prompt"); the graphs' buffers are fitted to what it logs for models of every size, with word
// alignment, on x86-64.
func (s shape) decoderBytes() int64 {
	const (
		audio     = 1536 // positions of the encoder, padded
		text      = 1536 // positions of the decoder: a prompt and five texts, padded
		half      = 2    // bytes of a cached value
		single    = 4    // bytes of a value in a graph
		textMax   = 448  // tokens that the decoder's graph is made for
		aligned   = 225  // tokens of the longest text that is aligned
		matrices  = 22   // of its tokens × positions, while it is
		beams     = 5
		candidate = 28 // bytes of a beam for every token of the vocabulary
	)
	caches := s.textLayers*s.state*2*half*(text+audio) + s.state*2*half*audio
	encode := 7 * s.state * 1500 * single
	if runtime.GOARCH != "amd64" {
		encode += s.heads * 1500 * 1500 * single // the attention as a whole
	}
	convolve := 3000 * (s.mels + 2*s.state) * single
	decode := s.textLayers*s.heads*textMax*512*single + 20*textMax*1500*single
	align := int64(matrices * aligned * 1500 * single)
	return caches + encode + convolve + decode + align + beams*candidate*s.vocabulary
}

// Footprint returns what decoding with m takes; nothing for a model that does not decode.
func (m Model) Footprint() Footprint {
	if m.Kind != Speech {
		return Footprint{}
	}
	for _, s := range shapes() {
		if strings.HasPrefix(m.Name, s.prefix) {
			return Footprint{Weights: m.Bytes, Decoder: s.decoderBytes()}
		}
	}
	return Footprint{Weights: m.Bytes, Decoder: m.Bytes}
}

// Footprint returns what decoding with an installed model takes, by its file's own measures. It gives the errors of Path.
func (s *Store) Footprint(name string) (Footprint, error) {
	in, err := s.installed(name)
	if err != nil {
		return Footprint{}, err
	}
	f, err := os.Open(in.Path)
	if err != nil {
		return Footprint{}, fmt.Errorf("opening model %s: %w", name, err)
	}
	defer f.Close()
	var h [11]int32 // magic, vocabulary, audio context, state, heads, layers; text context, state, heads, layers; mels
	if err := binary.Read(io.LimitReader(f, 64), binary.LittleEndian, &h); err != nil {
		return Footprint{}, damaged(name, "it ends in its header")
	}
	for _, n := range h[1:] {
		if n <= 0 || n > 1<<17 {
			return Footprint{}, damaged(name, "its header makes no sense")
		}
	}
	is := shape{vocabulary: int64(h[1]), state: int64(h[3]), heads: int64(h[4]), textLayers: int64(h[9]), mels: int64(h[10])}
	return Footprint{Weights: in.Bytes, Decoder: is.decoderBytes()}, nil
}

// Fitting names models for the same languages as name that fit into so many bytes with one decoder, at most four, those
// in installed first, better ones before worse ones.
func Fitting(name string, available int64, installed []Installed) []string {
	want := Multilingual
	if m, err := Lookup(name); err == nil {
		want = m.Languages
	}
	// One of each size is enough to choose from.
	sizes := []string{"large-v3", "large-v3-turbo", "medium", "small", "base", "tiny"}
	fits := func(n string) bool {
		m, err := Lookup(n)
		return err == nil && n != name && m.Kind == Speech && m.Footprint().Needs(1) <= available &&
			(m.Languages == want || want == EnglishOnly && m.Languages == Multilingual)
	}
	var here, others []string
	for _, size := range sizes {
		if want == EnglishOnly {
			size += ".en"
		}
		for _, n := range []string{size, size + "-q8_0", size + "-q5_0", size + "-q5_1"} {
			if slices.ContainsFunc(installed, func(in Installed) bool { return in.Name == n && in.Problem == "" }) && fits(n) {
				here = append(here, n+" (installed)")
			}
		}
		for _, n := range []string{size + "-q8_0", size + "-q5_0", size} {
			if !slices.ContainsFunc(here, func(h string) bool { return strings.HasPrefix(h, size) }) && fits(n) {
				others = append(others, n)
				break
			}
		}
	}
	all := append(here, others...)
	return all[:min(len(all), 4)]
}

// DoesNotFit is the error for a model that needs more memory than there is; it names those that fit.
func DoesNotFit(name string, f Footprint, available int64, where string, installed []Installed) error {
	what := fmt.Sprintf("the model %s does not fit: transcribing with it takes about %s of memory, and %s is available%s", name, inGB(f.Needs(1)), inGB(available), where)
	fitting := Fitting(name, available, installed)
	if len(fitting) == 0 {
		return models.Explain(models.ErrInvalid, "%s; no other model fits either: close other programs, or use a machine with more memory", what)
	}
	return models.Explain(models.ErrInvalid, "%s: choose another with --model: %s", what, strings.Join(fitting, ", "))
}

func inGB(n int64) string { return fmt.Sprintf("%.1f GB", float64(max(n, 0))/1e9) }

package whisper

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"

	"github.com/earshot/earshot/models"
)

// SampleRate is the rate of all samples here, in Hz.
const SampleRate = 16000

const (
	maxFrame   = 1 << 20 // samples in one frame, 65 s
	maxLine    = 8 << 20 // bytes in one JSON line from the child
	maxOrder   = 1 << 20 // bytes in one JSON line to the child
	samplesMS  = SampleRate / 1000
	frameBytes = 4
)

// Request is what the child is asked to do with the samples that follow.
type Request struct {
	Model string `json:"model"` // path of the model's ggml file
	VAD   string `json:"vad"`   // path of the Silero VAD's ggml file
	// Language is an ISO 639-1 code as whisper knows it; models.LanguageAuto to detect one language for the whole recording
	// from its first speech; or models.LanguageMixed to detect it for every chunk anew.
	Language string `json:"language"`
	// MainLanguage spares the detection at the start when an earlier attempt found the recording's language
	// ([Window.MainLanguage]); "" otherwise. Without it the same language is found again.
	MainLanguage string                `json:"main_language,omitempty"`
	Task         models.TranscriptTask `json:"task,omitempty"`   // the zero value means models.TaskTranscribe
	Prompt       string                `json:"prompt,omitempty"` // vocabulary, given to the decoder before every chunk; the end is kept when it is too long
	Decoders     int                   `json:"decoders"`         // chunks decoded at a time; 0 means one a core
	Threads      int                   `json:"threads"`          // of each decoder; 0 means 1
	// SkipMS leaves out the chunks that end at or before it, because an earlier attempt has stored them.
	SkipMS int64 `json:"skip_ms,omitempty"`
}

func (r Request) decoders() int {
	if r.Decoders <= 0 {
		return runtime.GOMAXPROCS(0) // respects a container's quota
	}
	return r.Decoders
}

func (r Request) threads() int { return max(r.Threads, 1) }

// Window is the result of one chunk. Windows arrive in the order of the recording.
type Window struct {
	Language     string           `json:"language"`      // that the chunk was decoded in
	MainLanguage string           `json:"main_language"` // of the whole recording: the same in all its windows
	StartMS      int64            `json:"start_ms"`
	CursorMS     int64            `json:"cursor_ms"`          // the end of the chunk: decoding resumes there
	SpeechMS     int64            `json:"speech_ms"`          // of speech in the chunk, as the VAD hears it
	Attempts     int              `json:"attempts"`           // ways of decoding that were tried; the first one sufficed when 1
	Doubtful     []string         `json:"doubtful,omitempty"` // what looks bad in the result to the end, readable; none when it is good
	Lost         bool             `json:"lost,omitempty"`     // the decoder died of the chunk, twice: it has no text, and Doubtful says why
	Segments     []models.Segment `json:"segments"`
}

// Tally adds what happened to the window's chunk to a report.
func (w Window) Tally(r *models.Report) {
	r.Chunks++
	r.SpeechMS += w.SpeechMS
	if w.Attempts > 1 {
		r.Retried++
	}
	if len(w.Doubtful) > 0 {
		r.Doubtful = append(r.Doubtful, models.DoubtfulChunk{StartMS: w.StartMS, EndMS: w.CursorMS, Reasons: w.Doubtful})
	}
	if w.Language != "" {
		if r.Languages == nil {
			r.Languages = map[string]int64{}
		}
		r.Languages[w.Language] += w.SpeechMS
	}
}

// Result sums up a whole recording.
type Result struct {
	Language   string `json:"language"`    // the main one; "" when there was no speech to detect it from
	DurationMS int64  `json:"duration_ms"` // of the samples received
	SpeechMS   int64  `json:"speech_ms"`   // of what the VAD took for speech, also in chunks that were left out
	// Report is about what this call decoded: without the chunks that Request.SkipMS leaves out. It is also filled when
	// Transcribe returns an error, and then tells of the windows that were handed out.
	Report models.Report `json:"-"`
}

// order is what the child is told before the samples: the request, and what the parent learnt from children that died.
type order struct {
	Request
	// Alone are the starts, in ms, of chunks that are decoded while no other is, so that a death tells whose fault it is.
	Alone []int64 `json:"alone,omitempty"`
	// Lost are chunks that are not decoded any more.
	Lost []lostChunk `json:"lost,omitempty"`
}

// lostChunk is a chunk that ended its child each time that it was decoded.
type lostChunk struct {
	StartMS int64  `json:"start_ms"`
	Reason  string `json:"reason"`
}

// event is one line from the child. Exactly one of its pointers is set.
type event struct {
	Ready    *models.Report `json:"ready,omitempty"`    // the model is loaded; what a report says of the decoders
	Main     *mainLanguage  `json:"main,omitempty"`     // the recording's main language has been found
	Began    *work          `json:"began,omitempty"`    // a chunk is being decoded from now on
	Ended    *work          `json:"ended,omitempty"`    // and not any more; its window comes when those before it have come
	Window   *Window        `json:"window,omitempty"`   // the result of a chunk
	Progress *progress      `json:"progress,omitempty"` // silence
	Done     *Result        `json:"done,omitempty"`     // of the recording: the child waits for the next order
	Failed   *failure       `json:"failed,omitempty"`   // the child ends
}

// valid tells whether exactly one pointer is set.
func (e event) valid() bool {
	n := 0
	for _, set := range []bool{
		e.Ready != nil, e.Main != nil, e.Began != nil, e.Ended != nil, e.Window != nil, e.Progress != nil, e.Done != nil, e.Failed != nil,
	} {
		if set {
			n++
		}
	}
	return n == 1
}

type mainLanguage struct {
	Code string `json:"code"`
}

// work is a chunk in a decoder.
type work struct {
	StartMS  int64 `json:"start_ms"`
	LengthMS int64 `json:"length_ms"`
	// Detecting: only its language is being heard.
	Detecting bool `json:"detecting,omitempty"`
}

type progress struct {
	AtMS int64 `json:"at_ms"` // everything before it is decoded or silent
}

type failure struct {
	Reason  string `json:"reason"`
	Invalid bool   `json:"invalid"` // the request cannot work: trying again does not help
	// Chunk is the chunk that failed, when it was one.
	Chunk *work `json:"chunk,omitempty"`
}

// writeFrame sends samples, at most maxFrame of them; none at all ends the recording.
func writeFrame(w io.Writer, samples []float32, buf []byte) ([]byte, error) {
	buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(len(samples)))
	for _, s := range samples {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(s))
	}
	_, err := w.Write(buf)
	return buf, err
}

// frameReader reads the child's standard input.
type frameReader struct {
	r   *bufio.Reader
	buf []byte
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 1<<16)}
}

// order reads the next order. io.EOF says that there is none: the parent is gone or has no more work.
func (f *frameReader) order() (order, error) {
	var o order
	var line []byte
	for {
		part, err := f.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxOrder:
			return o, fmt.Errorf("reading the request: it is longer than %d bytes", maxOrder)
		case errors.Is(err, io.EOF) && len(line) == 0:
			return o, io.EOF
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return o, fmt.Errorf("reading the request: %w", err)
		}
		if err := json.Unmarshal(line, &o); err != nil {
			return o, fmt.Errorf("reading the request: %w", err)
		}
		return o, nil
	}
}

// frame appends the next samples to dst. io.EOF is the regular end; a stream that stops without it gives
// io.ErrUnexpectedEOF: the parent is gone.
func (f *frameReader) frame(dst []float32) ([]float32, error) {
	var head [frameBytes]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return dst, io.ErrUnexpectedEOF
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	if n == 0 {
		return dst, io.EOF
	}
	if n > maxFrame {
		return dst, fmt.Errorf("a frame of %d samples is longer than %d", n, maxFrame)
	}
	if cap(f.buf) < n*frameBytes {
		f.buf = make([]byte, n*frameBytes)
	}
	b := f.buf[:n*frameBytes]
	if _, err := io.ReadFull(f.r, b); err != nil {
		return dst, io.ErrUnexpectedEOF
	}
	for i := range n {
		s := math.Float32frombits(binary.LittleEndian.Uint32(b[i*frameBytes:]))
		if s != s || s > 16 || s < -16 { // NaN or absurd: a damaged file must not poison the model's state
			s = 0
		}
		dst = append(dst, s)
	}
	return dst, nil
}

// eventReader reads the child's standard output.
type eventReader struct{ sc *bufio.Scanner }

func newEventReader(r io.Reader) *eventReader {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 1<<16), maxLine)
	return &eventReader{sc}
}

func (e *eventReader) next() (event, error) {
	var ev event
	if !e.sc.Scan() {
		if err := e.sc.Err(); err != nil {
			return ev, err
		}
		return ev, io.EOF
	}
	if err := json.Unmarshal(e.sc.Bytes(), &ev); err != nil {
		return ev, fmt.Errorf("a line that is not an event: %w", err)
	}
	if !ev.valid() {
		return ev, errors.New("an event that is none, or several")
	}
	return ev, nil
}

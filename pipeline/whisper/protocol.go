package whisper

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/earshot/earshot/models"
)

// SampleRate is the rate of all samples here, in Hz.
const SampleRate = 16000

const (
	maxFrame   = 1 << 20 // samples in one frame, 65 s
	maxLine    = 8 << 20 // bytes in one JSON line
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

// Window is the result of one chunk. Windows arrive in the order of the recording.
type Window struct {
	Language     string           `json:"language"`      // that the chunk was decoded in
	MainLanguage string           `json:"main_language"` // of the whole recording: the same in all its windows
	StartMS      int64            `json:"start_ms"`
	CursorMS     int64            `json:"cursor_ms"`          // the end of the chunk: decoding resumes there
	SpeechMS     int64            `json:"speech_ms"`          // of speech in the chunk, as the VAD hears it
	Attempts     int              `json:"attempts"`           // ways of decoding that were tried; the first one sufficed when 1
	Doubtful     []string         `json:"doubtful,omitempty"` // what looks bad in the result to the end, readable; none when it is good
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

// event is one line from the child. Exactly one of its pointers is set.
type event struct {
	Window   *Window   `json:"window,omitempty"`
	Progress *progress `json:"progress,omitempty"`
	Done     *Result   `json:"done,omitempty"`
	Failed   *failure  `json:"failed,omitempty"`
}

type progress struct {
	AtMS int64 `json:"at_ms"` // everything before it is decoded or silent
}

type failure struct {
	Reason  string `json:"reason"`
	Invalid bool   `json:"invalid"` // the request cannot work: trying again does not help
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

func (f *frameReader) request() (Request, error) {
	var req Request
	line, err := f.r.ReadSlice('\n')
	if err != nil {
		return req, fmt.Errorf("reading the request: %w", err)
	}
	if err := json.Unmarshal(line, &req); err != nil {
		return req, fmt.Errorf("reading the request: %w", err)
	}
	return req, nil
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
	if ev.Window == nil && ev.Progress == nil && ev.Done == nil && ev.Failed == nil {
		return ev, errors.New("an empty event")
	}
	return ev, nil
}

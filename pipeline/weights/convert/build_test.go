package convert

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/x448/float16"
)

// small is the smallest model that counts as Whisper: one layer each side, one head.
func small() hparams {
	return hparams{vocab: 51864, audioCtx: audioContext, state: headSize, audioLayers: 1, textCtx: textContext, textLayers: 1, mels: 80}
}

// values are the values of a tensor: they depend on the tensor and the place, so that a mix-up shows, and are multiples of
// 1/64 below 8, so that float16 holds them exactly.
func values(name string, shape []int64) []float32 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	h := uint32(2166136261)
	for _, c := range []byte(name) {
		h = (h ^ uint32(c)) * 16777619
	}
	base := int64(h>>8)%512 - 256
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(base+int64(i)*7%251) / 64
	}
	return v
}

// variable is one entry of a CTranslate2 file under construction.
type variable struct {
	name  string
	shape []int64
	kind  uint8 // CTranslate2's number of the type
	data  []byte
}

const (
	ct2F32 = 0
	ct2I8  = 1
	ct2F16 = 4
)

// ct2Variables makes the variables of a Whisper model with known values, weights in the given type.
func ct2Variables(h hparams, kind uint8) []variable {
	byName := make(map[string]*variable)
	var names []string
	for _, t := range whisperTensors(h) {
		name, part := ct2Name(t.name)
		shape := squeeze(t.shape)
		v := values(t.name, shape)
		if part.of > 0 && byName[name] != nil { // the next of several stacked projections
			byName[name].data = append(byName[name].data, encode(v, ct2F32)...)
			byName[name].shape[0] += shape[0]
			continue
		}
		byName[name] = &variable{name: name, shape: slices.Clone(shape), data: encode(v, ct2F32)}
		if strings.HasSuffix(t.name, "cross_attn.value.bias") { // the key before it has no bias: zeros
			byName[name].data = append(make([]byte, 4*len(v)), byName[name].data...)
			byName[name].shape[0] *= 2
		}
		names = append(names, name)
	}
	list := make([]variable, 0, len(names))
	for _, name := range names {
		v := *byName[name]
		if strings.HasSuffix(name, "self_attention/linear_0/bias") { // query, value so far: the key's zeros go between
			third := len(v.data) / 2
			v.data = slices.Concat(v.data[:third], make([]byte, third), v.data[third:])
			v.shape = []int64{v.shape[0] / 2 * 3}
		}
		list = append(list, retype(v, kind)...)
	}
	return list
}

// retype turns float32 data into the wanted type; int8 needs a variable for the scales too.
func retype(v variable, kind uint8) []variable {
	floats := make([]float32, len(v.data)/4)
	for i := range floats {
		floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(v.data[4*i:]))
	}
	if kind != ct2I8 || !strings.HasSuffix(v.name, "/weight") {
		if kind == ct2I8 {
			kind = ct2F32
		}
		v.kind, v.data = kind, encode(floats, kind)
		return []variable{v}
	}
	rows := int(v.shape[0])
	width := len(floats) / rows
	scales := make([]float32, rows)
	data := make([]byte, len(floats))
	for r := range rows {
		row := floats[r*width : (r+1)*width]
		largest := float32(0)
		for _, f := range row {
			largest = max(largest, float32(math.Abs(float64(f))))
		}
		scales[r] = 127 / largest
		for i, f := range row {
			data[r*width+i] = byte(int8(math.RoundToEven(float64(f * scales[r]))))
		}
	}
	v.kind, v.data = ct2I8, data
	return []variable{v, {name: v.name + "_scale", shape: []int64{int64(rows)}, kind: ct2F32, data: encode(scales, ct2F32)}}
}

func encode(v []float32, kind uint8) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		if kind == ct2F16 {
			b = binary.LittleEndian.AppendUint16(b, float16.Fromfloat32(f).Bits())
		} else {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	return b
}

// ct2Bytes writes a CTranslate2 file.
func ct2Bytes(spec string, list []variable) []byte {
	var b []byte
	le := binary.LittleEndian
	name := func(s string) { b = append(append(le.AppendUint16(b, uint16(len(s)+1)), s...), 0) }
	b = le.AppendUint32(b, ct2Version)
	name(spec)
	b = le.AppendUint32(b, 3)
	b = le.AppendUint32(b, uint32(len(list)))
	for _, v := range list {
		name(v.name)
		b = append(b, uint8(len(v.shape)))
		for _, d := range v.shape {
			b = le.AppendUint32(b, uint32(d))
		}
		b = append(b, v.kind)
		b = le.AppendUint32(b, uint32(len(v.data)))
		b = append(b, v.data...)
	}
	b = le.AppendUint32(b, 1)
	name("decoder/projection/weight")
	name("decoder/embeddings/weight")
	return b
}

// safetensorsBytes writes the model's tensors, of known values, as Hugging Face does.
func safetensorsBytes(t *testing.T, h hparams) []byte {
	t.Helper()
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data []byte
	for _, x := range whisperTensors(h) {
		shape := x.shape
		if strings.HasPrefix(x.name, "encoder.conv") && strings.HasSuffix(x.name, ".bias") {
			shape = shape[:1]
		}
		raw := encode(values(x.name, x.shape), ct2F16)
		header["model."+hfName(x.name)] = safetensorsEntry{DType: "F16", Shape: shape, Offsets: []int64{int64(len(data)), int64(len(data) + len(raw))}}
		data = append(data, raw...)
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, data)
}

// tokenizerJSON is a byte-level tokenizer with the right number of tokens.
func tokenizerJSON(t *testing.T) []byte {
	t.Helper()
	toRune := make(map[byte]rune, 256)
	for r, b := range bytesOfRunes() {
		toRune[b] = r
	}
	vocab := make(map[string]int, vocabularySize)
	for id := range vocabularySize {
		var s strings.Builder
		for _, b := range testToken(id) {
			s.WriteRune(toRune[b])
		}
		vocab[s.String()] = id
	}
	text, err := json.Marshal(map[string]any{"model": map[string]any{"type": "BPE", "vocab": vocab}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// testToken is token id of [tokenizerJSON]: the first 256 are the single bytes.
func testToken(id int) []byte {
	if id < 256 {
		return []byte{byte(id)}
	}
	return fmt.Appendf(nil, " %d", id)
}

// sileroBytes writes a TorchScript archive with known values.
func sileroBytes(t *testing.T, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("model/data.pkl", []byte("pickle"))
	add("model/data/0", nil)
	order := sileroTensors()
	order = append(order[len(order)-1:], order[:len(order)-1]...)
	for i := range order { // written in another order than numbered: the number counts
		i = len(order) - 1 - i
		add(fmt.Sprintf("model/data/%d", i+1), encode(values(order[i].name, order[i].shape), ct2F32))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// written is a tensor read back from a ggml file.
type written struct {
	kind  uint32
	shape []int64
	data  []byte
}

// readGGML reads the tensors that follow the header of a ggml file.
func readGGML(t *testing.T, r *bytes.Reader) map[string]written {
	t.Helper()
	tensors := make(map[string]written)
	for r.Len() > 0 {
		var head [3]uint32
		if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
			t.Fatal(err)
		}
		w := written{kind: head[2]}
		n := int64(4 / (1 + head[2]))
		dims := make([]uint32, head[0])
		if err := binary.Read(r, binary.LittleEndian, dims); err != nil {
			t.Fatal(err)
		}
		for _, d := range slices.Backward(dims) {
			w.shape = append(w.shape, int64(d))
			n *= int64(d)
		}
		name := make([]byte, head[1])
		w.data = make([]byte, n)
		if _, err := io.ReadFull(r, name); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, w.data); err != nil {
			t.Fatal(err)
		}
		tensors[string(name)] = w
	}
	return tensors
}

func (w written) floats() []float32 {
	var v []float32
	if w.kind == ggmlF16 {
		for i := 0; i < len(w.data); i += 2 {
			v = append(v, float16.Frombits(binary.LittleEndian.Uint16(w.data[i:])).Float32())
		}
		return v
	}
	for i := 0; i < len(w.data); i += 4 {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(w.data[i:])))
	}
	return v
}

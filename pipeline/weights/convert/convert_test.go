package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func input(model, tokenizer []byte) Input {
	return Input{Model: bytes.NewReader(model), Size: int64(len(model)), Tokenizer: bytes.NewReader(tokenizer)}
}

// skipHeader checks what a Whisper file of the small model has before its tensors.
func skipHeader(t *testing.T, file []byte) *bytes.Reader {
	t.Helper()
	r := bytes.NewReader(file)
	head := make([]int32, 14)
	if err := binary.Read(r, binary.LittleEndian, head); err != nil {
		t.Fatal(err)
	}
	if want := []int32{ggmlMagic, 51864, 1500, 64, 1, 1, 448, 64, 1, 1, 80, 1, 80, 201}; !slices.Equal(head, want) {
		t.Errorf("the header is %v, want %v", head, want)
	}
	filters := make([]float32, 80*201)
	if err := binary.Read(r, binary.LittleEndian, filters); err != nil || !slices.Equal(filters, melFilters(80)) {
		t.Errorf("the mel filters are not in the file (%v)", err)
	}
	var n uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil || n != vocabularySize {
		t.Fatalf("%d tokens (%v)", n, err)
	}
	for id := range int(n) {
		var l uint32
		if err := binary.Read(r, binary.LittleEndian, &l); err != nil {
			t.Fatal(err)
		}
		token := make([]byte, l)
		if _, err := r.Read(token); err != nil || !bytes.Equal(token, testToken(id)) {
			t.Fatalf("token %d is %q, want %q (%v)", id, token, testToken(id), err)
		}
	}
	return r
}

func TestWhisperWritesEveryTensor(t *testing.T) {
	tokenizer := tokenizerJSON(t)
	for name, kind := range map[string]uint8{"float16": ct2F16, "float32": ct2F32, "int8": ct2I8} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			in := input(ct2Bytes("WhisperSpec", ct2Variables(small(), kind)), tokenizer)
			var last, total int64
			in.Progress = func(d, n int64) { last, total = d, n }
			if err := Whisper(t.Context(), &out, in); err != nil {
				t.Fatal(err)
			}
			if last != total || total == 0 {
				t.Errorf("progress ended at %d of %d", last, total)
			}
			d, err := Check(bytes.NewReader(out.Bytes()), int64(out.Len()))
			if err != nil || d.Multilingual || d.VAD || d.Layers != 1 {
				t.Errorf("Check says %+v, %v", d, err)
			}
			got := readGGML(t, skipHeader(t, out.Bytes()))
			for _, want := range whisperTensors(small()) {
				checkTensor(t, want, got[want.name], kind == ct2I8)
			}
			if len(got) != len(whisperTensors(small())) {
				t.Errorf("%d tensors", len(got))
			}
		})
	}
}

// checkTensor compares a tensor with the values that it was made from; int8 loses up to half a step of its row.
func checkTensor(t *testing.T, want tensor, got written, lossy bool) {
	t.Helper()
	if !slices.Equal(got.shape, want.shape) || (got.kind == ggmlF16) != want.f16 {
		t.Errorf("%s: type %d, shape %v, want %v", want.name, got.kind, got.shape, want.shape)
		return
	}
	tolerance := 0.0
	if lossy && strings.HasSuffix(want.name, "weight") {
		tolerance = 8.0/127/2 + 0.004 // half a step, and float16's rounding of the result
	}
	wanted := values(want.name, want.shape)
	for i, v := range got.floats() {
		w := wanted[i]
		if math.Abs(float64(v-w)) > tolerance {
			t.Errorf("%s: value %d is %v, want %v", want.name, i, v, w)
			return
		}
	}
}

func TestHuggingFaceGivesTheSameFile(t *testing.T) {
	tokenizer := tokenizerJSON(t)
	var a, b bytes.Buffer
	if err := Whisper(t.Context(), &a, input(ct2Bytes("WhisperSpec", ct2Variables(small(), ct2F16)), tokenizer)); err != nil {
		t.Fatal(err)
	}
	if err := WhisperHF(t.Context(), &b, input(safetensorsBytes(t, small()), tokenizer)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same model from CTranslate2 and from safetensors gives different files")
	}
}

// The checksums are those of the arrays mel_80 and mel_128 of mel_filters.npz in OpenAI's whisper, which librosa made.
func TestMelFiltersAreLibrosas(t *testing.T) {
	for n, want := range map[int]string{
		80: "4f2701b1d287d74a0dc9871026e9519d98cb76426615f2539b0d151a0ae4ec2e", 128: "2a5f9822897750e047c85dea37cc268d3be0ecfd23c28a5f10da129d99d05afe",
	} {
		h := sha256.New()
		if err := binary.Write(h, binary.LittleEndian, melFilters(n)); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%d bands: checksum %s, want %s", n, got, want)
		}
	}
}

func TestSileroWritesEveryTensor(t *testing.T) {
	model := sileroBytes(t, zip.Store)
	var out bytes.Buffer
	if err := Silero(t.Context(), &out, input(model, nil), [3]int{6, 2, 0}); err != nil {
		t.Fatal(err)
	}
	const officialSize = 885098
	if out.Len() != officialSize {
		t.Errorf("%d bytes, the official file has %d", out.Len(), officialSize)
	}
	if d, err := Check(bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil || !d.VAD || d.Tensors != 15 {
		t.Errorf("Check says %+v, %v", d, err)
	}
	r := bytes.NewReader(out.Bytes())
	head := make([]byte, 4+4+10+22*4) // magic, length, "silero-16k", 5 + 1 + 12 + 4 numbers
	if _, err := r.Read(head); err != nil {
		t.Fatal(err)
	}
	if version := head[18:30]; !bytes.Equal(version, []byte{6, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("version %v", version)
	}
	got := readGGML(t, r)
	for _, want := range sileroTensors() {
		checkTensor(t, want, got[want.name], false)
	}
}

func TestHostileModels(t *testing.T) {
	tokenizer := tokenizerJSON(t)
	good := ct2Variables(small(), ct2F16)
	change := func(name string, f func(*variable)) []variable {
		list := slices.Clone(good)
		for i := range list {
			if list[i].name == name {
				f(&list[i])
			}
		}
		return list
	}
	whole := ct2Bytes("WhisperSpec", good)
	oversize := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(oversize[4+2+12+4:], math.MaxUint32)
	const weight = "encoder/layer_0/ffn/linear_0/weight"
	for name, model := range map[string][]byte{
		"empty":             {},
		"another format":    []byte("PK\x03\x04 this is a zip archive, not a model"),
		"a translator":      ct2Bytes("TransformerSpec", good),
		"too many":          oversize,
		"cut in the header": whole[:20],
		"cut in a tensor":   whole[:len(whole)/2],
		"cut at the end":    whole[:len(whole)-1],
		"bytes after it":    append(bytes.Clone(whole), 0),
		"lacks a tensor":    ct2Bytes("WhisperSpec", slices.DeleteFunc(slices.Clone(good), func(v variable) bool { return v.name == weight })),
		"a tensor twice":    ct2Bytes("WhisperSpec", append(slices.Clone(good), good[0])),
		"wrong shape":       ct2Bytes("WhisperSpec", change(weight, func(v *variable) { v.shape = []int64{v.shape[1], v.shape[0]} })),
		"shape and size":    ct2Bytes("WhisperSpec", change(weight, func(v *variable) { v.shape = []int64{1, v.shape[1]} })),
		"overflowing shape": ct2Bytes("WhisperSpec", change(weight, func(v *variable) { v.shape = []int64{1 << 31, 1 << 31, 1 << 31} })),
		"a zero dimension":  ct2Bytes("WhisperSpec", change(weight, func(v *variable) { v.shape, v.data = []int64{0, 64}, nil })),
		"unknown type":      ct2Bytes("WhisperSpec", change(weight, func(v *variable) { v.kind = 9 })),
		"int8 unscaled":     ct2Bytes("WhisperSpec", change(weight, func(v *variable) { v.kind, v.data = ct2I8, v.data[:len(v.data)/2] })),
		"not a number": ct2Bytes("WhisperSpec", change(weight, func(v *variable) {
			v.data = slices.Concat(v.data[:100], []byte{0xff, 0xff}, v.data[102:])
		})),
		"too large for f16": ct2Bytes("WhisperSpec", change(weight, func(v *variable) {
			f := make([]float32, len(v.data)/2)
			f[3] = 1e6
			v.kind, v.data = ct2F32, encode(f, ct2F32)
		})),
	} {
		t.Run(name, func(t *testing.T) {
			err := Whisper(t.Context(), &bytes.Buffer{}, input(model, tokenizer))
			if !errors.Is(err, models.ErrInvalid) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestHostileSafetensors(t *testing.T) {
	file := func(header string, data int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		return append(append(b, header...), make([]byte, data)...)
	}
	for name, model := range map[string][]byte{
		"empty":            {},
		"huge header":      binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
		"header cut":       file(`{"a":{}}`, 0)[:12],
		"not JSON":         file(`{"a":`, 4),
		"beyond the end":   file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4),
		"negative":         file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4),
		"offsets and size": file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
		"overflow":         file(`{"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}`, 4),
		"nothing in it":    file(`{}`, 0),
	} {
		t.Run(name, func(t *testing.T) {
			if err := WhisperHF(t.Context(), &bytes.Buffer{}, input(model, nil)); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestHostileSilero(t *testing.T) {
	whole := sileroBytes(t, zip.Store)
	for name, model := range map[string][]byte{
		"empty": {}, "cut off": whole[:len(whole)/2], "compressed": sileroBytes(t, zip.Deflate), "text": []byte("hello"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := Silero(t.Context(), &bytes.Buffer{}, input(model, nil), [3]int{}); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestHostileTokenizer(t *testing.T) {
	model := ct2Bytes("WhisperSpec", ct2Variables(small(), ct2F16))
	for name, tokenizer := range map[string]string{
		"empty": "", "not JSON": "{", "no vocabulary": "{}", "not byte-level": `{"model":{"vocab":{"中":0}}}`,
		"twice": `{"model":{"vocab":{"a":0,"b":0}}}`, "long token": `{"model":{"vocab":{"` + strings.Repeat("a", 200) + `":0}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			err := Whisper(t.Context(), &bytes.Buffer{}, input(model, []byte(tokenizer)))
			if !errors.Is(err, models.ErrInvalid) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestEnglishTokenizerListsEndOfTextApart(t *testing.T) {
	text := string(tokenizerJSON(t))
	last := `"` + "Ġ50256" + `":50256`
	if !strings.Contains(text, last) {
		t.Fatal("the test's tokenizer is not what it should be")
	}
	text = strings.Replace(text, ","+last, "", 1)
	text = strings.Replace(text, last+",", "", 1)
	text = `{"added_tokens":[{"id":50256,"content":"<|endoftext|>"}],` + text[1:]
	tokens, err := readVocabulary(strings.NewReader(text))
	if err != nil || string(tokens[50256]) != "<|endoftext|>" {
		t.Errorf("token 50256 is %q, %v", tokens[50256], err)
	}
}

func TestCancelledConversionStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := input(ct2Bytes("WhisperSpec", ct2Variables(small(), ct2F16)), tokenizerJSON(t))
	in.Progress = func(int64, int64) { cancel() }
	if err := Whisper(ctx, &bytes.Buffer{}, in); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestCheckNamesDamage(t *testing.T) {
	var out bytes.Buffer
	if err := Silero(t.Context(), &out, input(sileroBytes(t, zip.Store), nil), [3]int{6, 2, 0}); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	damage := func(at int, b byte) []byte {
		c := bytes.Clone(whole)
		c[at] = b
		return c
	}
	for name, file := range map[string][]byte{
		"empty": {}, "magic": damage(0, 0), "cut": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 1),
		"type": damage(9, 'X'), "cut to the header": whole[:106], "tensor type": damage(106+8, 99), "dimension": damage(106+12, 0),
	} {
		t.Run(name, func(t *testing.T) {
			if d, err := Check(bytes.NewReader(file), int64(len(file))); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("Check says %+v, %v", d, err)
			}
		})
	}
}

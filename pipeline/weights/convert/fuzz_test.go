package convert

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/earshot/earshot/models"
)

// A reader of outside input must not panic, hang or allocate by claim; it ends in success or an error about the content.
func wellBehaved(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, models.ErrInvalid) {
		t.Errorf("the error is not about the content: %v", err)
	}
}

func FuzzCTranslate2(f *testing.F) {
	f.Add([]byte{})
	f.Add(ct2Bytes("WhisperSpec", []variable{
		{name: "a/weight", shape: []int64{2, 2}, kind: ct2I8, data: []byte{1, 2, 3, 4}},
		{name: "a/weight_scale", shape: []int64{2}, kind: ct2F32, data: make([]byte, 8)},
		{name: "decoder/embeddings/weight", shape: []int64{1, 1}, kind: ct2F16, data: []byte{0, 0}},
		{name: "n", kind: 2, data: []byte{1, 0}},
	}))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := openCT2(bytes.NewReader(data), int64(len(data)))
		wellBehaved(t, err)
		if err != nil {
			return
		}
		for _, a := range file.variables {
			wellBehaved(t, a.each(t.Context(), func([]float32) error { return nil }))
		}
		for _, x := range whisperTensors(small()) {
			_ = file.whisper(x.name)
		}
		wellBehaved(t, Whisper(t.Context(), io.Discard, input(data, nil)))
	})
}

func FuzzSafetensors(f *testing.F) {
	const header = `{"model.encoder.conv1.weight":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`
	f.Add(append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), 1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := openSafetensors(bytes.NewReader(data), int64(len(data)))
		wellBehaved(t, err)
		if err != nil {
			return
		}
		for _, a := range file.tensors {
			wellBehaved(t, a.each(t.Context(), func([]float32) error { return nil }))
		}
		wellBehaved(t, WhisperHF(t.Context(), io.Discard, input(data, nil)))
	})
}

func FuzzSilero(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if e, err := w.CreateHeader(&zip.FileHeader{Name: "m/data/1", Method: zip.Store}); err != nil {
		f.Fatal(err)
	} else if _, err := e.Write([]byte("1234")); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		wellBehaved(t, Silero(t.Context(), io.Discard, input(data, nil), [3]int{6, 2, 0}))
	})
}

func FuzzTokenizer(f *testing.F) {
	f.Add([]byte(`{"added_tokens":[{"id":50256,"content":"x"}],"model":{"vocab":{"a":0,"Ġb":1}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := readVocabulary(bytes.NewReader(data))
		wellBehaved(t, err)
	})
}

func FuzzCheck(f *testing.F) {
	var small bytes.Buffer
	g := newGGMLWriter(&small, nil)
	g.ints(ggmlMagic, 51864, 1500, 64, 1, 1, 448, 64, 1, 1, 80, 1, 80, 201)
	g.bytes(make([]byte, 80*201*4))
	g.ints(1, 2)
	g.bytes([]byte("ab"))
	g.ints(1, 1, ggmlF32, 1)
	g.bytes([]byte("t1234"))
	if err := g.flush(); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := Check(bytes.NewReader(data), int64(len(data)))
		wellBehaved(t, err)
	})
}

package convert

import (
	"encoding/binary"
	"encoding/json"
	"io"
)

// maxSafetensorsHeader bounds the JSON header; the largest Whisper model's has about 150 kB. (The format itself allows
// 100 MB.)
const maxSafetensorsHeader = 8 << 20

// safetensorsFile is the index of a .safetensors file.
//
// Layout: u64 length of the header, a JSON object from tensor names to type, shape and the range of their bytes after the
// header, then the bytes. Source: the format's description in its repository's README.
type safetensorsFile struct {
	tensors map[string]*array
}

type safetensorsEntry struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// openSafetensors reads the index of a file of size bytes. Tensors of types that no weight has are left out.
func openSafetensors(r io.ReaderAt, size int64) (*safetensorsFile, error) {
	var head [8]byte
	if err := readFull(r, head[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxSafetensorsHeader || int64(n) > size-8 {
		return nil, invalid("not a safetensors file: its header claims %d bytes", n)
	}
	header := make([]byte, n)
	if err := readFull(r, header, 8); err != nil {
		return nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, invalid("the safetensors header cannot be read: %v", err)
	}
	f := &safetensorsFile{tensors: make(map[string]*array, len(entries))}
	data := 8 + int64(n)
	for name, raw := range entries {
		if name == "__metadata__" {
			continue
		}
		var e safetensorsEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, invalid("tensor %q in the safetensors header cannot be read: %v", name, err)
		}
		a, err := e.array(name, r, data, size)
		if err != nil {
			return nil, err
		}
		if a != nil {
			f.tensors[name] = a
		}
	}
	return f, nil
}

// array checks an entry against the file; nil for types that are not used.
func (e safetensorsEntry) array(name string, r io.ReaderAt, data, size int64) (*array, error) {
	types := map[string]dtype{"F32": dtypeF32, "F16": dtypeF16, "BF16": dtypeBF16}
	t, ok := types[e.DType]
	if !ok {
		return nil, nil //nolint:nilnil // an unused tensor is no tensor and no error
	}
	if len(e.Shape) > maxRank || len(e.Offsets) != 2 {
		return nil, invalid("tensor %q has an odd description in the safetensors header", name)
	}
	from, to := e.Offsets[0], e.Offsets[1]
	want, ok := byteSize(e.Shape, t)
	if !ok || from < 0 || to < from || to-from != want {
		return nil, invalid("tensor %q of shape %v cannot have bytes %d to %d", name, e.Shape, from, to)
	}
	if to > size-data {
		return nil, invalid("the file is cut off: tensor %q ends %d bytes after it", name, to-(size-data))
	}
	return &array{name: name, shape: e.Shape, dtype: t, r: r, off: data + from}, nil
}

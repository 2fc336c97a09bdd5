package convert

import (
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
)

// Silero's architecture since version 5, as whisper.cpp loads it (16 kHz).
const (
	sileroType    = "silero-16k"
	sileroWindow  = 512 // samples
	sileroContext = 64  // samples of the previous window
	sileroKernel  = 3
	sileroBins    = 129
	sileroHidden  = 128
	sileroFFT     = 256
)

// sileroLayer is the number of channels into and out of a convolution of the encoder.
type sileroLayer struct{ in, out int64 }

func sileroLayers() []sileroLayer {
	return []sileroLayer{{sileroBins, 128}, {128, 64}, {64, 64}, {64, sileroHidden}}
}

// Silero writes the ggml file of a Silero VAD model to w, from the silero_vad.jit of its Python package. Version is the
// model's ("6.2.0"), kept in the file. The package's safetensors file is not used: in releases 6.2.0 to 6.2.3 it holds
// other weights than the model that the package runs.
func Silero(ctx context.Context, w io.Writer, in Input, version [3]int) error {
	find, err := openSilero(in.Model, in.Size)
	if err != nil {
		return err
	}
	list, err := resolve(sileroTensors(), find)
	if err != nil {
		return err
	}
	g := newGGMLWriter(w, in.progress(list))
	g.ints(ggmlMagic, int64(len(sileroType)))
	g.bytes([]byte(sileroType))
	g.ints(int64(version[0]), int64(version[1]), int64(version[2]), sileroWindow, sileroContext)
	g.ints(int64(len(sileroLayers())))
	for _, layer := range sileroLayers() {
		g.ints(layer.in, layer.out, sileroKernel)
	}
	g.ints(sileroHidden, sileroHidden, sileroHidden, 1) // sizes of the LSTM and of the last convolution
	return g.tensors(ctx, list)
}

// sileroBasis is the name of the Fourier basis: first in the model, last in the ggml file.
const sileroBasis = "_model.stft.forward_basis_buffer"

// sileroTensors lists the model's tensors in the order and with the shapes of whisper.cpp's script: weights of
// convolutions are f16, all others f32; dimensions of 1 are dropped, except in the Fourier basis.
func sileroTensors() []tensor {
	var l tensorList
	for i, layer := range sileroLayers() {
		name := fmt.Sprintf("_model.encoder.%d.reparam_conv.", i)
		l.f16(name+"weight", layer.out, layer.in, sileroKernel)
		l.f32(name+"bias", layer.out)
	}
	l.f32("_model.decoder.rnn.weight_ih", 4*sileroHidden, sileroHidden)
	l.f32("_model.decoder.rnn.weight_hh", 4*sileroHidden, sileroHidden)
	l.f32("_model.decoder.rnn.bias_ih", 4*sileroHidden)
	l.f32("_model.decoder.rnn.bias_hh", 4*sileroHidden)
	l.f16("_model.decoder.decoder.2.weight", sileroHidden)
	l.f32("_model.decoder.decoder.2.bias")
	l.f16(sileroBasis, 2*sileroBins, 1, sileroFFT)
	return l
}

// maxArchiveEntries bounds the number of files in a TorchScript archive; Silero's has about 60.
const maxArchiveEntries = 4096

// openSilero finds the tensors of a TorchScript archive: an uncompressed zip whose entries NAME/data/N are the float32
// tensors, numbered in the order in which the model declares them. The 16 kHz model comes first, the Fourier basis before
// the layers; every size is checked.
func openSilero(r io.ReaderAt, size int64) (finder, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, invalid("not a TorchScript archive: %v", err)
	}
	if len(archive.File) > maxArchiveEntries {
		return nil, invalid("the TorchScript archive has %d entries", len(archive.File))
	}
	order := sileroTensors()
	order = append(order[len(order)-1:], order[:len(order)-1]...)
	stored := tensorEntries(archive)
	if len(stored) < len(order) {
		return nil, invalid("not the Silero VAD model: %d tensors instead of %d", len(stored), len(order))
	}
	found := make(map[string]*array, len(order))
	for i, t := range order {
		entry := stored[i]
		want, _ := byteSize(t.shape, dtypeF32)
		if entry.Method != zip.Store || entry.UncompressedSize64 != uint64(want) || entry.CompressedSize64 != uint64(want) {
			return nil, invalid("not the Silero VAD model: tensor %q has %d bytes instead of %d", t.name, entry.UncompressedSize64, want)
		}
		off, err := entry.DataOffset()
		if err != nil || off < 0 || off > size-want {
			return nil, invalid("the TorchScript archive is damaged at tensor %q", t.name)
		}
		found[t.name] = &array{name: t.name, shape: t.shape, dtype: dtypeF32, r: r, off: off}
	}
	return func(name string) *array { return found[name] }, nil
}

// tensorEntries returns the entries NAME/data/N that hold something, by number.
func tensorEntries(archive *zip.Reader) []*zip.File {
	number := func(f *zip.File) int {
		dir, base := path.Split(f.Name)
		n, err := strconv.Atoi(base)
		if err != nil || path.Base(dir) != "data" || f.UncompressedSize64 == 0 {
			return -1
		}
		return n
	}
	entries := slices.DeleteFunc(slices.Clone(archive.File), func(f *zip.File) bool { return number(f) < 0 })
	slices.SortStableFunc(entries, func(a, b *zip.File) int { return cmp.Compare(number(a), number(b)) })
	return entries
}

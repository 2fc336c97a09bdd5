package cover_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/cover"
)

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMake(t *testing.T) {
	red := image.NewPaletted(image.Rect(0, 0, 1500, 500), color.Palette{color.RGBA{R: 255, A: 255}, color.Transparent})
	for name, original := range map[string][]byte{
		"jpeg": encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, red, nil) }),
		"png":  encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, red) }),
		"gif":  encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, red, nil) }),
	} {
		got, err := cover.Make(original)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		picture, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || picture.Bounds() != image.Rect(0, 0, 600, 200) {
			t.Errorf("%s: %v, %v", name, picture.Bounds(), err)
			continue
		}
		if r, g, _, _ := picture.At(300, 100).RGBA(); r < 0xf000 || g > 0x1000 {
			t.Errorf("%s is not red in the middle", name)
		}
	}
}

// TestHostile: a picture that claims to be huge is refused by its header.
func TestHostile(t *testing.T) {
	huge := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(image.Rect(0, 0, 8, 8))) })
	binary.BigEndian.PutUint32(huge[16:], 1<<20)
	binary.BigEndian.PutUint32(huge[20:], 1<<20)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, original := range map[string][]byte{
		"huge": huge, "empty": nil, "text": []byte("<svg onload=alert(1)>"), "cut": encoded(t, func(b *bytes.Buffer) error {
			return png.Encode(b, image.NewGray(image.Rect(0, 0, 80, 80)))
		})[:60], "long": make([]byte, cover.MaxBytes+1),
	} {
		if _, err := cover.Make(original); !errors.Is(err, models.ErrUnusable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMake(f *testing.F) {
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black}), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, original []byte) {
		got, err := cover.Make(original)
		if err != nil {
			return
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(got)); err != nil || c.Width > cover.Side || c.Height > cover.Side {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// Package cover makes small pictures of the pictures that publishers and recordings bring.
//
// They come from outside: what is too large is refused by its header, before a pixel is decoded, and nothing of the original is
// kept but its pixels.
package cover

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // formats of covers as they are in the wild
	"image/jpeg"
	_ "image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"github.com/earshot/earshot/models"
)

const (
	// Side is the greatest width and height of a cover, in pixels.
	Side = 600
	// MaxBytes bounds the original.
	MaxBytes = 16 << 20
	// maxPixels bounds what decoding takes: at most 8 bytes a pixel. Directories of podcasts ask for up to 3000 × 3000.
	maxPixels = 16 << 20
	quality   = 85
)

// Make returns a picture as a JPEG of at most Side × Side pixels. One that cannot be read, or is too large, is
// models.ErrUnusable.
func Make(original []byte) ([]byte, error) {
	if len(original) > MaxBytes {
		return nil, models.Explain(models.ErrUnusable, "the picture is larger than %d MiB", MaxBytes>>20)
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(original))
	if err != nil {
		return nil, models.Explain(models.ErrUnusable, "the picture is no JPEG, PNG, GIF or WebP that can be read: %w", err)
	}
	if head.Width <= 0 || head.Height <= 0 || head.Width > maxPixels/head.Height {
		return nil, models.Explain(models.ErrUnusable, "the picture has %d × %d pixels, which is too many", head.Width, head.Height)
	}
	from, _, err := image.Decode(bytes.NewReader(original))
	if err != nil {
		return nil, models.Explain(models.ErrUnusable, "the picture cannot be read: %w", err)
	}
	to := image.NewRGBA(fit(from.Bounds()))
	draw.Draw(to, to.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // a JPEG is not transparent
	draw.CatmullRom.Scale(to, to.Bounds(), from, from.Bounds(), draw.Over, nil)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, to, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("writing the picture: %w", err)
	}
	return b.Bytes(), nil
}

// fit is a rectangle of the same form that is not larger than a cover.
func fit(r image.Rectangle) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if longest := max(w, h); longest > Side {
		w, h = max(1, w*Side/longest), max(1, h*Side/longest)
	}
	return image.Rect(0, 0, w, h)
}

package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/child"
)

// MaxPicture bounds an attached picture, in bytes.
const MaxPicture = 16 << 20

// Picture returns the picture that is attached to f, as it is there: nothing of it is decoded. stream is the number that a
// probe gave. One that is too large or cannot be taken out is models.ErrUnusable.
func (t *Tool) Picture(ctx context.Context, f *os.File, stream int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, t.o.ProbeTimeout)
	defer cancel()
	cmd, err := t.command(ctx, t.o.FFmpeg, f, limits{memory: t.o.MemoryBytes, cpu: max(t.o.ProbeTimeout, time.Second)}, []string{
		"-nostdin", "-hide_banner", "-v", "error",
		"-protocol_whitelist", protocols, "-format_whitelist", formats,
		"-codec_whitelist", audioCodecs, "-codec_whitelist:v", audioCodecs + "," + otherCodecs,
		"-i", inputPlaceholder, "-map", "0:" + strconv.Itoa(stream), "-frames:v", "1", "-c", "copy", "-f", "image2pipe", "pipe:1",
	})
	if err != nil {
		return nil, err
	}
	p, err := child.Start(cmd, stderrBytes)
	if err != nil {
		return nil, err
	}
	picture, readErr := io.ReadAll(io.LimitReader(p.Stdout, MaxPicture+1))
	_ = p.Stdout.Close()
	err = p.Wait()
	name := t.call(f)
	switch {
	case len(picture) > MaxPicture:
		return nil, models.Explain(models.ErrUnusable, "the picture in %s is larger than %d MiB", name, MaxPicture>>20)
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("taking the picture out of %s: %w", name, ctx.Err())
	case readErr != nil || err != nil || len(picture) == 0:
		return nil, models.Explain(models.ErrUnusable, "the picture in %s cannot be taken out: %s", name, reason(complaints(p.Stderr, f)))
	}
	return picture, nil
}

package audio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/child"
)

// Copy is the kind of copy that a recording needs beside it, so that every browser plays it, and from the right moment.
type Copy int

// The kinds of copies.
const (
	CopyNone    Copy = iota // the recording itself can be played
	CopyRepack              // the same sound in an MP4 container, whose table says where each moment is
	CopyConvert             // as AAC, because browsers do not know the format
)

// leastRepacked is the lowest sample rate of MP3 in MP4, in Hz.
const leastRepacked = 16000

// Copy tells what copy f needs. Browsers find a moment in an MP3 file by its share of the bytes, at best by a table of a
// hundred places. Where its frames differ in size they miss: in Chromium by up to 8 s in a recording of 20 minutes with
// such a table, by minutes without; in the same frames in MP4 by less than 0.1 s.
func (t *Tool) Copy(ctx context.Context, f *os.File) (Copy, error) {
	p, err := t.probe(ctx, f)
	if err != nil {
		return CopyNone, err
	}
	container, _, _ := strings.Cut(p.Format, ",")
	switch {
	case container == "mp3" && p.Codec == "mp3":
		even, err := t.evenFrames(ctx, f, p)
		switch {
		case err != nil || even:
			return CopyNone, err
		case p.SampleRate < leastRepacked:
			return CopyConvert, nil
		}
		return CopyRepack, nil
	case container == "aac" && p.Codec == "aac":
		return CopyRepack, nil
	case playable(container, p.Codec):
		return CopyNone, nil
	}
	return CopyConvert, nil
}

// playable reports whether browsers play what a container holds, and find its moments.
func playable(container, codec string) bool {
	switch container {
	case "mov":
		return slices.Contains([]string{"aac", "mp3", "opus", "flac"}, codec)
	case "ogg", "matroska":
		return slices.Contains([]string{"opus", "vorbis", "flac"}, codec)
	case "flac":
		return true
	case "wav":
		return slices.Contains([]string{"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"}, codec)
	}
	return false
}

// evenFrames reports whether the frames of an MP3 file are all of a size, a byte of padding aside, with next to nothing
// between them.
func (t *Tool) evenFrames(ctx context.Context, f *os.File, p probed) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	args := []string{
		"-hide_banner", "-v", "error", "-protocol_whitelist", protocols, "-format_whitelist", formats, "-codec_whitelist", audioCodecs,
		"-select_streams", "a:0", "-show_entries", "packet=pos,size", "-of", "csv=p=0",
	}
	if p.force != "" {
		args = append(args, "-f", p.force)
	}
	cmd, err := t.command(ctx, t.o.FFprobe, f, limits{memory: t.o.MemoryBytes, cpu: cpuLimit(p)}, append(args, "-i", inputPlaceholder))
	if err != nil {
		return false, err
	}
	proc, err := child.Start(cmd, stderrBytes)
	if err != nil {
		return false, err
	}
	defer func() {
		cancel()
		_ = proc.Stdout.Close()
		<-proc.Done()
	}()
	var first, end, between, odd int64
	frames := bufio.NewScanner(proc.Stdout)
	for frames.Scan() {
		size, pos, ok := frame(frames.Text())
		if !ok {
			continue
		}
		if odd > 0 { // only the last frame may be another one: it may be cut off
			return false, nil
		}
		if first == 0 {
			first, end = size, pos
		}
		if size < first-1 || size > first+1 {
			odd++
		}
		between += max(0, pos-end)
		end = pos + size
	}
	if err := errors.Join(frames.Err(), ctx.Err()); err != nil {
		return false, fmt.Errorf("looking at the frames of %s: %w", t.call(f), err)
	}
	return between < 4<<10, nil
}

// frame reads a line of ffprobe's, "417,1044" or "417,1044,".
func frame(line string) (size, pos int64, ok bool) {
	a, b, _ := strings.Cut(strings.TrimRight(line, ",\r"), ",")
	size, err1 := strconv.ParseInt(a, 10, 64)
	pos, err2 := strconv.ParseInt(b, 10, 64)
	return size, pos, err1 == nil && err2 == nil
}

// WriteCopy writes the copy of f that kind names to out, an empty file, as MP4 on the same timeline.
func (t *Tool) WriteCopy(ctx context.Context, kind Copy, f, out *os.File) error {
	p, err := t.probe(ctx, f)
	if err != nil {
		return err
	}
	codec := []string{"-c:a", "copy"}
	room := 2 * p.bytes
	if kind == CopyConvert {
		codec, room = encoder(p), lengthMS(p)*32
	}
	return t.write(ctx, f, out, p, room, nil, append(codec, "-f", "mp4"))
}

// Cut is a part of a recording that is to become a file of its own.
type Cut struct {
	StartMS, EndMS int64  // on the recording's timeline
	Title, Artist  string // written into the file
}

// WriteCut writes a part of f to out, an empty file, as AAC in an M4A file. It begins and ends with the sample that the
// times name, wherever the format has its frames. A part that begins after the end of the audio is models.ErrUnusable.
func (t *Tool) WriteCut(ctx context.Context, c Cut, f, out *os.File) error {
	p, err := t.probe(ctx, f)
	if err != nil {
		return err
	}
	// Decoding begins a little earlier: the first frames after a jump may lack what they build on.
	lead := min(c.StartMS, 2000)
	secs := func(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }
	before := []string{"-ss", secs(c.StartMS - lead), "-t", secs(c.EndMS - c.StartMS + lead + 1000)}
	after := append(encoder(p),
		"-af", "aresample=48000:async=1,atrim=start="+secs(lead)+":end="+secs(lead+c.EndMS-c.StartMS)+",asetpts=PTS-STARTPTS",
		"-metadata", "title="+cleanTag(c.Title), "-metadata", "artist="+cleanTag(c.Artist), "-f", "ipod")
	if err := t.write(ctx, f, out, p, (c.EndMS-c.StartMS)*32, before, after); err != nil {
		return err
	}
	if p, err := t.probe(ctx, out); err != nil || p.DurationMS == 0 {
		return models.Explain(models.ErrUnusable, "%s has no sound from %s on", t.call(f), seconds(c.StartMS))
	}
	return nil
}

// encoder is how sound that is made anew is encoded: well enough for speech and music.
func encoder(p probed) []string {
	if p.Channels == 1 {
		return []string{"-c:a", "aac", "-b:a", "80k", "-ac", "1", "-ar", "48000"}
	}
	return []string{"-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"}
}

// lengthMS is the length of a recording, generously guessed where it does not say.
func lengthMS(p probed) int64 { return max(p.DurationMS, p.bytes/4) }

// write lets ffmpeg write a file of at most room bytes, and a little for its tables. before are options of the input, after
// those of the output.
func (t *Tool) write(ctx context.Context, f, out *os.File, p probed, room int64, before, after []string) error {
	args := append([]string{
		"-nostdin", "-hide_banner", "-v", "error", "-y",
		"-protocol_whitelist", protocols, "-format_whitelist", formats, "-codec_whitelist", audioCodecs,
		"-threads", "1", "-filter_threads", "1",
	}, before...)
	if p.force != "" {
		args = append(args, "-f", p.force)
	}
	args = append(args, "-i", inputPlaceholder, "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
		"-t", strconv.FormatInt(int64(t.o.MaxDuration/time.Second), 10))
	args = append(args, after...)
	args = append(args, "-movflags", "+faststart", outputName(out))
	cpu := cpuLimit(p)
	ctx, cancel := context.WithTimeout(ctx, 4*cpu) // on a machine that has other things to do
	defer cancel()
	cmd, err := t.command(ctx, t.o.FFmpeg, f, limits{memory: t.o.MemoryBytes, cpu: cpu, file: room + 16<<20}, args)
	if err != nil {
		return err
	}
	cmd.ExtraFiles = []*os.File{out}
	proc, err := child.Start(cmd, stderrBytes)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, proc.Stdout) // says nothing
	_ = proc.Stdout.Close()
	err = proc.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("making another form of %s: %w", t.call(f), ctx.Err())
	case err != nil && signalled(cmd.ProcessState) && !diedOfItsInput(cmd.ProcessState):
		return fmt.Errorf("making another form of %s: ffmpeg was ended from outside: %w", t.call(f), err)
	case err != nil:
		return models.Explain(models.ErrUnusable, "no other form of %s can be made: %s", t.call(f), reason(complaints(proc.Stderr, f)))
	}
	return nil
}

package audio

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/child"
)

// Info is what a probe tells of a media file.
type Info = models.AudioInfo

// maxProbeJSON bounds what ffprobe may answer; a file with hundreds of streams and tags stays far below.
const maxProbeJSON = 4 << 20

// Probe tells what f holds. The file's own read position is neither used nor moved. The error is models.ErrUnusable, with
// one clear sentence, for a file that holds no audio that can be decoded.
func (t *Tool) Probe(ctx context.Context, f *os.File) (Info, error) {
	p, err := t.probe(ctx, f)
	return p.Info, err
}

// probed is an Info and what decoding needs beside it.
type probed struct {
	Info
	force string // container to insist on, where ffmpeg does not recognise it by itself
	bytes int64
	// late is how long after the start of the file's timeline the audio begins: the picture of a film may come first.
	late time.Duration
}

func (t *Tool) probe(ctx context.Context, f *os.File) (probed, error) {
	name := t.call(f)
	st, err := f.Stat()
	if err != nil {
		return probed{}, fmt.Errorf("looking at %s: %w", name, err)
	}
	switch {
	case st.IsDir():
		return probed{}, models.Explain(models.ErrUnusable, "%s is a folder, not an audio file", name)
	case !st.Mode().IsRegular():
		return probed{}, models.Explain(models.ErrUnusable, "%s is not a regular file", name)
	case st.Size() == 0:
		return probed{}, models.Explain(models.ErrUnusable, "%s is empty (0 bytes)", name)
	}
	out, err := t.ffprobe(ctx, f, "")
	force := ""
	if errors.Is(err, models.ErrUnusable) && rawFormat(name) != "" {
		if again, err2 := t.ffprobe(ctx, f, rawFormat(name)); err2 == nil {
			out, err, force = again, nil, rawFormat(name)
		}
	}
	if err != nil {
		return probed{}, err
	}
	info, err := out.info(name, isWebM(f))
	return probed{Info: info, force: force, bytes: st.Size(), late: out.late()}, err
}

// ffprobe asks about f, insisting on a container unless force is "".
func (t *Tool) ffprobe(ctx context.Context, f *os.File, force string) (*probeOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, t.o.ProbeTimeout)
	defer cancel()
	args := []string{
		"-hide_banner", "-v", "warning",
		"-protocol_whitelist", protocols, "-format_whitelist", formats,
		// The order counts: the second list holds for opening picture and subtitle streams only, the first for all that is
		// decoded while looking at the streams.
		"-codec_whitelist", audioCodecs,
		"-codec_whitelist:v", audioCodecs + "," + otherCodecs, "-codec_whitelist:s", audioCodecs + "," + otherCodecs,
		"-show_format", "-show_streams", "-show_chapters", "-of", "json",
	}
	if force != "" {
		args = append(args, "-f", force)
	}
	args = append(args, "-i", inputPlaceholder)
	cmd, err := t.command(ctx, t.o.FFprobe, f, limits{memory: t.o.MemoryBytes, cpu: max(t.o.ProbeTimeout, time.Second)}, args)
	if err != nil {
		return nil, err
	}
	p, err := child.Start(cmd, stderrBytes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Stdout.Close() }()
	raw, readErr := io.ReadAll(io.LimitReader(p.Stdout, maxProbeJSON))
	_ = p.Stdout.Close()
	err = p.Wait()
	name := t.call(f)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, models.Explain(models.ErrUnusable, "%s could not be examined within %s: it is damaged, or the disk is too slow", name, t.o.ProbeTimeout)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("examining %s: %w", name, ctx.Err())
	case readErr != nil:
		return nil, fmt.Errorf("examining %s: %w", name, readErr)
	case err != nil && signalled(cmd.ProcessState) && !diedOfItsInput(cmd.ProcessState):
		return nil, fmt.Errorf("examining %s: ffprobe was ended from outside: %w", name, err)
	case err != nil:
		return nil, models.Explain(models.ErrUnusable, "%s is not an audio file that ffmpeg can read: %s", name, reason(complaints(p.Stderr, f)))
	}
	out := &probeOutput{estimated: strings.Contains(p.Stderr.String(), "Estimating duration from bitrate")}
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, models.Explain(models.ErrUnusable, "%s could not be examined: ffprobe's answer makes no sense: %w", name, err)
	}
	return out, nil
}

// probeOutput is the part of ffprobe's JSON that is used. Numbers come as strings, "N/A" or not at all.
type probeOutput struct {
	Streams []struct {
		Index       int               `json:"index"`
		Type        string            `json:"codec_type"`
		Codec       string            `json:"codec_name"`
		SampleRate  string            `json:"sample_rate"`
		Channels    int               `json:"channels"`
		Start       string            `json:"start_time"`
		Duration    string            `json:"duration"`
		Tags        map[string]string `json:"tags"`
		Disposition struct {
			AttachedPicture int `json:"attached_pic"`
		} `json:"disposition"`
	} `json:"streams"`
	Chapters []struct {
		Start string            `json:"start_time"`
		End   string            `json:"end_time"`
		Tags  map[string]string `json:"tags"`
	} `json:"chapters"`
	Format struct {
		Name     string            `json:"format_name"`
		Start    string            `json:"start_time"`
		Duration string            `json:"duration"`
		BitRate  string            `json:"bit_rate"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
	estimated bool
}

func (o *probeOutput) info(name string, webm bool) (Info, error) {
	info := Info{Format: o.Format.Name, Estimated: o.estimated, Picture: noPicture, Chapters: o.chapters()}
	info.BitRate, _ = strconv.ParseInt(o.Format.BitRate, 10, 64)
	found, others := false, false
	var tags map[string]string
	for _, s := range o.Streams {
		if s.Disposition.AttachedPicture != 0 && info.Picture == noPicture {
			info.Picture = s.Index
		}
		switch {
		case s.Type == "audio" && !found:
			found = true
			info.Codec, info.Channels = s.Codec, s.Channels
			info.SampleRate, _ = strconv.Atoi(s.SampleRate)
			info.DurationMS = milliseconds(s.Duration)
			if info.DurationMS == 0 {
				info.DurationMS = clockMilliseconds(tagOf("duration", s.Tags))
			}
			tags = s.Tags
		case s.Disposition.AttachedPicture == 0:
			others = true
			info.Video = info.Video || s.Type == "video"
		}
	}
	if !found {
		return Info{}, models.Explain(models.ErrUnusable, "%s holds no audio", name)
	}
	if info.DurationMS == 0 {
		info.DurationMS = milliseconds(o.Format.Duration)
		info.Estimated = info.Estimated || others
	}
	info.ContentType = contentType(info.Format, info.Codec, info.Video, webm)
	info.Title = cleanTag(tagOf("title", o.Format.Tags, tags))
	info.Artist = cleanTag(tagOf("artist", o.Format.Tags, tags))
	info.Album = cleanTag(tagOf("album", o.Format.Tags, tags))
	info.Date = cleanTag(tagOf("date", o.Format.Tags, tags))
	info.Comment = models.ShortLine(cmp.Or(tagOf("comment", o.Format.Tags, tags), tagOf("description", o.Format.Tags, tags)), maxComment)
	return info, nil
}

// noPicture is the Picture of a file without one.
const noPicture = -1

// Bounds of what a file tells of itself.
const (
	maxChapters = 1000
	maxComment  = 5000 // characters
)

// chapters are those that have a title and make sense.
func (o *probeOutput) chapters() (out []models.Chapter) {
	for _, c := range o.Chapters[:min(len(o.Chapters), maxChapters)] {
		title := cleanTag(tagOf("title", c.Tags))
		start, end := milliseconds(c.Start), milliseconds(c.End)
		if title == "" || len(out) > 0 && start <= out[len(out)-1].StartMS {
			continue
		}
		if end <= start {
			end = 0
		}
		out = append(out, models.Chapter{StartMS: start, EndMS: end, Title: title})
	}
	return out
}

// late is the start of the first audio stream after that of the file; 0 for what makes no sense.
func (o *probeOutput) late() time.Duration {
	for _, s := range o.Streams {
		if s.Type != "audio" {
			continue
		}
		begins, err1 := strconv.ParseFloat(s.Start, 64)
		file, err2 := strconv.ParseFloat(o.Format.Start, 64)
		if late := begins - file; err1 == nil && err2 == nil && late > 0 && late < 1e6 {
			return time.Duration(late * float64(time.Second))
		}
		break
	}
	return 0
}

// tagOf returns the first tag of that name, which containers write in any case.
func tagOf(name string, sets ...map[string]string) string {
	for _, tags := range sets {
		for k, v := range tags {
			if strings.EqualFold(k, name) && v != "" {
				return v
			}
		}
	}
	return ""
}

// milliseconds reads ffprobe's seconds; 0 for what is no sensible length.
func milliseconds(s string) int64 {
	sec, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(sec) || sec <= 0 || sec > 1e7 {
		return 0
	}
	return int64(math.Round(sec * 1000))
}

// clockMilliseconds reads Matroska's DURATION tag, "00:00:11.008000000".
func clockMilliseconds(s string) int64 {
	h, rest, ok1 := strings.Cut(s, ":")
	m, sec, ok2 := strings.Cut(rest, ":")
	hours, err1 := strconv.ParseUint(h, 10, 16)
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	if !ok1 || !ok2 || err1 != nil || err2 != nil {
		return 0
	}
	return int64(hours*3600+minutes*60)*1000 + milliseconds(sec)
}

// isWebM looks for the document type in the head of a Matroska file, which ffmpeg does not tell apart.
func isWebM(f *os.File) bool {
	head := make([]byte, 64)
	n, err := f.ReadAt(head, 0)
	return (err == nil || errors.Is(err, io.EOF)) && bytes.Contains(head[:n], []byte("webm"))
}

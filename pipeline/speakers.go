package pipeline

import (
	"context"
	"os"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
)

// Speakers says who speaks in one recording. The sides of a stereo recording are one way to know; voices can be another.
type Speakers interface {
	// Who names the speaker of each of the words, which follow each other; "" where nobody is known. The same words always
	// get the same names, whatever was asked before: a recording that is transcribed in two goes is labelled as in one.
	Who(words []models.Word) []string
}

// listen hears a recording before it is decoded: who speaks in it, nil when that is not known, and how to decode it. Its
// errors are those that decoding would give.
func listen(ctx context.Context, tool *audio.Tool, f *os.File) (Speakers, audio.Mix, error) {
	s, err := tool.Sides(ctx, f)
	if err != nil || !s.OneSpeaker() {
		return nil, s.Mix, err
	}
	return sides{s}, s.Mix, nil
}

// label names who speaks in segments that follow each other. A segment is split where the speaker changes. Words, their
// order and their times stay as they are.
func label(segments []models.Segment, speakers Speakers) []models.Segment {
	if speakers == nil {
		return segments
	}
	var words []models.Word
	for _, s := range segments {
		words = append(words, s.Words...)
	}
	names := speakers.Who(words)
	out := make([]models.Segment, 0, len(segments))
	for _, s := range segments {
		n := len(s.Words)
		out = append(out, split(s, names[:n])...)
		names = names[n:]
	}
	return out
}

// split cuts a segment into the turns of its words' speakers.
func split(s models.Segment, names []string) []models.Segment {
	var out []models.Segment
	for first := 0; first < len(names); {
		last := first + 1
		for last < len(names) && names[last] == names[first] {
			last++
		}
		part := s
		if last-first < len(names) {
			part = s.Part(first, last)
		}
		part.Speaker = names[first]
		out = append(out, part)
		first = last
	}
	if out == nil {
		return []models.Segment{s} // it has no words
	}
	return out
}

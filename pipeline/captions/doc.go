// Package captions reads transcripts that others have made: SubRip, WebVTT, the JSON and HTML forms of the podcast namespace
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md#transcript-formats), the JSON of whisper programs
// and of Earshot itself, and plain text with turns.
//
// A file is decoded to UTF-8 (decode.go), its form is found by its content (captions.go), the reader of that form gives cues
// (timed.go, markup.go, json.go, html.go, plain.go), names before a colon become speakers (turns.go), and cues become segments
// with words (cues.go, segments.go).
//
// Files come from anywhere. They are bounded ([MaxBytes], [MaxCues]); a line that makes no sense is left out or becomes text,
// markup that is not known becomes text, and a file is refused only when nothing in it can be read.
//
// Times of words: where a file gives one time a word, that is it (models.TimingWords). Else the words of a cue share its time by
// the number of their characters (models.TimingCues): a word's start is then off by a fraction of the cue's length, which is
// seldom more than a second. Text without times has none (models.TimingNone): all its times are 0.
//
// asticode/go-astisub reads both subtitle formats, but gives up a whole file for one wrong line, panics on a cue without an end,
// drops long lines, and takes seconds for 100,000 cues.
package captions

package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

// forOneShow marks a command whose flags of these names are about a show, not about the archive: the names stand in
// config too.
const forOneShow = "for one show"

// settingsFlags are the flags with which an owner chooses a show's settings.
type settingsFlags struct {
	vocabularyFile string
	vocabulary     []string // what was read
	headerFile     string
	newest         int
	since          string
	titleWords     string
}

func (s *settingsFlags) register(cmd *cobra.Command) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[forOneShow] = "yes"
	f := cmd.Flags()
	f.String("language", "", `language that the show is spoken in, as a code such as fr; auto detects it for each episode, mixed for each stretch of speech; "" leaves it to the archive's setting`)
	f.String("vocabulary", "", "names and words to expect in the show, separated by commas, the most important ones first")
	f.StringVar(&s.vocabularyFile, "vocabulary-file", "", "file with the vocabulary, an entry a line; - for standard input")
	f.String("model", "", `model that the show is transcribed with, as earshot models list names it; "" leaves it to the archive's setting`)
	f.String("keep", "", `what stays of an episode once it is transcribed: audio (recording and text), text (the archive's copy of the recording is removed, and fetched anew where it is needed again; your own files stay); "" means audio`)
	f.String("hints", "", `what the decoder is told to expect: auto (names from titles and notes, and the vocabulary), words (the vocabulary only), off; "" leaves it to the archive's setting`)
	f.Bool("watch", false, "of a folder: add by itself what appears in it, while earshot serve runs")
	f.Bool("translate", false, "make a second transcript, in English, of episodes in other languages")
	f.String("transcripts", "", `what becomes of transcripts that the publisher offers or that lie beside a recording: own (all is transcribed here, theirs is used until then), publisher (what has one that fits the audio is not transcribed here), both (all is transcribed here, theirs is used where it fits); "" means own`)
	f.IntVar(&s.newest, "newest", 0, "of the episodes published before the show was added, only so many of the newest come; 0 for all")
	f.StringVar(&s.since, "since", "", `only episodes published on this day or later come, written as 2024-12-31; "" for all`)
	f.StringVar(&s.titleWords, "title-words", "", `only episodes with one of these in their title come, separated by commas; "" for all`)
	f.StringVar(&s.headerFile, "header-file", "", "file with what the server of a private feed wants to be told, a header field (Name: value) a line; - for standard input")
	cmd.MarkFlagsMutuallyExclusive("vocabulary", "vocabulary-file")
}

// change is what the flags ask to be different of a show's settings; nil when none was given.
func (s *settingsFlags) change(cmd *cobra.Command, was models.ShowSettings) (*api.SettingsChange, error) {
	f, to, given := cmd.Flags(), &api.SettingsChange{}, false
	for name, into := range map[string]**string{
		"language": &to.Language, "hints": &to.Hints, "transcripts": &to.Transcripts, "model": &to.Model, "keep": &to.Keep,
	} {
		if f.Changed(name) {
			value := f.Lookup(name).Value.String()
			*into, given = &value, true
		}
	}
	for name, into := range map[string]**bool{"translate": &to.Translate, "watch": &to.Watch} {
		if f.Changed(name) {
			value, err := f.GetBool(name)
			if err != nil {
				return nil, err
			}
			*into, given = &value, true
		}
	}
	if to.Episodes = s.choice(cmd, was.Episodes); to.Episodes != nil {
		given = true
	}
	words, err := s.words(cmd)
	if err != nil {
		return nil, err
	}
	if to.Vocabulary = words; words == nil && !given {
		return nil, nil //nolint:nilnil // no change is an answer here
	}
	return to, nil
}

// choice says which episodes come, where that is asked for.
func (s *settingsFlags) choice(cmd *cobra.Command, was *models.EpisodeChoice) *api.Choice {
	f, c, given := cmd.Flags(), api.Choice{}, false
	if was != nil {
		c = api.Choice(*was)
	}
	if f.Changed("newest") {
		c.Newest, given = s.newest, true
	}
	if f.Changed("since") {
		c.Since, given = s.since, true
	}
	if f.Changed("title-words") {
		c.Words, given = models.Words(s.titleWords), true
	}
	if !given {
		return nil
	}
	return &c
}

// words is the vocabulary, nil where none is asked for. Standard input is read once, though several shows may want it.
func (s *settingsFlags) words(cmd *cobra.Command) ([]string, error) {
	f := cmd.Flags()
	if s.vocabulary == nil {
		text := f.Lookup("vocabulary").Value.String()
		switch {
		case f.Changed("vocabulary-file"):
			var err error
			if text, err = readSmall(cmd.InOrStdin(), s.vocabularyFile, "the vocabulary"); err != nil {
				return nil, err
			}
		case !f.Changed("vocabulary"):
			return nil, nil
		}
		s.vocabulary = append([]string{}, models.Words(text)...)
	}
	return s.vocabulary, nil
}

// header reads the header fields that are to be sent; nil when none are given.
func (s *settingsFlags) header(cmd *cobra.Command) (map[string]string, error) {
	if !cmd.Flags().Changed("header-file") {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	text, err := readSmall(cmd.InOrStdin(), s.headerFile, "the header fields")
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.TrimSpace(line) == "":
		case !ok:
			return nil, models.Explain(models.ErrInvalid, "a header field is written as Name: value, a line each")
		default:
			fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return fields, nil
}

func unknownLanguage(code string) error {
	return fmt.Errorf("whisper knows no language %q: use a code such as en, fr or de, or auto, or mixed", code)
}

// readSmall reads a file that an owner names; a huge one is refused, because it must be another file.
func readSmall(stdin io.Reader, path, what string) (string, error) {
	const most = 1 << 20
	r := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", what, err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	if len(b) > most {
		return "", models.Explain(models.ErrInvalid, "%s is too large for %s", path, what)
	}
	return string(b), nil
}

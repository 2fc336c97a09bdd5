package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/whisper"
)

// forOneShow marks a command whose flags of these names are about a show, not about the archive: the names stand in
// config too.
const forOneShow = "for one show"

// settingsFlags are the flags with which an owner chooses a show's settings.
type settingsFlags struct {
	vocabularyFile string
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
	f.String("hints", "", `what the decoder is told to expect: auto (names from titles and notes, and the vocabulary), words (the vocabulary only), off; "" leaves it to the archive's setting`)
	f.Bool("watch", false, "of a folder: add by itself what appears in it, while earshot serve runs")
	f.Bool("translate", false, "make a second transcript, in English, of episodes in other languages")
	f.String("transcripts", "", `what becomes of transcripts that the publisher offers or that lie beside a recording: own (all is transcribed here, theirs is used until then), publisher (what has one that fits the audio is not transcribed here), both (all is transcribed here, theirs is used where it fits); "" means own`)
	cmd.MarkFlagsMutuallyExclusive("vocabulary", "vocabulary-file")
}

// apply changes the settings of a show as the flags ask, and reports whether any was given.
func (s *settingsFlags) apply(cmd *cobra.Command, show *models.Show) (given bool, err error) {
	f, to := cmd.Flags(), &show.Settings
	text := func(name string, into *string) {
		if f.Changed(name) {
			*into, given = f.Lookup(name).Value.String(), true
		}
	}
	text("language", &to.Language)
	text("hints", &to.Hints)
	text("transcripts", &to.Transcripts)
	if to.Language != "" && !whisper.KnowsLanguage(to.Language) {
		return given, unknownLanguage(to.Language)
	}
	for name, into := range map[string]*bool{"translate": &to.Translate, "watch": &to.Watch} {
		if f.Changed(name) {
			given = true
			if *into, err = f.GetBool(name); err != nil {
				return given, err
			}
		}
	}
	if to.Watch && show.Source.Kind != models.SourceFolder {
		return given, models.Explain(models.ErrInvalid, "%s is no folder: only folders can be watched", show.Title)
	}
	var words string
	switch {
	case f.Changed("vocabulary-file"):
		if words, err = readVocabulary(cmd.InOrStdin(), s.vocabularyFile); err != nil {
			return given, err
		}
		to.Vocabulary, given = models.Words(words), true
	case f.Changed("vocabulary"):
		text("vocabulary", &words)
		to.Vocabulary = models.Words(words)
	}
	return given, to.Check()
}

func unknownLanguage(code string) error {
	return fmt.Errorf("whisper knows no language %q: use a code such as en, fr or de, or auto, or mixed", code)
}

// readVocabulary reads a file that an owner names; a huge one is refused, because it must be another file.
func readVocabulary(stdin io.Reader, path string) (string, error) {
	const most = 1 << 20
	r := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("reading the vocabulary: %w", err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return "", fmt.Errorf("reading the vocabulary: %w", err)
	}
	if len(b) > most {
		return "", models.Explain(models.ErrInvalid, "%s is too large for a vocabulary", path)
	}
	return string(b), nil
}

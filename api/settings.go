package api

import (
	"cmp"

	"github.com/earshot/earshot/models"
)

// Settings are what the owner chose for a show.
type Settings struct {
	Language    string                `json:"language" doc:"Spoken in the show, as a code such as fr; auto detects it for each episode, mixed for each stretch of speech; empty: as the archive's setting"`
	Vocabulary  []string              `json:"vocabulary" doc:"Names and words to expect, the most important ones first"`
	Hints       string                `json:"hints" enum:",auto,words,off" doc:"What the decoder is told to expect: names from titles and notes and the vocabulary, the vocabulary only, nothing; empty: as the archive's setting"`
	Translate   bool                  `json:"translate" doc:"Episodes in other languages get a second transcript in English"`
	Watch       bool                  `json:"watch" doc:"Of a folder: what appears in it is added by itself"`
	Transcripts string                `json:"transcripts" enum:"own,publisher,both" doc:"Which transcripts are used: all are made here; the publisher's where it fits the audio, and none is made then; all are made here, and the publisher's is used where it fits"`
	Model       string                `json:"model" doc:"Name of the model that the show is transcribed with; empty: as the archive's setting" example:"small-q8_0"`
	Keep        string                `json:"keep" enum:"audio,text" doc:"What stays of an episode once it is transcribed: the recording and the text, or the text only; then the recording is fetched anew where it is needed again"`
	Episodes    *models.EpisodeChoice `json:"episodes,omitempty" doc:"Which episodes come; absent: all"`
}

func newSettings(s models.ShowSettings) Settings {
	out := Settings{
		Language: s.Language, Vocabulary: notNil(s.Vocabulary), Hints: s.Hints, Translate: s.Translate, Watch: s.Watch,
		Transcripts: s.Transcripts, Model: s.Model, Keep: cmp.Or(s.Keep, models.KeepAudio), Episodes: s.Episodes,
	}
	if out.Transcripts == "" {
		out.Transcripts = models.TranscriptsOwn
	}
	return out
}

// SettingsChange is what is to change of a show's settings; what is absent stays.
type SettingsChange struct {
	Language    *string  `json:"language,omitempty" maxLength:"8" doc:"See Settings"`
	Vocabulary  []string `json:"vocabulary,omitzero" maxItems:"500" required:"false" doc:"All of it; an empty list for none"`
	Hints       *string  `json:"hints,omitempty" maxLength:"8" enum:",auto,words,off"`
	Translate   *bool    `json:"translate,omitempty"`
	Watch       *bool    `json:"watch,omitempty"`
	Transcripts *string  `json:"transcripts,omitempty" maxLength:"16" enum:",own,publisher,both"`
	Model       *string  `json:"model,omitempty" maxLength:"64" doc:"See Settings; episodes wait for a model that is not installed yet"`
	Keep        *string  `json:"keep,omitempty" maxLength:"8" enum:",audio,text" doc:"See Settings; text is refused for recordings that were uploaded or added one by one"`
	Episodes    *Choice  `json:"episodes,omitempty" doc:"Which episodes come; an empty object for all"`
}

// Choice says which episodes of a feed come. Those that are in the archive stay.
type Choice struct {
	Newest int      `json:"newest,omitempty" minimum:"0" maximum:"100000" doc:"So many of the newest of those published before the show was added, and all after that; 0 for all"`
	Since  string   `json:"since,omitempty" maxLength:"10" doc:"Published on that day or later" example:"2024-12-31"`
	Words  []string `json:"words,omitempty" maxItems:"500" doc:"With one of these in the title"`
}

// Apply makes the change; nil is none.
func (c *SettingsChange) Apply(to *models.ShowSettings) {
	if c == nil {
		return
	}
	set(&to.Language, c.Language)
	set(&to.Hints, c.Hints)
	set(&to.Translate, c.Translate)
	set(&to.Watch, c.Watch)
	set(&to.Transcripts, c.Transcripts)
	set(&to.Model, c.Model)
	set(&to.Keep, c.Keep)
	if c.Vocabulary != nil {
		to.Vocabulary = c.Vocabulary
	}
	if c.Episodes != nil {
		to.Episodes = nil
		if c.Episodes.Newest != 0 || c.Episodes.Since != "" || len(c.Episodes.Words) > 0 {
			to.Episodes = &models.EpisodeChoice{Newest: c.Episodes.Newest, Since: c.Episodes.Since, Words: c.Episodes.Words}
		}
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Command corrections measures what becomes of corrections when an episode is transcribed again with another model.
//
//	corrections --program FILE --models FOLDER --scripts FOLDER [--from MODEL] [--to MODEL] [--verbose]
//
// It transcribes recordings of which the script is there with one model, and corrects whatever differs from the script, as a
// person would who has listened: those are the edits. Then it transcribes them with the other model and lays the edits over that. An
// edit that is laid down somewhere is right if the text is not further from the script with it alone than without any.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
	"github.com/earshot/earshot/models/export"
)

type options struct {
	program, models, scripts, from, to string
	verbose                            bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.program, "program", "build/earshot", "the program")
	flag.StringVar(&o.models, "models", "build/models", "folder of the weights")
	flag.StringVar(&o.scripts, "scripts", "../shared/audio/podcast", "folder of recordings (NAME.mp3) with their scripts (NAME.txt)")
	flag.StringVar(&o.from, "from", "tiny.en", "the model whose transcripts are corrected")
	flag.StringVar(&o.to, "to", "base-q8_0", "the model that transcribes again")
	flag.BoolVar(&o.verbose, "verbose", false, "say which corrections are left to somebody")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "corrections:", err)
		stop()
		os.Exit(1)
	}
}

// slack is how much earlier a word may begin in another transcript, in milliseconds.
const slack = 200

// tally is what became of the edits of some recordings.
type tally struct {
	words, edits int // of the script; that were made
	fates        map[models.EditFate]int
	wrong        int // laid down where they do not belong
	lost         int // left to somebody because the second transcript has no words at that time

	before, after, again, corrected int // errors: of the first transcript without and with edits, of the second one without and with them
}

func run(ctx context.Context, o options) error {
	recordings, err := filepath.Glob(filepath.Join(o.scripts, "*.mp3"))
	if err != nil {
		return err
	}
	if len(recordings) == 0 {
		return fmt.Errorf("there are no recordings in %s", o.scripts)
	}
	dir, err := os.MkdirTemp("", "corrections-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, model := range []string{o.from, o.to} {
		options := []string{"transcribe", "--data", dir, "--models", o.models, "--model", model, "--language", "en", "--format", "json", "--output", filepath.Join(dir, model), "--"}
		c := exec.CommandContext(ctx, o.program, slices.Concat(options, recordings)...)
		c.Stderr = os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("transcribing with %s: %w", model, err)
		}
	}
	sum := tally{fates: map[models.EditFate]int{}}
	for _, path := range recordings {
		name := strings.TrimSuffix(filepath.Base(path), ".mp3")
		script, err := readScript(strings.TrimSuffix(path, ".mp3") + ".txt")
		if err != nil {
			return err
		}
		first, err := readTranscript(filepath.Join(dir, o.from, name+".json"))
		second, err2 := readTranscript(filepath.Join(dir, o.to, name+".json"))
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if err := sum.measure(o, script, first, second); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return sum.print(o, len(recordings))
}

func readTranscript(path string) (models.Transcript, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return models.Transcript{}, err
	}
	var d export.Document
	if err := json.Unmarshal(b, &d); err != nil {
		return models.Transcript{}, fmt.Errorf("%s: %w", path, err)
	}
	return models.Transcript{EpisodeID: models.EpisodeID(filepath.Base(path)), Complete: true, Segments: d.Segments}, nil
}

// measure corrects the first transcript of a recording, and lays that over the second one.
func (s *tally) measure(o options, script []string, first, second models.Transcript) error {
	made, err := correct.Resolve(first, correct.Layer{}, corrections(script, first))
	if err != nil {
		return err
	}
	for i := range made {
		made[i].ID = int64(i + 1)
	}
	all := correct.Layer{Edits: made}
	without := errorsOf(script, second)
	s.words, s.edits = s.words+len(script), s.edits+len(made)
	s.before += errorsOf(script, first)
	s.after += errorsOf(script, correct.Apply(first, all).Transcript)
	s.again += without
	again := correct.Apply(second, all)
	s.corrected += errorsOf(script, again.Transcript)
	for i, e := range again.Edits {
		s.fates[e.Fate]++
		if e.Fate == models.FateUnfit && strings.TrimSpace(second.Between(e.StartMS-slack, e.EndMS)) == "" {
			s.lost++
		}
		if e.Fate == models.FateUnfit && o.verbose {
			fmt.Fprintf(os.Stderr, "open: %s\n", tells(second, made[i]))
		}
		if e.Fate != models.FateApplied && e.Fate != models.FateFound {
			continue
		}
		alone := correct.Apply(second, correct.Layer{Edits: made[i : i+1]}).Transcript
		if errorsOf(script, alone) > without {
			s.wrong++
			fmt.Fprintf(os.Stderr, "wrong: %s\n", tells(second, made[i]))
		}
	}
	return nil
}

// tells says what an edit is about, and what another transcript has there.
func tells(t models.Transcript, e models.Edit) string {
	return fmt.Sprintf("%s at %d ms: %q for %q, between %q and %q; there is %q", t.EpisodeID, e.StartMS, e.After, e.Before, e.Left, e.Right, t.Between(e.StartMS-3000, e.EndMS+3000))
}

func (s *tally) print(o options, recordings int) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, value any, of int) {
		share := ""
		if n, ok := value.(int); ok && of > 0 {
			share = fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
		}
		fmt.Fprintf(t, "%s\t%v\t%s\t\n", what, value, share)
	}
	again := s.fates[models.FateApplied] + s.fates[models.FateFound] + s.fates[models.FateSatisfied]
	row("recordings", recordings, 0)
	row("words of the scripts", s.words, 0)
	row("errors of "+o.from, s.before, s.words)
	row("corrections made", s.edits, 0)
	row("errors left with them", s.after, s.words)
	row("errors of "+o.to, s.again, s.words)
	row("corrections that hold again by themselves", again, s.edits)
	row("of those for which there are words", again, s.edits-s.lost)
	row("of these, laid down", s.fates[models.FateApplied]+s.fates[models.FateFound], s.edits)
	row("of these, right without", s.fates[models.FateSatisfied], s.edits)
	row("to be decided by somebody", s.fates[models.FateUnfit], s.edits)
	row("of these, nothing is said there", s.lost, s.edits)
	row("laid down in a wrong place", s.wrong, s.edits)
	row("errors of "+o.to+" with corrections", s.corrected, s.words)
	return t.Flush()
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

// exporter writes transcripts to files.
type exporter struct {
	catalogue

	to      string // a folder; "": beside the recordings
	formats []export.Format
	written int
	same    int // were there as they are
	without int // episodes that have no complete transcript, or whose recording is not on this machine
	titles  map[models.ShowID]string
	former  map[models.ShowID]map[string][]formerFile // by the tags of episodes in their names
}

func newExportCommand(c *config) *cobra.Command {
	var to, formats string
	var beside, watch bool
	cmd := &cobra.Command{
		Use:   "export [SHOW|EPISODE]",
		Short: "Write transcripts to files: of an episode, of a show, or of all",
		Long: `Write the current transcripts of an episode, of a show, or of the whole archive to files. With --to they go into a folder, with a
folder for each show; with --beside each goes beside its recording, where that is a file of this machine, as NAME.earshot.FORMAT.

Names stay the same as long as titles do. Files that are as they should be are left alone, so that it can be done again and again.`,
		Example: `  earshot export --to ~/Transcripts --formats md,srt
  earshot export microsolidarity --to site/transcripts --formats vtt --watch`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (to == "") != beside {
				return usageError{errors.New("say where to: either --to FOLDER or --beside")}
			}
			return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
				x, err := newExporter(a, to, formats)
				if err != nil {
					return usageError{err}
				}
				ctx := cmd.Context()
				changes, last, err := followed(ctx, a, beside || watch)
				if err != nil {
					return err
				}
				if err := x.named(ctx, args); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s written, %d unchanged%s\n", count(x.written, "file"), x.same, x.leftOut())
				if !watch {
					return nil
				}
				only, err := x.only(ctx, args)
				if err != nil {
					return err
				}
				return x.follow(ctx, changes, last, only, func(int64) error { return nil })
			})(cmd, nil)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "folder to write into")
	cmd.Flags().BoolVar(&beside, "beside", false, "write beside the recordings")
	cmd.Flags().StringVar(&formats, "formats", "txt", "what to write, separated by commas: txt, srt, vtt, json, tsv, md, podcast.json")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on, and write each transcript when it is finished or changed")
	return cmd
}

// newExporter checks what is asked for.
func newExporter(a catalogue, to, formats string) (*exporter, error) {
	x := &exporter{catalogue: a, to: to, titles: map[models.ShowID]string{}, former: map[models.ShowID]map[string][]formerFile{}}
	for name := range strings.SplitSeq(formats, ",") {
		f, err := export.Parse(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		x.formats = append(x.formats, f)
	}
	return x, nil
}

func (x *exporter) leftOut() string {
	if x.without == 0 {
		return ""
	}
	return fmt.Sprintf(", %s without a transcript or a place for it", count(x.without, "episode"))
}

// episodes returns those that are named, or all.
func (x *exporter) episodes(ctx context.Context, args []string) ([]models.Episode, error) {
	if len(args) > 0 {
		return findEpisodes(ctx, x, args[0])
	}
	return x.Episodes(ctx, models.EpisodeFilter{})
}

// named exports the episodes that are named, or all.
func (x *exporter) named(ctx context.Context, args []string) error {
	episodes, err := x.episodes(ctx, args)
	if err != nil {
		return err
	}
	for _, e := range episodes {
		if err := x.one(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// only returns which episodes are watched; of a show, those to come are among them.
func (x *exporter) only(ctx context.Context, args []string) (func(models.Episode) bool, error) {
	if len(args) == 0 {
		return func(models.Episode) bool { return true }, nil
	}
	episodes, err := x.episodes(ctx, args)
	if err != nil {
		return nil, err
	}
	shows := map[models.ShowID]bool{}
	for _, e := range episodes {
		shows[e.ShowID] = true
	}
	if len(episodes) == 1 {
		return func(e models.Episode) bool { return e.ID == episodes[0].ID }, nil
	}
	return func(e models.Episode) bool { return shows[e.ShowID] }, nil
}

// lookEvery is how often the catalogue is asked for what is new.
const lookEvery = 2 * time.Second

// changing tells what changes in an archive, and has its recordings at hand.
type changing interface {
	LastChange(ctx context.Context) (int64, error)
	Changes(ctx context.Context, after int64, limit int) ([]models.Change, error)
}

// followed returns an archive that can be followed, and how far it has changed by now. One elsewhere cannot, which is an error where
// it is needed.
func followed(ctx context.Context, a catalogue, needed bool) (changing, int64, error) {
	changes, ok := a.(changing)
	switch {
	case ok:
		last, err := changes.LastChange(ctx)
		return changes, last, err
	case needed:
		return nil, 0, usageError{errors.New("--beside and --watch are for the machine where the archive is; from elsewhere, earshot export --to FOLDER writes what is new each time")}
	}
	return nil, 0, nil
}

// follow exports what changes after a number of the change sequence, until ctx ends, and tells up to which number it has come.
func (x *exporter) follow(ctx context.Context, of changing, after int64, only func(models.Episode) bool, come func(int64) error) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		changes, err := of.Changes(ctx, after, 0)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range changes {
			if after = c.Seq; c.Deleted {
				continue
			}
			e, err := x.Episode(ctx, c.EpisodeID)
			if errors.Is(err, models.ErrNotFound) {
				continue
			}
			if err == nil && only(e) {
				err = x.one(ctx, e)
			}
			if err != nil {
				return err
			}
		}
		if len(changes) > 0 {
			if err := come(after); err != nil {
				return err
			}
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// one writes an episode's files, where there is something to write.
func (x *exporter) one(ctx context.Context, e models.Episode) error {
	t, err := x.Transcript(ctx, e.ID, models.TaskTranscribe)
	if errors.Is(err, models.ErrNotFound) {
		t, err = models.Transcript{}, nil
	}
	if err != nil {
		return err
	}
	if !t.Complete || x.to == "" && e.Enclosure.Location.Remote() {
		x.without++
		return nil
	}
	stem, err := x.stem(ctx, e)
	if err != nil {
		return err
	}
	for _, f := range x.formats {
		if err := x.write(stem+"."+string(f), f, t); err != nil {
			return fmt.Errorf("exporting %q: %w", e.Title, err)
		}
	}
	if err := errors.Join(x.note(e, stem), x.writeFormer(ctx, e, stem, t)); err != nil {
		return fmt.Errorf("exporting %q: %w", e.Title, err)
	}
	return nil
}

// stem is where the files of an episode go, without their ending.
func (x *exporter) stem(ctx context.Context, e models.Episode) (string, error) {
	if x.to == "" {
		path := string(e.Enclosure.Location)
		return strings.TrimSuffix(path, filepath.Ext(path)) + ".earshot", nil
	}
	if x.titles[e.ShowID] == "" {
		show, err := x.Show(ctx, e.ShowID)
		if err != nil {
			return "", err
		}
		x.titles[e.ShowID] = fileTitle(show.Title, string(show.ID))
	}
	title := e.Title
	if !e.PublishedAt.IsZero() {
		title = e.PublishedAt.Format(time.DateOnly) + " " + title
	}
	return filepath.Join(x.to, x.titles[e.ShowID], fileTitle(title, string(e.ID))), nil
}

// write writes a file that is not there as it should be.
func (x *exporter) write(path string, f export.Format, t models.Transcript) error {
	var b bytes.Buffer
	if err := export.Write(&b, f, t); err != nil {
		return err
	}
	was, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(was, b.Bytes()):
		x.same++
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the owner's folder, with the usual rights
		return err
	}
	x.written++
	return writeFile(path, func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err })
}

// longestTitle bounds a title in a file name, in bytes: names may have 255 on nearly every system.
const longestTitle = 150

// fileTitle makes a name for a file or folder of a title, which may hold anything: safe on every system, and different for
// different things by a part of their identifier.
func fileTitle(title, id string) string {
	title = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, title)
	title = strings.Join(strings.Fields(title), " ")
	if len(title) > longestTitle {
		title = strings.ToValidUTF8(title[:longestTitle], "")
	}
	title = strings.Trim(title, ". ")
	return strings.TrimSpace(title + " " + nameTag(id))
}

// nameTag is how the name of what has an identifier ends.
func nameTag(id string) string { return "[" + id[:min(8, len(id))] + "]" }

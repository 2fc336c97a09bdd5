package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dustin/go-humanize"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

// settingsFile is the owner's settings, in the data folder.
const settingsFile = "earshot.toml"

func newBackupCommand(c *config) *cobra.Command {
	var o store.BackupOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the whole archive into one file, also while earshot serve runs",
		Long: `Write the whole archive into one file: shows, episodes, transcripts and settings as they are at one moment, and the recordings.
earshot serve and earshot worker may be running. The search index, which is made anew, and the weights are not in it.

FILE is a tar file, compressed when its name ends with .zst or .gz; recordings hardly get smaller. It appears when it is complete.
It holds the passwords of private feeds, so that only its owner may read it: keep it where nobody else does.`,
		Example: `  earshot backup /mnt/backups/earshot-$(date +%F).tar
  earshot backup --no-media transcripts.tar.zst`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onArchive(func(cmd *cobra.Command, a *archive) error {
				b := newPhases(cmd.ErrOrStderr())
				defer b.close()
				var err error
				o.Program, o.Progress = version, b.tell
				if o.Settings, err = os.ReadFile(filepath.Join(c.Data, settingsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("reading the settings: %w", err)
				}
				done, err := a.Backup(cmd.Context(), args[0], o)
				if err != nil {
					return err
				}
				b.close()
				what := "without the recordings"
				if !o.NoMedia {
					what = "with " + count(done.Recordings, "recording")
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s\n", args[0], humanize.Bytes(uint64(done.Bytes)), what)
				return lacking(cmd.ErrOrStderr(), done.Unreadable, "not in the backup")
			})(cmd, nil)
		},
	}
	cmd.Flags().BoolVar(&o.NoMedia, "no-media", false, "leave out the recordings, which are in folder media of the data folder, or in a bucket")
	cmd.Flags().BoolVar(&o.Replace, "replace", false, "replace FILE, once the new one is complete")
	return cmd
}

func newRestoreCommand(c *config) *cobra.Command {
	var replace, check bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make an archive of a backup",
		Long: `Make an archive of a file that earshot backup wrote, in the data folder, or in the database that the settings name: an archive
can move from one to the other this way. The whole file is checked before anything is changed.

An archive that is in the data folder already is left alone, or moved aside with --replace; for that, earshot serve must not be
running. The search index is made anew when earshot serve starts, and what was under way goes on.`,
		Example: `  earshot restore /mnt/backups/earshot-2026-03-01.tar --data /srv/earshot
  EARSHOT_DATABASE_URL=postgres://earshot@db/earshot earshot restore earshot.tar.zst`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			bars := newPhases(cmd.ErrOrStderr())
			defer bars.close()
			b, err := store.OpenBackup(cmd.Context(), args[0], bars.tell)
			if err != nil {
				return err
			}
			made := "the backup of " + b.MadeAt().Local().Format("2006-01-02 15:04")
			if check {
				bars.close()
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is whole: %s, by Earshot %s\n", args[0], made, visible(b.Program()))
				return err
			}
			return c.restore(cmd, b, made, replace, bars)
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "move the archive that is in the data folder aside")
	cmd.Flags().BoolVar(&check, "check", false, "only look whether the file is whole")
	return cmd
}

// restore puts a backup in its place, and opens it.
func (c *config) restore(cmd *cobra.Command, b *store.BackupFile, made string, replace bool, bars *phases) error {
	where, err := c.storeOptions()
	if err != nil {
		return err
	}
	done, err := b.Restore(cmd.Context(), c.Data, store.RestoreOptions{
		Options: where, Replace: replace, Derived: []string{"search"}, Progress: bars.tell,
	})
	if err != nil {
		return err
	}
	if err := c.restoreSettings(b.Settings(), cmd.OutOrStdout()); err != nil {
		return err
	}
	a, err := c.open(cmd.Context())
	if err != nil {
		return err
	}
	defer a.close() //nolint:errcheck // only read
	st, err := a.Status(cmd.Context())
	if err != nil {
		return err
	}
	bars.close()
	episodes := 0
	for _, n := range st.Episodes {
		episodes += n
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is in %s: %s, %s, %s\n", made, a.Where(), count(st.Shows, "show"), count(episodes, "episode"),
		count(done.Recordings, "recording"))
	if done.Aside != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "the former archive is in %s: delete it when you do not need it\n", done.Aside)
	}
	if !b.HasMedia() {
		fmt.Fprintln(cmd.OutOrStdout(), "the recordings are not in this backup: copy folder media of the former data folder into the new one, or use the same bucket")
	}
	return lacking(cmd.ErrOrStderr(), done.Damaged, "damaged in the backup, and left out")
}

// restoreSettings puts the settings of a backup beside the archive, where there are none. Those of another place are only kept
// to be looked at: with them the next command would open another archive than this one.
func (c *config) restoreSettings(text []byte, out io.Writer) error {
	if text == nil {
		return nil
	}
	name := settingsFile
	said, err := toml.Parser().Unmarshal(text)
	if err != nil || said["database-url"] != nil || said["media-url"] != nil || said["data"] != nil || isFile(filepath.Join(c.Data, settingsFile)) {
		name = "earshot.restored.toml"
		fmt.Fprintf(out, "the settings of the backup are in %s: take from it what you need\n", filepath.Join(c.Data, name))
	}
	path := filepath.Join(c.Data, name)
	if was, err := os.ReadFile(path); err == nil && slices.Equal(was, text) {
		return nil
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("restoring the settings: %w", err)
	}
	return nil
}

// lacking names recordings that could not be had, and is an error where there are any.
func lacking(out io.Writer, names []string, what string) error {
	for _, n := range names {
		fmt.Fprintln(out, visible(n))
	}
	if len(names) == 0 {
		return nil
	}
	return models.Explain(models.ErrUnusable, "%s %s, see above; all else is there", count(len(names), "recording"), what)
}

// phases draws a bar for what is being done, one after the other.
type phases struct {
	bars *bars
	what store.Progressing
	bar  *bar
}

func newPhases(out io.Writer) *phases { return &phases{bars: newBars(out)} }

func (p *phases) tell(what store.Progressing, done, total int64) {
	if p.bar == nil || p.what != what {
		p.end()
		u := unitBytes
		if what == store.ProgressCatalogue {
			u = unitChanges
		}
		p.what, p.bar = what, p.bars.add(string(what), total, u)
	}
	p.bar.of(done, total)
}

func (p *phases) end() {
	if p.bar != nil {
		p.bar.done()
	}
	p.bar = nil
}

func (p *phases) close() {
	p.end()
	p.bars.close()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
)

func newDoctorCommand(c *config) *cobra.Command {
	var look bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Compare the search index and the recordings with the catalogue, and repair the index",
		Long: `Compare the search index with the catalogue, word by word, and repair what is wrong with it. The catalogue's file and the
recordings are looked at as well; what is wrong with them has to come back from a backup.

The exit code is 1 when something is wrong and stays so.`,
		Args: arguments(cobra.NoArgs),
		RunE: c.onArchive(func(cmd *cobra.Command, a *archive) (err error) {
			index, err := a.index(cmd.Context(), nil)
			if err != nil {
				return c.explainInUse(err)
			}
			defer func() { err = errors.Join(err, index.Close()) }()
			d := &doctor{archive: a, out: cmd.OutOrStdout(), bars: newBars(cmd.ErrOrStderr())}
			defer d.bars.close()
			return d.run(cmd.Context(), index, !look)
		}),
	}
	cmd.Flags().BoolVar(&look, "check", false, "only look, and repair nothing but what opening the index does")
	return cmd
}

// doctor says what is wrong with an archive.
type doctor struct {
	*archive

	out  io.Writer
	bars *bars
	lost int // problems of the catalogue and the recordings
}

func (d *doctor) run(ctx context.Context, index *search.Index, repair bool) error {
	err := d.Check(ctx, func(id models.EpisodeID, problem string) {
		d.lost++
		d.tell(ctx, "the catalogue", id, problem)
	})
	if err != nil {
		return err
	}
	bar := d.bars.add("comparing", 0, unitChanges)
	c, err := index.Check(ctx, search.CheckOptions{
		Repair:   repair,
		Found:    func(f search.Finding) { d.tell(ctx, "the search index", f.EpisodeID, f.Problem) },
		Progress: bar.of,
	})
	bar.done()
	if err != nil {
		return err
	}
	return d.conclude(c, repair)
}

// tell says what is wrong with an episode, or with the whole.
func (d *doctor) tell(ctx context.Context, whole string, id models.EpisodeID, problem string) {
	subject := whole
	if id != "" {
		subject = "episode " + string(id)
		if e, err := d.EpisodesByID(ctx, []models.EpisodeID{id}); err == nil && e[id].Title != "" {
			subject += " (" + visible(e[id].Title) + ")"
		}
	}
	_ = d.bars.print(d.out, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s\n", subject, visible(problem))
		return err
	})
}

// conclude sums up, and is an error where something is wrong still.
func (d *doctor) conclude(c search.Checked, repair bool) error {
	curable := slices.DeleteFunc(slices.Clone(c.Left), func(f search.Finding) bool { return f.OfSource })
	line := fmt.Sprintf("%s with %d words compared: ", count(c.Episodes, "episode"), c.Words)
	switch mended := c.Problems - len(c.Left); {
	case len(curable) > 0:
		line += fmt.Sprintf("the search index has %s\n", count(len(curable), "problem"))
	case mended > 0:
		line += count(mended, "problem") + " repaired, and the search index is right now\n"
	default:
		line += "the search index is right\n"
	}
	if c.Waiting > 0 {
		line += count(int(c.Waiting), "change") + " not in the index yet: the server, or the next search, sees to that\n"
	}
	if _, err := io.WriteString(d.out, line); err != nil {
		return err
	}
	var left error
	switch n := len(curable); {
	case n > 0 && !repair:
		left = fmt.Errorf("%s found in the search index: earshot doctor, without --check, repairs it", count(n, "problem"))
	case n > 0:
		left = fmt.Errorf("%s of the search index cannot be repaired, the first: %s", count(n, "problem"), curable[0].Problem)
	}
	if lost := d.lost + len(c.Left) - len(curable); lost > 0 {
		left = errors.Join(left, fmt.Errorf("%s of the catalogue and the recordings can only be put right from a backup of the data folder", count(lost, "problem")))
	}
	return left
}

// explainInUse says who has the search index and what to do, where err is search.ErrInUse.
func (c *config) explainInUse(err error) error {
	if !errors.Is(err, search.ErrInUse) {
		return err
	}
	if n, e := announced(c.Data); e == nil && listens(n.URL) {
		return fmt.Errorf("the server at %s has it open, stop it first: %w", n.URL, err)
	}
	return fmt.Errorf("try again when the other command has ended: %w", err)
}

// listens reports whether a program listens at the address of a URL.
func listens(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	conn, err := net.DialTimeout("tcp", u.Host, time.Second) //nolint:noctx // a second
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/weights"
)

// modelKeeper has the models of a machine: this one, or that of a server.
type modelKeeper interface {
	// list names the models that there are and those that can be had, small ones first.
	list(ctx context.Context) ([]models.Weights, error)
	has(ctx context.Context, name string) (bool, error)
	// needed names the models that transcribing with the model speech needs, or with that of the server's settings.
	needed(ctx context.Context, speech string) ([]string, error)
	// pull fetches a model, or installs it from a folder, and tells how far it is.
	pull(cmd *cobra.Command, name, from string, report func(weights.Progress)) (weights.Installed, error)
	remove(ctx context.Context, name string) error
}

// models has the models of the server that the settings name, or of this machine.
func (c *config) models(cmd *cobra.Command) (modelKeeper, error) {
	if c.Server != "" {
		return c.reach(cmd)
	}
	return modelsHere{c.weights()}, nil
}

// newModelsCommand makes "earshot models list|pull|rm" and more. The keeper is opened when a command runs;
// speech is the model that the settings name by then.
func newModelsCommand(keeper func(*cobra.Command) (modelKeeper, error), speech *string, more ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List, fetch, check, measure and remove model weights",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelsListCommand(keeper), newModelsPullCommand(keeper, speech), newModelsRemoveCommand(keeper))
	cmd.AddCommand(more...)
	return cmd
}

func newModelsListCommand(keeper func(*cobra.Command) (modelKeeper, error)) *cobra.Command {
	var installedOnly bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the models that can be had, and which are installed",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := keeper(cmd)
			if err != nil {
				return err
			}
			all, err := k.list(cmd.Context())
			if err != nil {
				return err
			}
			return listModels(cmd.OutOrStdout(), all, installedOnly)
		},
	}
	cmd.Flags().BoolVar(&installedOnly, "installed", false, "only those that are installed")
	return cmd
}

// listModels prints the installed models and, unless only those are wanted, those that can be had.
func listModels(out io.Writer, all []models.Weights, installedOnly bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, size, memory, languages, state string) {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, size, memory, languages, state) // Flush tells
	}
	row("NAME", "SIZE", "MEMORY", "LANGUAGES", "STATE")
	for _, installed := range []bool{true, false} {
		for _, m := range all {
			if m.Installed == installed && (installed || !installedOnly) {
				row(visible(m.Name), humanSize(m.Bytes), memory(m), cmp.Or(m.Languages, "?"), visible(state(m)))
			}
		}
	}
	if err := w.Flush(); err != nil || installedOnly {
		return err
	}
	_, err := fmt.Fprintln(out, "\nAdd -q4_0, -q4_1, -q5_0, -q5_1 or -q8_0 to a name to have it made smaller: earshot models pull small-q4_0")
	return err
}

func humanSize(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

func memory(m models.Weights) string {
	if m.MemoryBytes == 0 {
		return "?"
	}
	return humanSize(m.MemoryBytes)
}

func state(m models.Weights) string {
	switch {
	case m.Problem != "":
		return m.Problem
	case m.MadeFrom != "":
		return fmt.Sprintf("installed, made from %s (%s)", m.MadeFrom, m.Source)
	case m.Installed:
		return fmt.Sprintf("installed (%s)", m.Source)
	case m.Mirrored:
		return "also from the mirror"
	}
	return ""
}

func newModelsPullCommand(keeper func(*cobra.Command) (modelKeeper, error), speech *string) *cobra.Command {
	var missing bool
	var from string
	cmd := &cobra.Command{
		Use:   "pull [NAME…]",
		Short: "Fetch models; without a name, those that transcribing needs",
		Long: `Fetch models from the official site, or from the mirror where that fails. A name may carry a quantisation
(base-q8_0, small-q4_0): where nobody offers the model like that, it is made from the full one. What is installed and
intact is left alone; a broken download goes on where it stopped.`,
		Args: arguments(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			k, err := keeper(cmd)
			if err != nil {
				return err
			}
			if from != "" && len(names) != 1 {
				return usageError{errors.New("--from needs exactly one name")}
			}
			if len(names) == 0 {
				if names, err = k.needed(cmd.Context(), *speech); err != nil {
					return err
				}
			}
			for _, name := range names {
				if missing {
					if has, err := k.has(cmd.Context(), name); err != nil || has {
						if err != nil {
							return err
						}
						continue
					}
				}
				if err := pullModel(cmd, k, weights.Canonical(name), from); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&missing, "missing", false, "say and do nothing about models that are installed, without reading them")
	cmd.Flags().StringVar(&from, "from", "", "folder with a Whisper model of your own (CTranslate2 or Hugging Face) to install under NAME")
	return cmd
}

// newModelsCalibrateCommand measures this machine.
func newModelsCalibrateCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "calibrate",
		Short: "Measure how this machine transcribes fastest with the model in use, and use that from now on",
		Long: `Measure how this machine transcribes fastest with the model in use: how many stretches of audio at a time, with how many
threads each, and in which form of the weights. It is done by itself when a model is used for the first time; do it again
when other programs were busy then. A setting model = "base" uses the faster one of base and base-q8_0, which hear equally
well; base-f16 and base-q8_0 are used as they are.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			tool := audio.New(audio.Options{})
			if err := tool.Check(); err != nil {
				return err
			}
			m, err := c.capacity(cmd.Context())
			if err != nil {
				return err
			}
			result, err := m.measure(cmd.Context(), tool, m.rivals())
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), m.table(result))
			return err
		},
	}
}

// pullModel fetches one model, with a bar on a terminal and a line a stage elsewhere, and says where it came from.
func pullModel(cmd *cobra.Command, k modelKeeper, name, from string) error {
	b := newBars(cmd.ErrOrStderr())
	current, stage := &bar{}, weights.Stage("")
	report := func(p weights.Progress) {
		switch {
		case p.Note != "":
			b.say(p.Note)
		case p.Stage != stage:
			stage = p.Stage
			current.done()
			title := fmt.Sprintf("%s: %s", name, stage)
			current = b.add(title, p.Total, unitBytes)
			if b.progress == nil && stage != weights.Verifying {
				b.say(title)
			}
		}
		current.set(p.Done)
	}
	in, err := k.pull(cmd, name, from, report)
	current.done()
	b.close()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), pulled(in))
	return err
}

// pulled says what became of a pull.
func pulled(in weights.Installed) string {
	if !in.Fresh {
		return fmt.Sprintf("%s: installed and intact (%s)", in.Name, humanSize(in.Bytes))
	}
	line := fmt.Sprintf("%s: %s from the %s", in.Name, humanSize(in.Bytes), sourceName(in.Source))
	if in.MadeFrom != "" {
		base, _, _ := strings.Cut(in.MadeFrom, " ")
		line += ", made here from " + base
	}
	if in.Official && in.Source != weights.Official {
		line += ", identical to the official file"
	}
	if in.Path != "" {
		line += " → " + in.Path
	}
	return line
}

func sourceName(s weights.Source) string {
	switch s {
	case weights.Official:
		return "official site"
	case weights.Imported, weights.ByHand:
		return "owner's files"
	}
	return string(s)
}

func newModelsRemoveCommand(keeper func(*cobra.Command) (modelKeeper, error)) *cobra.Command {
	return &cobra.Command{
		Use:     "rm NAME…",
		Aliases: []string{"remove"},
		Short:   "Remove models",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			k, err := keeper(cmd)
			if err != nil {
				return err
			}
			for _, name := range names {
				if err := k.remove(cmd.Context(), name); err != nil {
					return err
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: removed\n", name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newModelsVerifyCommand(open func() *weights.Store) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME…]",
		Short: "Read models from end to end and compare their checksums; without a name, all that are installed",
		Args:  arguments(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			s := open()
			if len(names) == 0 {
				installed, err := s.List()
				if err != nil {
					return err
				}
				for _, m := range installed {
					names = append(names, m.Name)
				}
			}
			return verifyModels(cmd, s, names)
		},
	}
}

// verifyModels checks every model, and fails when one of them is not intact.
func verifyModels(cmd *cobra.Command, s *weights.Store, names []string) error {
	if len(names) == 0 {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "no models are installed")
		return err
	}
	var failed []error
	for _, name := range names {
		err := s.Verify(cmd.Context(), name)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: intact\n", name); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return nil
}

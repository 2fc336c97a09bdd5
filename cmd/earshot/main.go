// Command earshot is the archive's one program: it adds recordings, transcribes, indexes, searches and serves them.
//
// This package parses the configuration once and wires the rooms together; nothing else does. A command ends with one
// clear sentence on standard error and exit code 1 when it fails, 2 when it was called wrongly, 130 when it was interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Set by the linker, see the Makefile.
var (
	version      = "unknown"
	quantizeTool = "" //nolint:gochecknoglobals // where this build's whisper-quantize is
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	root := newRootCommand()
	root.SetArgs(queryArguments(root, args))
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "earshot: interrupted")
		return 130
	}
	fmt.Fprintln(os.Stderr, "earshot: "+oneLine(err.Error()))
	var usage usageError
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command") {
		return 2
	}
	return 1
}

// usageError is a command called wrongly.
type usageError struct{ error }

// oneLine keeps what a child said on several lines readable as one sentence, and of bounded length.
func oneLine(s string) string {
	const longest = 1000
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

func newRootCommand() *cobra.Command {
	c := &config{}
	root := &cobra.Command{
		Use:   "earshot",
		Short: "An archive of spoken recordings: everything that was said, findable by word, playable from that word",
		Long: `Earshot takes podcast feeds, folders and audio files, transcribes them on this machine, and finds what was said.

With --server, commands are about the archive of that server instead of the one in the data folder.

Settings come from flags, from environment variables (EARSHOT_DATA, EARSHOT_LISTEN, …: the flag's name in capitals), and
from earshot.toml in the data folder, in this order.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return c.load(cmd)
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.register(root.PersistentFlags())
	root.AddCommand(here(
		newServeCommand(c), newWorkerCommand(c), newTranscribeCommand(c), newReindexCommand(c), newDoctorCommand(c), newBackupCommand(c), newRestoreCommand(c),
	)...)
	root.AddCommand(
		newAddCommand(c), newSearchCommand(c), newStatusCommand(c), newRetryCommand(c), newShowsCommand(c), newRetranscribeCommand(c), newExportCommand(c),
		newNowCommand(c), newPauseCommand(c), newResumeCommand(c), newCancelCommand(c), newModelsCommand(c.models, &c.Model, here(newModelsVerifyCommand(c.weights), newModelsCalibrateCommand(c))...),
		newUserCommand(c), newTokenCommand(c), newVersionCommand(), newDecoderCommand(),
	)
	return root
}

// arguments checks the number of arguments and makes a wrong one a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w (usage: %s)", err, cmd.UseLine())}
		}
		return nil
	}
}

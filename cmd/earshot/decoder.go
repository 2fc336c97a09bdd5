package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/pipeline/whisper"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the program's version",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "earshot %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// newDecoderCommand is the child process that decodes: the same program, started by package whisper.
func newDecoderCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "decoder",
		Hidden:            true,
		Args:              arguments(cobra.NoArgs),
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // no settings: the request has them
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Its parent ends it: an interrupt meant for the parent must not look like a failure of the decoder.
			return whisper.Serve(context.WithoutCancel(cmd.Context()), os.Stdin, os.Stdout)
		},
	}
}

// newTranscriber returns a transcriber whose children are this program. It must be closed.
func newTranscriber(log *slog.Logger) (*whisper.Transcriber, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program to start it as a decoder: %w", err)
	}
	return whisper.NewTranscriber(whisper.Options{Command: []string{self, "decoder"}, Env: decoderEnv(), Logger: log}), nil
}

// decoderEnv leaves one thread to each decoder's linear algebra and hands on what finds libraries and devices.
func decoderEnv() []string {
	out := []string{"OPENBLAS_NUM_THREADS=1"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "CUDA_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES"} {
		if v, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+v)
		}
	}
	return out
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"

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
	var describe bool
	cmd := &cobra.Command{
		Use:               "decoder",
		Hidden:            true,
		Args:              arguments(cobra.NoArgs),
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // no settings: the request has them
		RunE: func(cmd *cobra.Command, _ []string) error {
			if describe {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(whisper.Describe())
			}
			// Its parent ends it: an interrupt meant for the parent must not look like a failure of the decoder.
			return whisper.Serve(context.WithoutCancel(cmd.Context()), os.Stdin, os.Stdout)
		},
	}
	cmd.Flags().BoolVar(&describe, strings.TrimLeft(whisper.DescribeArgument, "-"), false, "tell what it would compute with")
	return cmd
}

// newTranscriber returns a transcriber whose children are this program. It must be closed.
func newTranscriber(log *slog.Logger) (*whisper.Transcriber, error) {
	o, err := transcriberOptions(log)
	if err != nil {
		return nil, err
	}
	return whisper.NewTranscriber(o), nil
}

// transcriberOptions make this program the child that decodes.
func transcriberOptions(log *slog.Logger) (whisper.Options, error) {
	self, err := os.Executable()
	if err != nil {
		return whisper.Options{}, fmt.Errorf("finding this program to start it as a decoder: %w", err)
	}
	return whisper.Options{Command: []string{self, "decoder"}, Env: decoderEnv(), Logger: log}, nil
}

// decoderEnv hands on what finds libraries and devices. OpenBLAS begins with one thread; ggml sets the number before each
// multiplication to the threads of the decoder that asks (ggml-blas.cpp, openblas_set_num_threads), so that the
// variable's whole work is that no pool of threads for all cores is started. ggml starts its threads by that number too.
func decoderEnv() []string {
	out := []string{"OPENBLAS_NUM_THREADS=1"}
	for _, name := range []string{
		"PATH", "HOME", "TMPDIR", "GOMAXPROCS", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
		"CUDA_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "XDG_CACHE_HOME",
	} {
		if v, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+v)
		}
	}
	return out
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
	"github.com/earshot/earshot/pipeline"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/vocabulary"
	"github.com/earshot/earshot/pipeline/whisper"
)

// transcription is one call of the command.
type transcription struct {
	format    export.Format
	outputDir string
	model     string
	request   whisper.Request
	tool      *audio.Tool
	runner    *whisper.Transcriber
	stdout    io.Writer
	bars      *bars
	report    bool
}

func newTranscribeCommand(c *config) *cobra.Command {
	var format, output, prompt string
	var report, translate bool
	cmd := &cobra.Command{
		Use:   "transcribe FILE…",
		Short: "Transcribe audio files without an archive: to standard output, or to files with --output",
		Example: `  earshot transcribe interview.mp3
  earshot transcribe --format srt --output subtitles *.mp3`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := export.Parse(format)
			if err != nil {
				return usageError{err}
			}
			t := &transcription{format: f, outputDir: output, tool: audio.New(audio.Options{}), stdout: cmd.OutOrStdout(), bars: newBars(cmd.ErrOrStderr()), report: report}
			defer t.bars.close()
			if t.request, t.model, err = c.request(cmd.Context(), t.tool, func(line string) { t.bars.say("earshot: " + line) }); err != nil {
				return err
			}
			t.request.Prompt = prompt
			if prompt == "" && c.Hints != models.HintsOff {
				t.request.Prompt = vocabulary.FromWords(c.Vocabulary)
			}
			if translate {
				t.request.Task = models.TaskTranslate
			}
			if t.runner, err = newTranscriber(c.log); err != nil {
				return err
			}
			defer t.runner.Close()
			return t.all(cmd.Context(), args)
		},
	}
	cmd.Flags().StringVar(&format, "format", "txt", "txt, srt, vtt, json, tsv, md or podcast.json")
	cmd.Flags().StringVarP(&output, "output", "o", "", "folder to write FILE.FORMAT into, instead of standard output")
	cmd.Flags().StringVar(&prompt, "prompt", "", "text as if it had been said before the recording; in place of --vocabulary")
	cmd.Flags().BoolVar(&report, "report", false, "say how each transcript was made and how good it may be, on standard error, or inside with --format json")
	cmd.Flags().BoolVar(&translate, "translate", false, "write what was said in English")
	return cmd
}

// request is what the settings, and what is best on this machine, ask of a decoder, with the name of the model.
func (c *config) request(ctx context.Context, tool *audio.Tool, say func(string)) (whisper.Request, string, error) {
	if err := tool.Check(); err != nil {
		return whisper.Request{}, "", err
	}
	m, err := c.capacity(ctx)
	if err != nil {
		return whisper.Request{}, "", err
	}
	way, err := m.way(ctx, tool, say)
	if err != nil {
		return whisper.Request{}, "", err
	}
	req, err := pipeline.Request(m.weights, way.Model)
	req.Language, req.Decoders, req.Threads = c.Language, way.Decoders, way.Threads
	return req, way.Model, err
}

// all transcribes every file; one that fails is named, and the others go on.
func (t *transcription) all(ctx context.Context, paths []string) error {
	if t.outputDir != "" {
		if err := os.MkdirAll(t.outputDir, 0o755); err != nil { //nolint:gosec // the owner's folder, with the usual rights
			return fmt.Errorf("making the output folder: %w", err)
		}
		// Better to know now than after an hour.
		probe, err := os.CreateTemp(t.outputDir, ".earshot-*")
		if err != nil {
			return fmt.Errorf("%s cannot be written to: %w", t.outputDir, errors.Unwrap(err))
		}
		_ = probe.Close()
		_ = os.Remove(probe.Name())
	}
	names, err := t.outputNames(paths)
	if err != nil {
		return err
	}
	var failed []error
	for i, path := range paths {
		err := t.one(ctx, path, names[i])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if errors.Is(err, models.ErrInvalid) && !errors.Is(err, models.ErrUnusable) { // the settings are wrong: they will be for every file
				return err
			}
			failed = append(failed, err)
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(paths) == 1:
		return failed[0]
	}
	for _, err := range failed {
		t.bars.say("earshot: " + oneLine(err.Error()))
	}
	return fmt.Errorf("%d of %d files could not be transcribed, see above", len(failed), len(paths))
}

// outputNames gives each recording a file of its own: its name without the extension, or with it where two would be the
// same.
func (t *transcription) outputNames(paths []string) ([]string, error) {
	stem := func(p string) string { return strings.TrimSuffix(filepath.Base(p), filepath.Ext(p)) }
	stems := map[string]int{}
	for _, p := range paths {
		stems[stem(p)]++
	}
	names := make([]string, len(paths))
	taken := map[string]string{}
	for i, p := range paths {
		name := stem(p)
		if stems[name] > 1 {
			name = filepath.Base(p)
		}
		names[i] = name + "." + string(t.format)
		if other, ok := taken[names[i]]; ok && t.outputDir != "" {
			return nil, usageError{fmt.Errorf("%s and %s would be written to the same file %s: transcribe them one by one into different folders", other, p, names[i])}
		}
		taken[names[i]] = p
	}
	return names, nil
}

func (t *transcription) one(ctx context.Context, path, name string) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return models.Explain(models.ErrUnusable, "%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err // names the file and why
	}
	defer f.Close()
	info, err := t.tool.Probe(ctx, f)
	if err != nil {
		return err
	}
	bar := t.bars.add(filepath.Base(path), info.DurationMS, unitAudio)
	defer bar.done()
	out := models.Transcript{
		Source: models.TranscriptWhisper, Task: t.request.Task, Model: t.model, Prompt: t.request.Prompt, CreatedAt: time.Now().UTC(),
	}
	got, err := pipeline.Decode(ctx, t.tool, t.runner, f, t.request, func(w whisper.Window) error {
		out.Segments = append(out.Segments, w.Segments...)
		return nil
	}, bar.set)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	out.Language, out.DurationMS, out.Warning, out.Report = got.Language, got.DurationMS, got.Warning, got.Report
	bar.set(got.DurationMS)
	if got.Warning != "" {
		t.bars.say(fmt.Sprintf("earshot: %s: %s", path, got.Warning))
	}
	if t.report && t.format != export.JSON {
		t.bars.say(strings.TrimSuffix(describeReport(path, out), "\n"))
	}
	if !t.report {
		out.Report = models.Report{}
	}
	return t.write(name, out)
}

func (t *transcription) write(name string, out models.Transcript) error {
	if t.outputDir == "" {
		return t.bars.print(t.stdout, func(w io.Writer) error { return export.Write(w, t.format, out) })
	}
	return writeFile(filepath.Join(t.outputDir, name), func(w io.Writer) error { return export.Write(w, t.format, out) })
}

// writeFile writes beside, syncs, and renames, so that a file is whole or not there.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".earshot-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

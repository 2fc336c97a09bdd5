package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/weights"
)

// runModels runs "earshot models args" on a folder.
func runModels(t *testing.T, dir string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	store := weights.New(dir, weights.Options{Sources: []weights.Source{}})
	cmd := newModelsCommand(func(*cobra.Command) (modelKeeper, error) { return modelsHere{store}, nil }, new(defaultModel),
		newModelsVerifyCommand(func() *weights.Store { return store }))
	var out, notes bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&notes)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.ExecuteContext(context.WithoutCancel(t.Context()))
	return out.String(), notes.String(), err
}

func TestModelsListShowsTheCatalogueAndWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	damaged := filepath.Join(dir, "ggml-base.bin")
	if err := os.WriteFile(damaged, []byte("lmgg, and then nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err := runModels(t, dir, "list")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"tiny.en", "148 MB", "multilingual", "english", "silero-v6.2.0", "large-v3-turbo-q5_0", "earshot models pull base", "-q4_0"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "\nbase "); n != 1 {
		t.Errorf("base is listed %d times", n)
	}
	if out, _, err := runModels(t, dir, "list", "--installed"); err != nil || strings.Count(out, "\n") != 2 {
		t.Errorf("only what is installed: %v\n%s", err, out)
	}
}

func TestModelsVerifyNamesTheDamagedFile(t *testing.T) {
	dir := t.TempDir()
	if out, _, err := runModels(t, dir, "verify"); err != nil || !strings.Contains(out, "no models") {
		t.Errorf("nothing to verify: %q, %v", out, err)
	}
	fake := make([]byte, 885098) // the size of the VAD model
	copy(fake, "lmgg")
	if err := os.WriteFile(filepath.Join(dir, "ggml-silero-v6.2.0.bin"), fake, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := runModels(t, dir, "verify")
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "ggml-silero-v6.2.0.bin") || !strings.Contains(err.Error(), "earshot models pull silero-v6.2.0") {
		t.Errorf("the error is %v", err)
	}
	if out, notes, err := runModels(t, dir, "pull", "--missing", "silero-v6.2.0"); err != nil || out+notes != "" {
		t.Errorf("pulling what is there: %q, %q, %v", out, notes, err)
	}
	if out, _, err := runModels(t, dir, "rm", "silero-v6.2.0"); err != nil || out != "silero-v6.2.0: removed\n" {
		t.Errorf("removing: %q, %v", out, err)
	}
	if _, _, err := runModels(t, dir, "rm", "silero-v6.2.0"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("removing again: %v", err)
	}
}

func TestModelsRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{{"pull", "bse"}, {"verify", "nonsense"}, {"rm"}, {"rm", "../x"}, {"pull", "--from", "x"}, {"list", "x"}} {
		_, _, err := runModels(t, t.TempDir(), args...)
		var usage usageError
		if err == nil || !errors.As(err, &usage) && !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if _, _, err := runModels(t, t.TempDir(), "pull", "bse"); err == nil || !strings.Contains(err.Error(), "base") {
		t.Errorf("a misspelt name: %v", err)
	}
}

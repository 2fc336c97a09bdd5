//go:build !stub

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/weights"
)

// ownModels gives the program a folder of its own with the weights of the tests in it.
func (p *program) ownModels() {
	p.t.Helper()
	dir := p.t.TempDir()
	files, err := filepath.Glob(filepath.Join(p.models, "ggml-*"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Symlink(f, filepath.Join(dir, filepath.Base(f))); err != nil {
			p.t.Fatal(err)
		}
	}
	p.models = dir
}

func TestTheFirstTranscriptionMeasuresTheMachineAndLaterOnesUseIt(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.ownModels()
	p.env = []string{"GOMAXPROCS=1"} // as on a machine of one core, where there is one way: what the ways are is known elsewhere
	jfk := filepath.Join("..", "..", "build", "whisper.cpp", "samples", "jfk.mp3")
	if _, err := os.Stat(jfk); err != nil {
		t.Skip("the sources of whisper.cpp are not under build: run make native")
	}
	const measuring = "measuring how this machine transcribes fastest"
	out, errs, code := p.run("transcribe", jfk)
	if code != 0 || !strings.Contains(errs, measuring) || !strings.Contains(out, "country") {
		t.Fatalf("the first transcription: %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(p.models, "calibration.json")); err != nil {
		t.Fatalf("what was measured was not stored: %v", err)
	}
	if _, errs, code := p.run("transcribe", jfk); code != 0 || strings.Contains(errs, measuring) {
		t.Errorf("the second transcription: %d\n%s", code, errs)
	}
	table := p.must("models", "calibrate")
	for _, want := range []string{"× real time", "chosen", "whisper.cpp 1.", defaultModel} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is missing in\n%s", want, table)
		}
	}
}

func TestAModelThatDoesNotFitIsRefusedWithOnesThatDo(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.ownModels()
	c := &config{Models: p.models, Model: defaultModel}
	w := weights.New(p.models, weights.Options{})
	needs, err := w.Footprint(defaultModel)
	if err != nil {
		t.Fatal(err)
	}
	m := &capacity{c: c, weights: w, cores: 8, fitting: map[string]int{}, memory: needs.Needs(1) - 1}
	err = m.fit(defaultModel, "")
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "model base-q8_0 does not fit") || !strings.Contains(err.Error(), "tiny") || strings.Contains(err.Error(), "small") {
		t.Errorf("with a byte too few: %v", err)
	}
	m.memory = needs.Needs(4)
	if err := m.fit(defaultModel, ""); err != nil || m.fitting[defaultModel] != 4 {
		t.Errorf("with room for four: %d decoders, %v", m.fitting[defaultModel], err)
	}
}

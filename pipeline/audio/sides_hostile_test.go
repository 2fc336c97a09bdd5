package audio

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// A recording whose number of channels changes in the middle, as in files that were glued together.
func TestChannelsThatChange(t *testing.T) {
	l, r, _, _ := voices(turns(20), 20)
	mono := mixed(l, 0, r, 0)
	var glued []byte
	for _, channels := range [][][]float32{{l, r}, {mono}, {l, r}} {
		b, err := os.ReadFile(recording(t, "a.mp3", []string{"-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0"}, channels...))
		if err != nil {
			t.Fatal(err)
		}
		glued = append(glued, b...)
	}
	path := filepath.Join(t.TempDir(), "glued.mp3")
	if err := os.WriteFile(path, glued, 0o600); err != nil {
		t.Fatal(err)
	}
	listenTo(t, path)
	for _, mix := range []Mix{{}, {0.5, 2}} {
		s, err := New(Options{}).DecodeMix(t.Context(), open(t, path), 0, mix)
		if err != nil {
			t.Fatal(err)
		}
		got, err := drain(s)
		_ = s.Close()
		if sec := float64(len(got)) / SampleRate; err != nil || sec < 59.9 || sec > 60.3 {
			t.Errorf("%+v: %.1f s decoded, want 60: %v", mix, sec, err)
		}
		for part := range 3 {
			if p := power(got[part*20*SampleRate+8000 : (part+1)*20*SampleRate]); p < power(mono)/20 {
				t.Errorf("%+v: part %d is silent", mix, part)
			}
		}
	}
}

func TestHeadersThatLieOfChannels(t *testing.T) {
	l, r, _, _ := voices(turns(10), 10)
	whole, err := os.ReadFile(recording(t, "a.wav", nil, l, r))
	if err != nil {
		t.Fatal(err)
	}
	if string(whole[12:16]) != "fmt " {
		t.Fatal("not the header that this test changes")
	}
	tool := New(Options{})
	for _, channels := range []uint16{0, 1, 3, 8, 64, 65535} {
		lying := slices.Clone(whole)
		binary.LittleEndian.PutUint16(lying[22:], channels)
		path := filepath.Join(t.TempDir(), "lying.wav")
		if err := os.WriteFile(path, lying, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := tool.Sides(t.Context(), open(t, path))
		if err != nil && (!errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "lying.wav")) || s.OneSpeaker() {
			t.Errorf("%d channels declared: one speaker a side %v, %v", channels, s.OneSpeaker(), err)
		}
	}
}

func TestSidesOfDamagedRecordings(t *testing.T) {
	needFFmpeg(t)
	dir, tool := fixtures(t, "audio/damaged"), New(Options{})
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		s, err := tool.Sides(t.Context(), open(t, path))
		if s.OneSpeaker() {
			t.Errorf("%s is taken for one speaker a side", e.Name())
		}
		if err != nil && (!errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), e.Name())) {
			t.Errorf("%s: error %v is not models.ErrUnusable with the file's name", e.Name(), err)
		}
	}
}

func TestSidesEndWithTheirContext(t *testing.T) {
	l, r, _, _ := voices(turns(5), 5)
	path := recording(t, "a.wav", nil, l, r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := New(Options{}).Sides(ctx, open(t, path)); !errors.Is(err, context.Canceled) || s.OneSpeaker() {
		t.Errorf("%v, %v; want context.Canceled", s.OneSpeaker(), err)
	}
}

package pipeline

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/whisper"
)

// TestPartsReportAllSoFar: every part that is stored reports on all attempts up to it, so that whichever is the last before
// a crash is right.
func TestPartsReportAllSoFar(t *testing.T) {
	var stored []models.TranscriptPart
	k := keeper{
		transcript: 7, begunMS: 60_000, storedMS: 60_000, started: time.Now().Add(-10 * time.Second),
		report: models.Report{
			TookMS: 20_000, DecodedMS: 60_000, SpeechMS: 50_000, Chunks: 5, Retried: 1,
			Doubtful: []models.DoubtfulChunk{{StartMS: 1, EndMS: 2, Reasons: []string{"repeats itself"}}}, Languages: map[string]int64{"fr": 50_000},
		},
		store: func(p models.TranscriptPart) error { stored = append(stored, p); return nil },
	}
	for i := range int64(3) {
		err := k.add(whisper.Window{
			Language: "en", MainLanguage: "fr", StartMS: 60_000 + 40_000*i, CursorMS: 100_000 + 40_000*i, SpeechMS: 30_000, Attempts: int(i) + 1,
			Segments: []models.Segment{{StartMS: 60_000 + 40_000*i}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := k.flush(); err != nil {
		t.Fatal(err)
	}
	if err := k.flush(); err != nil { // nothing is left
		t.Fatal(err)
	}
	if len(stored) != 2 || len(stored[0].Segments) != 2 || len(stored[1].Segments) != 1 || stored[1].CursorMS != 180_000 || stored[1].Language != "fr" || stored[1].TranscriptID != 7 {
		t.Fatalf("stored %+v", stored)
	}
	for i, want := range []models.Report{
		{DecodedMS: 140_000, SpeechMS: 110_000, Chunks: 7, Retried: 2, Languages: map[string]int64{"fr": 50_000, "en": 60_000}},
		{DecodedMS: 180_000, SpeechMS: 140_000, Chunks: 8, Retried: 3, Languages: map[string]int64{"fr": 50_000, "en": 90_000}},
	} {
		got := stored[i].Report
		if got.TookMS < 30_000 {
			t.Errorf("part %d took %d ms, the attempt before alone 20 s and this one 10", i, got.TookMS)
		}
		want.TookMS, want.Doubtful = got.TookMS, k.report.Doubtful
		if !reflect.DeepEqual(got, want) {
			t.Errorf("part %d reports %+v, want %+v", i, got, want)
		}
	}
	if k.report.Chunks != 5 || k.report.Languages["en"] != 0 {
		t.Errorf("what earlier attempts reported became %+v", k.report)
	}
}

// TestWhatCannotBeStoredIsNotTriedTwice: the next attempt goes on from the cursor that is stored.
func TestWhatCannotBeStoredIsNotTriedTwice(t *testing.T) {
	calls := 0
	full := errors.New("the disk is full")
	k := keeper{started: time.Now(), store: func(models.TranscriptPart) error { calls++; return full }}
	if err := k.add(whisper.Window{CursorMS: 70_000}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if err := k.flush(); err != nil || calls != 1 {
		t.Errorf("tried %d times, %v", calls, err)
	}
}

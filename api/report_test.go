package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/earshot/earshot/models"
)

// reported is an archive whose first episode has a report with two doubtful places, and a translation.
func reported(t *testing.T) (*archive, models.EpisodeID) {
	t.Helper()
	a, first := library(t)
	defer a.lock()()
	tr := a.transcripts[first]
	tr.Language, tr.Prompt = "fr", "Glossary: <b>Enspiral</b>."
	tr.Report = models.Report{
		Engine: "whisper.cpp", Device: "CPU (OpenBLAS)", TookMS: 15_000, DecodedMS: 61_500, SpeechMS: 30_000, Chunks: 5, Retried: 3,
		Doubtful: []models.DoubtfulChunk{
			{StartMS: 1000, EndMS: 3000, Reasons: []string{"repeats itself"}}, {StartMS: 8000, EndMS: 9000, Reasons: []string{"too fast"}},
		},
		Languages: map[string]int64{"fr": 20_000, "en": 10_000},
	}
	a.transcripts[first] = tr
	en := tr
	en.Task = models.TaskTranslate
	en.Segments, _ = speak("This was said in French.")
	a.translations[first] = en
	return a, first
}

func TestTranscriptTellsHowItWasMade(t *testing.T) {
	a, first := reported(t)
	h := newHandler(t, a)
	target := "/api/v1/episodes/" + string(first) + "/transcript"
	read := func(target string) Transcript {
		t.Helper()
		res, body := ask(t, h, "GET", target)
		var got Transcript
		if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%d %v %.300s", res.StatusCode, err, body)
		}
		return got
	}
	got := read(target)
	if r := got.Report; r.Speed != 4.1 || r.Chunks != 5 || len(r.Doubtful) != 2 || r.Languages["en"] != 10_000 || r.Device == "" {
		t.Errorf("the report is %+v", r)
	}
	if got.Task != models.TaskTranscribe || len(got.Tasks) != 2 || got.Vocabulary != "Glossary: <b>Enspiral</b>." {
		t.Errorf("%+v", got)
	}
	if en := read(target + "?task=translate"); en.Task != models.TaskTranslate || en.Segments[0].Text != "This was said in French." {
		t.Errorf("the translation is %+v", en)
	}
	if res, _ := ask(t, h, "GET", target+"?task=sing"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an unknown task: %d", res.StatusCode)
	}
	delete(a.translations, first)
	if res, _ := ask(t, h, "GET", target+"?task=translate"); res.StatusCode != http.StatusNotFound {
		t.Errorf("no translation: %d", res.StatusCode)
	}
}

func TestStatusTellsSpeedAndTimeLeft(t *testing.T) {
	a, _ := library(t)
	a.speed, a.waitingMS, a.leftMS = 4.1, 36_000_000, 8_780_000
	res, body := ask(t, newHandler(t, a), "GET", "/api/v1/status")
	var got Status
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK || got.Speed != 4.1 || got.WaitingMS != 36_000_000 || got.LeftMS != 8_780_000 {
		t.Errorf("%d %v %s", res.StatusCode, err, body)
	}
}

func TestPageTellsHowATranscriptWasMade(t *testing.T) {
	browser := startBrowser(t)

	t.Run("report and translation", func(t *testing.T) {
		a, first := reported(t)
		b := openTab(t, browser, a, "/episodes/"+string(first))
		b.do(chromedp.WaitVisible(`.about summary`))
		if got := b.text(".about summary"); !strings.Contains(got, "2 doubtful places") {
			t.Errorf("the summary says %q", got)
		}
		b.click(`.about summary`)
		b.do(chromedp.WaitVisible(`.about li`))
		got := b.text(".about dl")
		for _, want := range []string{"4.1× real time", "French 67%, English 33%", "repeats itself", "<b>Enspiral</b>", "CPU (OpenBLAS)"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
		b.eval(`document.querySelectorAll('.about li button')[1].click()`)
		b.until(`document.querySelector('audio').currentTime >= 8 && location.search.includes('t=')`)
		b.eval(`[...document.querySelectorAll('.tasks button')].find(e => e.innerText === 'In English').click()`)
		b.until(`document.querySelector('.words')?.innerText.includes('This was said in French.')`)
		b.until(`document.querySelector('.words').lang === 'en'`)
		b.eval(`[...document.querySelectorAll('.tasks button')].find(e => e.innerText === 'In French').click()`)
		b.until(`document.querySelector('.words')?.innerText.includes('certificate.')`)
	})

	t.Run("time left", func(t *testing.T) {
		a, first := library(t)
		a.change(first, func(e *models.Episode) { e.State = models.EpisodeDownloaded })
		a.speed, a.waitingMS, a.leftMS = 4.1, 36_000_000, 8_780_000
		b := openTab(t, browser, a, "/")
		b.until(`document.querySelector('.pending')?.innerText.replaceAll('\u00a0', ' ').includes('about 2 hr 26 min at 4.1× real time')`)
	})
}

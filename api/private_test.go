package api

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	listening "github.com/earshot/earshot/pipeline/listen"
)

// heldOf is what is kept of an episode. The archive is locked.
func (a *archive) heldOf(id models.EpisodeID) []models.Span {
	i := slices.IndexFunc(a.episodes, func(e models.Episode) bool { return e.ID == id })
	var passages []models.Private
	for _, p := range a.private {
		if p.EpisodeID == id {
			passages = append(passages, p)
		}
	}
	return models.Held(passages, a.episodes[i].Media.SHA256, time.Now())
}

// spoken is a transcript as the store gives it: without the words that are private. The archive is locked.
func (a *archive) spoken(t models.Transcript) models.Transcript {
	segments := t.Segments
	t.Segments = nil
	if t.EpisodeID == "" {
		return t
	}
	held := a.heldOf(t.EpisodeID)
	for _, s := range segments {
		if slices.ContainsFunc(held, models.Span{StartMS: s.StartMS, EndMS: s.EndMS}.Meets) {
			s.Words = slices.DeleteFunc(slices.Clone(s.Words), func(w models.Word) bool {
				return slices.ContainsFunc(held, models.Span{StartMS: w.StartMS, EndMS: w.EndMS}.Meets)
			})
			if len(s.Words) == 0 {
				continue
			}
			s = closed(s)
			s.StartMS = s.Words[0].StartMS
		}
		t.Segments = append(t.Segments, s)
	}
	return t
}

func (a *archive) PrivateIn(_ context.Context, ids []models.EpisodeID) (map[models.EpisodeID][]models.Private, error) {
	defer a.lock()()
	out := map[models.EpisodeID][]models.Private{}
	for _, e := range a.episodes {
		for _, p := range a.private {
			if slices.Contains(ids, e.ID) && (p.EpisodeID == e.ID || p.Audio == e.Media.SHA256 && p.Audio != "") && p.Holds(time.Now()) {
				out[e.ID] = append(out[e.ID], p)
			}
		}
	}
	return out, a.fail
}

func (o owned) SetPrivate(ctx context.Context, p models.Private) (models.Private, error) {
	e, err := o.Episode(ctx, p.EpisodeID)
	if err != nil {
		return p, err
	}
	defer o.lock()()
	p.ID, p.Audio, p.At = int64(len(o.private)+1), e.Media.SHA256, time.Now()
	o.private, o.touched = append(o.private, p), append(o.touched, p.EpisodeID)
	return p, nil
}

func (o owned) Original(_ context.Context, id models.EpisodeID, _ models.TranscriptTask) (models.Transcript, error) {
	defer o.lock()()
	return o.transcripts[id], nil
}

func (o owned) LiftPrivate(_ context.Context, id int64, by string) (models.Private, error) {
	defer o.lock()()
	i := slices.IndexFunc(o.private, func(p models.Private) bool { return p.ID == id })
	if i < 0 {
		return models.Private{}, models.ErrNotFound
	}
	p := &o.private[i]
	p.LiftedAt, p.LiftedBy = time.Now(), by
	o.touched = append(o.touched, p.EpisodeID)
	return *p, nil
}

func (o owned) PrivateLog(_ context.Context, before int64, limit int) (out []models.Private, err error) {
	defer o.lock()()
	for _, p := range slices.Backward(o.private) {
		if (before == 0 || p.ID < before) && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, nil
}

// looked is an archive that somebody looks after; listen is the folder of what is made for listeners.
func looked(a *archive, listen string) func(*Options) {
	return func(o *Options) {
		o.Owner, o.Sources = owned{a}, nowhere{}
		if listen != "" {
			o.Listening = listening.New(listening.Options{Dir: listen, Audio: audio.New(audio.Options{}), Media: files{a.dir}, Logger: o.Logger})
		}
	}
}

// do asks for a change and returns what is answered.
func do[T any](t *testing.T, h http.Handler, path, body string, want int, header ...string) (out T) {
	t.Helper()
	status, text := askOnce(t, h, "POST", "/api/v1"+path, body, header)
	if status != want {
		t.Fatalf("POST %s %s: %d %s, want %d", path, body, status, text, want)
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("POST %s: %v %s", path, err, text)
	}
	return out
}

// loudness is the loudness of a part of an audio file, from 0 to 1 (root of the mean of squares), in seconds.
func loudness(t *testing.T, file string, from, to float64) float64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	pcm, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-ac", "1", "-ar", "16000", "-f", "f32le", "-").Output()
	if err != nil {
		t.Fatalf("what was answered is no audio: %v", err)
	}
	samples := make([]float32, len(pcm)/4)
	if err := binary.Read(bytes.NewReader(pcm), binary.LittleEndian, samples); err != nil {
		t.Fatal(err)
	}
	first, last := int(from*16000), int(to*16000)
	if last > len(samples) {
		t.Fatalf("there are %f s of audio, want more than %f", float64(len(samples))/16000, to)
	}
	sum := 0.0
	for _, v := range samples[first:last] {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(last-first))
}

// silentBetween checks that a file can be heard, but not from one second to another.
func silentBetween(t *testing.T, what, file string, from, to, end float64) {
	t.Helper()
	const silence, tone = 0.0005, 0.03
	if got := loudness(t, file, from, to); got > silence {
		t.Errorf("%s: %f from second %g to %g, want silence", what, got, from, to)
	}
	const edge = 0.15
	for _, s := range [][2]float64{{0, from - edge}, {to + edge, end}} {
		if s[1]-s[0] < 0.1 {
			continue
		}
		if got := loudness(t, file, s[0], s[1]); got < tone {
			t.Errorf("%s: %f from second %g to %g, where nothing is private", what, got, s[0], s[1])
		}
	}
}

func TestPrivateAudioIsSilent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, contentType, ext string
		args                   []string
	}{
		{"WAV", "audio/x-wav", ".wav", nil},
		{"MP3, constant bit rate", "audio/mpeg", ".mp3", []string{"-b:a", "64k", "-ar", "22050"}},
		{"MP3, variable bit rate", "audio/mpeg", ".mp3", []string{"-q:a", "5", "-ar", "44100"}},
		{"M4A", "audio/mp4", ".m4a", []string{"-c:a", "aac", "-ac", "2", "-ar", "44100"}},
		{"FLAC", "audio/flac", ".flac", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, id := library(t)
			if c.args != nil || c.ext != ".wav" {
				a.encode(t, id, c.contentType, c.ext, c.args...)
			}
			listen := t.TempDir()
			h := newHandler(t, a, looked(a, listen))
			of := "/api/v1/episodes/" + string(id)
			before, original := ask(t, h, "GET", of+"/media")
			_, played := ask(t, h, "GET", of+"/playback")
			ask(t, h, "GET", of+"/clip.m4a?start=4000&end=6000")
			ask(t, h, "GET", of+"/peaks")

			marked := do[Marked](t, h, "/episodes/"+string(id)+"/private", `{"start_ms":5000,"end_ms":7300,"reason":"a name"}`, http.StatusCreated)
			made, err := filepath.Glob(filepath.Join(listen, "*", "*"))
			if err != nil || len(made) > 0 {
				t.Errorf("what was made of the whole recording is still there: %v %v", made, err)
			}
			res, media := ask(t, h, "GET", of+"/media")
			if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "audio/mp4" || res.Header.Get("Content-Length") != strconv.Itoa(len(media)) ||
				res.Header.Get("ETag") == before.Header.Get("ETag") || res.Header.Get("Last-Modified") != "" {
				t.Errorf("%d %v", res.StatusCode, res.Header)
			}
			silentBetween(t, "the recording", media, 5, 7.3, 20)
			if _, body := ask(t, h, "GET", of+"/playback"); body != media {
				silentBetween(t, "what is played", body, 5, 7.3, 20)
			}
			// Who has what was there before, whole or in part, is not told that it is current, nor given the rest of it.
			for _, header := range [][]string{
				{"If-None-Match", before.Header.Get("ETag")},
				{"If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)},
				{"Range", "bytes=100-", "If-Range", before.Header.Get("ETag")},
				{"Range", "bytes=100-", "If-Range", before.Header.Get("Last-Modified")},
			} {
				if res, body := ask(t, h, "GET", of+"/media", header...); res.StatusCode != http.StatusOK || body != media {
					t.Errorf("%v: %d, %d bytes", header, res.StatusCode, len(body))
				}
			}
			// An old address, and one of a version that never was, have what may be heard now.
			if _, body := ask(t, h, "GET", of+"/media?v=0123456789abcdef"); body != media {
				t.Error("another version is something else")
			}
			var pieces strings.Builder
			for at := 0; at < len(media); at += 30_000 {
				res, body := ask(t, h, "GET", of+"/media", "Range", fmt.Sprintf("bytes=%d-%d", at, at+29_999))
				if res.StatusCode != http.StatusPartialContent || res.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", at, at+len(body)-1, len(media)) {
					t.Fatalf("%d %v", res.StatusCode, res.Header)
				}
				pieces.WriteString(body)
			}
			if pieces.String() != media {
				t.Error("the pieces are not the whole")
			}
			if res, body := ask(t, h, "HEAD", of+"/media"); res.Header.Get("Content-Length") != strconv.Itoa(len(media)) || body != "" {
				t.Errorf("%v", res.Header)
			}
			clip, cut := ask(t, h, "GET", of+"/clip.m4a?start=4000&end=8500")
			silentBetween(t, "a clip", cut, 1, 3.3, 4.4)
			if clip.Header.Get("ETag") == before.Header.Get("ETag") {
				t.Errorf("%v", clip.Header)
			}
			quietPeaks(t, h, of, 5, 7.3)

			lifted := do[Private](t, h, fmt.Sprintf("/episodes/%s/private/%d/lift", id, marked.Passage.ID), "", http.StatusOK)
			if lifted.Holds || lifted.LiftedAt == nil {
				t.Errorf("%+v", lifted)
			}
			if res, body := ask(t, h, "GET", of+"/media", "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusOK || body != original {
				t.Errorf("lifted: %d, %d bytes, want the %d of the recording", res.StatusCode, len(body), len(original))
			}
			if _, body := ask(t, h, "GET", of+"/playback"); body != played {
				t.Error("lifted: something else is played than before")
			}
		})
	}
}

// quietPeaks checks that a picture of how loud an episode is shows nothing from one second to another, and something else.
func quietPeaks(t *testing.T, h http.Handler, of string, from, to float64) {
	t.Helper()
	e, peaks := getBody[EpisodeDetail](t, h, of), getBody[Peaks](t, h, of+"/peaks").Peaks
	each := float64(e.DurationMS) / 1000 / float64(len(peaks))
	for i, v := range peaks {
		switch at := (float64(i) + 0.5) * each; {
		case at > from && at < to && v > 1:
			t.Errorf("a peak of %d at %g s", v, at)
		case (at < from-0.2 || at > to+0.2) && at < 20 && v < 100:
			t.Errorf("a peak of %d at %g s, where nothing is private", v, at)
		}
	}
}

// While a passage is private its audio is made anew; the recording itself is never what is answered in the meantime.
func TestPrivateAudioThatCannotBeMade(t *testing.T) {
	a, id := library(t)
	h := newHandler(t, a, looked(a, t.TempDir()))
	of := "/api/v1/episodes/" + string(id)
	do[Marked](t, h, "/episodes/"+string(id)+"/private", `{"start_ms":5000,"end_ms":7300}`, http.StatusCreated)
	noise := []byte("this is no audio at all, and nobody may hear it")
	if err := os.WriteFile(filepath.Join(a.dir, string(id)+".wav"), noise, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"/media", "/playback", "/peaks", "/clip.m4a?start=0&end=1000"} {
		if res, body := ask(t, h, "GET", of+end); res.StatusCode != http.StatusConflict || strings.Contains(body, string(noise)) {
			t.Errorf("%s: %d %s", end, res.StatusCode, body)
		}
	}
}

func TestPrivateEpisode(t *testing.T) {
	a, id := library(t)
	a.change(id, func(e *models.Episode) { e.Link = "https://example.org/episode" })
	h := newHandler(t, a, looked(a, ""), withAccounts(AccessRead, newAccounts(t)))
	of := "/api/v1/episodes/" + string(id)
	marked := do[Marked](t, h, "/episodes/"+string(id)+"/private", `{"start_ms":0,"reason":"asked for"}`, http.StatusCreated, session("editor")...)
	for _, end := range []string{"/media", "/playback", "/peaks", "/clip.m4a?start=0&end=1000"} {
		res, plain := ask(t, h, "GET", of+end)
		if res.StatusCode != http.StatusNotFound || strings.Contains(plain, "private") {
			t.Errorf("a stranger, %s: %d %s", end, res.StatusCode, plain)
		}
		if res, body := ask(t, h, "GET", of+end, session("reader")...); res.StatusCode != http.StatusNotFound || body != plain {
			t.Errorf("a reader, %s: %d %s", end, res.StatusCode, body)
		}
		res, body := ask(t, h, "GET", of+end, session("editor")...)
		if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "kept private") || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("an editor, %s: %d %s", end, res.StatusCode, body)
		}
	}
	e := getBody[EpisodeDetail](t, h, of)
	if !e.Private || e.MediaType != "" || e.MediaBytes != 0 || e.Link != "" {
		t.Errorf("%+v", e)
	}
	i := slices.IndexFunc(getBody[Episodes](t, h, "/api/v1/episodes").Episodes, func(o Episode) bool { return o.ID == id && o.Private && o.MediaType == "" })
	if i < 0 {
		t.Error("the list does not tell that it is private")
	}
	tr := getBody[Transcript](t, h, of+"/transcript")
	if len(tr.Segments) > 0 || len(tr.Private) != 1 || tr.Private[0] != (models.Span{StartMS: 0, EndMS: e.DurationMS}) {
		t.Errorf("%+v", tr)
	}
	if _, body := ask(t, h, "GET", "/api/v1/shows/"+string(e.ShowID)+"/feed.xml"); strings.Contains(body, string(id)) || !strings.Contains(body, "<item>") {
		t.Errorf("the feed of its show:\n%s", body)
	}
	if _, body := ask(t, h, "GET", "/embed/"+string(id)+"?t=8.6-12.2"); strings.Contains(body, "<audio") || strings.Contains(body, "blockquote") && strings.Contains(body, "budget says") || !strings.Contains(body, "This recording is private.") {
		t.Errorf("its player:\n%s", body)
	}
	if _, body := ask(t, h, "GET", "/episodes/"+string(id)+"?t=8.6-12.2"); strings.Contains(body, "og:audio") || strings.Contains(body, "budget says") {
		t.Errorf("its page:\n%.1500s", body)
	}
	do[Private](t, h, fmt.Sprintf("/episodes/%s/private/%d/lift", id, marked.Passage.ID), "", http.StatusOK, session("editor")...)
	if res, _ := ask(t, h, "GET", of+"/media"); res.StatusCode != http.StatusOK {
		t.Errorf("lifted: %d", res.StatusCode)
	}
}

// What leads to audio leads to what may be heard, by an address that no cache knows, and not to where the rest may be heard.
func TestPrivatePassageInFeedsAndPlayers(t *testing.T) {
	a, id := library(t)
	a.change(id, func(e *models.Episode) { e.Link = "https://example.org/episode" })
	h := newHandler(t, a, looked(a, ""))
	of := "/api/v1/episodes/" + string(id)
	plain := getBody[EpisodeDetail](t, h, of)
	do[Marked](t, h, "/episodes/"+string(id)+"/private", `{"start_ms":8600,"end_ms":12200}`, http.StatusCreated)
	e := getBody[EpisodeDetail](t, h, of)
	if plain.Version != "" || e.Version == "" || e.Private || e.MediaType != "audio/mp4" || e.MediaBytes != 0 || e.Link != "" || plain.Link == "" {
		t.Errorf("%+v", e)
	}
	_, feed := ask(t, h, "GET", "/api/v1/shows/"+string(e.ShowID)+"/feed.xml")
	if !strings.Contains(feed, of+"/media?v="+e.Version+`" length="0" type="audio/mp4"`) || strings.Contains(feed, "example.org/episode") || strings.Contains(feed, "secret") {
		t.Errorf("the feed:\n%s", feed)
	}
	_, player := ask(t, h, "GET", "/embed/"+string(id)+"?t=8.6-12.2")
	if !strings.Contains(player, of+"/playback?v="+e.Version+"#t=8.6,12.2") || strings.Contains(player, "blockquote dir") {
		t.Errorf("the player:\n%s", player)
	}
	_, page := ask(t, h, "GET", "/episodes/"+string(id)+"?t=8.6-12.2")
	if strings.Contains(page, "budget says") || !strings.Contains(page, "/clip.m4a?start=8600&amp;end=12200&amp;v="+e.Version) {
		t.Errorf("the page:\n%.1500s", page)
	}
	if _, card := ask(t, h, "GET", "/api/v1/oembed?url=http%3A%2F%2Flocalhost%3A8080%2Fepisodes%2F"+string(id)+"%3Ft%3D8.6-12.2"); strings.Contains(card, "budget says") {
		t.Errorf("%s", card)
	}
	tr := getBody[Transcript](t, h, of+"/transcript")
	if len(tr.Private) != 1 || tr.Private[0] != (models.Span{StartMS: 8600, EndMS: 12200}) || len(tr.Segments) == 0 {
		t.Errorf("%+v", tr.Private)
	}
	for _, f := range transcriptFiles() {
		if _, body := ask(t, h, "GET", of+"/transcript."+f.ending); strings.Contains(body, "accept.") && strings.Contains(body, "how much failure") {
			t.Errorf("%s:\n%s", f.ending, body)
		}
	}
}

func TestWhoMayMarkAndLift(t *testing.T) {
	a, id := library(t)
	h := newHandler(t, a, looked(a, ""), withAccounts(AccessRead, newAccounts(t)))
	of := "/episodes/" + string(id) + "/private"
	wish := `{"start_ms":1000,"end_ms":2000,"reason":"  a\nsecret\u202e name ","until":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	for _, who := range []string{"", "reader"} {
		for _, c := range [][2]string{{"POST", of}, {"GET", of}, {"POST", of + "/1/lift"}, {"GET", "/private-log"}} {
			if status, body := askOnce(t, h, c[0], "/api/v1"+c[1], wish, session(who)); status != http.StatusUnauthorized && status != http.StatusForbidden {
				t.Errorf("%q: %v: %d %s", who, c, status, body)
			}
		}
	}
	if len(a.private) > 0 {
		t.Fatal("somebody marked a passage who may not")
	}
	marked := do[Marked](t, h, of, wish, http.StatusCreated, session("editor")...)
	p := marked.Passage
	if p.By != "editor" || p.Reason != "a secret name" || p.Until == nil || !p.Holds || p.Lost || p.EpisodeTitle == "" {
		t.Errorf("%+v", p)
	}
	var where []string
	for _, s := range marked.Stays {
		where = append(where, s.Where)
	}
	if !slices.Equal(where, []string{"publisher", "copies", "exports", "backups", "archive", "notes"}) || strings.Contains(fmt.Sprint(marked.Stays), "secret") {
		t.Errorf("%+v", marked.Stays)
	}
	status, body := askOnce(t, h, "GET", "/api/v1"+of, "", session("editor"))
	if status != http.StatusOK || !strings.Contains(body, "a secret name") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := askOnce(t, h, "GET", "/api/v1/private-log", "", session("editor")); status != http.StatusForbidden {
		t.Errorf("an editor reads the log: %d %s", status, body)
	}
	// That there is something is told to everybody, why and by whom is not.
	for _, path := range []string{"/transcript", ""} {
		if _, body := askOnce(t, h, "GET", "/api/v1/episodes/"+string(id)+path, "", nil); strings.Contains(body, "secret name") || strings.Contains(body, "editor") {
			t.Errorf("%s", body)
		}
	}
	other := "/episodes/" + string(a.episodes[1].ID) + "/private"
	for path, want := range map[string]int{
		other + "/1/lift": http.StatusNotFound, of + "/2/lift": http.StatusNotFound, of + "/0/lift": http.StatusUnprocessableEntity,
		"/episodes/0000000000000000/private/1/lift": http.StatusNotFound,
	} {
		if status, body := askOnce(t, h, "POST", "/api/v1"+path, "", session("editor")); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	for wish, says := range map[string]string{
		`{"start_ms":2000,"end_ms":2000}`: "ends after it begins",
		`{"start_ms":-1}`:                 "start_ms",
		`{"start_ms":0,"reason":"` + strings.Repeat("x", 501) + `"}`: "reason",
		`{"end_ms":5}`: "start_ms",
	} {
		if status, body := askOnce(t, h, "POST", "/api/v1"+of, wish, session("editor")); status != http.StatusUnprocessableEntity || !strings.Contains(body, says) {
			t.Errorf("%.60s: %d %s, want %q", wish, status, body, says)
		}
	}
}

func TestPrivateLog(t *testing.T) {
	a, id := library(t)
	h := newHandler(t, a, looked(a, ""), withAccounts(AccessLogin, newAccounts(t)))
	for i := range 5 {
		do[Marked](t, h, "/episodes/"+string(id)+"/private", fmt.Sprintf(`{"start_ms":%d,"end_ms":%d,"reason":"no %d"}`, i*1000, i*1000+500, i), http.StatusCreated, session("editor")...)
	}
	do[Private](t, h, "/episodes/"+string(id)+"/private/2/lift", "", http.StatusOK, session("admin")...)
	var all []Private
	for cursor := ""; ; {
		status, body := askOnce(t, h, "GET", "/api/v1/private-log?limit=2"+cursor, "", session("admin"))
		var page PrivateLog
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK || len(page.Passages) > 2 {
			t.Fatalf("%d %v %s", status, err, body)
		}
		all = append(all, page.Passages...)
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
	}
	if len(all) != 5 || all[0].Reason != "no 4" || all[0].EpisodeTitle == "" || all[0].ShowTitle != "Practical Systems" || all[0].By != "editor" || !all[0].Holds {
		t.Fatalf("%+v", all)
	}
	if p := all[3]; p.LiftedBy != "admin" || p.LiftedAt == nil || p.Holds || p.Reason != "no 1" {
		t.Errorf("%+v", p)
	}
	if status, _ := askOnce(t, h, "GET", "/api/v1/private-log?cursor=nonsense", "", session("admin")); status != http.StatusUnprocessableEntity {
		t.Errorf("%d", status)
	}
}

// A recording that was replaced is private as a whole until the passage is marked anew, or lifted.
func TestPrivateInReplacedAudio(t *testing.T) {
	a, id := library(t)
	h := newHandler(t, a, looked(a, ""))
	of := "/api/v1/episodes/" + string(id)
	marked := do[Marked](t, h, "/episodes/"+string(id)+"/private", `{"start_ms":5000,"end_ms":7300}`, http.StatusCreated)
	a.change(id, func(e *models.Episode) { e.Media.SHA256 = strings.Repeat("ab", 32) })
	for _, end := range []string{"/media", "/playback", "/peaks", "/clip.m4a?start=20000&end=21000"} {
		if res, body := ask(t, h, "GET", of+end); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "was replaced") {
			t.Errorf("%s: %d %s", end, res.StatusCode, body)
		}
	}
	list := getBody[PrivateList](t, h, of+"/private")
	if !list.Whole || len(list.Passages) != 1 || !list.Passages[0].Lost {
		t.Errorf("%+v", list)
	}
	do[Marked](t, h, "/episodes/"+string(id)+"/private", fmt.Sprintf(`{"start_ms":15000,"end_ms":17300,"instead":%d}`, marked.Passage.ID), http.StatusCreated)
	if list = getBody[PrivateList](t, h, of+"/private"); list.Whole || len(list.Passages) != 1 || list.Passages[0].StartMS != 15000 {
		t.Errorf("%+v", list)
	}
	_, media := ask(t, h, "GET", of+"/media")
	silentBetween(t, "marked anew", media, 15, 17.3, 20)
	if status, body := askOnce(t, h, "POST", of+"/private", fmt.Sprintf(`{"start_ms":1000,"end_ms":2000,"instead":%d}`, marked.Passage.ID), nil); status != http.StatusNotFound {
		t.Errorf("in place of one that is lifted: %d %s", status, body)
	}
	if list = getBody[PrivateList](t, h, of+"/private"); len(list.Passages) != 1 {
		t.Errorf("what was refused had an effect: %+v", list)
	}
}

// A recording is private wherever it is. Who does not see where it was marked learns that it is, not why, and cannot lift it.
func TestPrivateInAnotherShow(t *testing.T) {
	a, id := library(t)
	secret := a.addShow("Only for admins")
	must(t, a.SetShowVisibility(t.Context(), secret, models.VisibleToAdmins))
	twin := a.addEpisode(t, secret, "The same", talk)
	a.change(twin, func(e *models.Episode) { e.Media = a.episodes[0].Media })
	h := newHandler(t, a, looked(a, ""), withAccounts(AccessRead, newAccounts(t)))
	marked := do[Marked](t, h, "/episodes/"+string(twin)+"/private", `{"start_ms":5000,"end_ms":7300,"reason":"a witness"}`, http.StatusCreated, session("admin")...)
	of := "/api/v1/episodes/" + string(id)
	_, media := ask(t, h, "GET", of+"/media")
	silentBetween(t, "the same recording in another show", media, 5, 7.3, 20)
	status, body := askOnce(t, h, "GET", of+"/private", "", session("editor"))
	if status != http.StatusOK || !strings.Contains(body, `"elsewhere":true`) || strings.Contains(body, "witness") || strings.Contains(body, "admin") || strings.Contains(body, string(twin)) {
		t.Errorf("%d %s", status, body)
	}
	lift := fmt.Sprintf("%s/private/%d/lift", of, marked.Passage.ID)
	if status, body := askOnce(t, h, "POST", lift, "", session("editor")); status != http.StatusNotFound {
		t.Errorf("an editor lifts it: %d %s", status, body)
	}
	if status, body := askOnce(t, h, "POST", lift, "", session("admin")); status != http.StatusOK {
		t.Errorf("an admin cannot lift it: %d %s", status, body)
	}
}

func TestEmbargoEndsByItself(t *testing.T) {
	a, id := library(t)
	h := newHandler(t, a, looked(a, ""))
	of := "/api/v1/episodes/" + string(id)
	_, original := ask(t, h, "GET", of+"/media")
	a.private = []models.Private{{ID: 1, EpisodeID: id, Span: models.Span{StartMS: 5000, EndMS: 7000}, Audio: a.episodes[0].Media.SHA256, Until: time.Now().Add(time.Hour)}}
	if _, body := ask(t, h, "GET", of+"/media"); body == original {
		t.Error("it can be heard before its time")
	}
	a.private[0].Until = time.Now().Add(-time.Millisecond)
	if _, body := ask(t, h, "GET", of+"/media"); body != original {
		t.Error("it cannot be heard after its time")
	}
	if tr := getBody[Transcript](t, h, of+"/transcript"); len(tr.Private) > 0 {
		t.Errorf("%+v", tr.Private)
	}
}

// Where the words of a transcript have no times of their own, what is private is as much as is surely enough.
func TestPrivateInTranscriptsByOthers(t *testing.T) {
	a, id := library(t)
	h := newHandler(t, a, looked(a, ""))
	origin := func(audio string, timing models.Timing) {
		defer a.lock()()
		tr := a.transcripts[id]
		tr.Source, tr.Origin = models.TranscriptPublisher, models.Origin{Audio: audio, Timing: timing}
		a.transcripts[id] = tr
	}
	second := a.transcripts[id].Segments[1]
	inside := fmt.Sprintf(`{"start_ms":%d,"end_ms":%d}`, second.StartMS+100, second.StartMS+300)
	sum := a.episodes[0].Media.SHA256
	path := "/episodes/" + string(id) + "/private"
	origin("", models.TimingCues)
	if status, body := askOnce(t, h, "POST", "/api/v1"+path, inside, nil); status != http.StatusConflict || !strings.Contains(body, "the whole episode") {
		t.Errorf("times that nobody has checked: %d %s", status, body)
	}
	do[Marked](t, h, path, `{"start_ms":0}`, http.StatusCreated)
	origin(sum, models.TimingCues)
	if p := do[Marked](t, h, path, inside, http.StatusCreated).Passage; p.StartMS != second.StartMS || p.EndMS != second.EndMS {
		t.Errorf("a part of a line from %d to %d: %+v", second.StartMS, second.EndMS, p)
	}
	origin(sum, models.TimingHeard)
	if p := do[Marked](t, h, path, inside, http.StatusCreated).Passage; p.StartMS != second.StartMS+100 || p.EndMS != second.StartMS+300 {
		t.Errorf("words with times of their own: %+v", p)
	}
}

// That something could not be removed that nobody reaches any more is told to the owner, and marks the passage all the same.
func TestPrivateWhereNothingCanBeRemoved(t *testing.T) {
	a, id := library(t)
	var log strings.Builder
	h := newHandler(t, a, looked(a, ""), func(o *Options) {
		o.Logger, o.Listening = slog.New(slog.NewTextHandler(&log, nil)), stuck{o.Listening}
	})
	do[Marked](t, h, "/episodes/"+string(id)+"/private", `{"start_ms":1000,"end_ms":2000,"reason":"Jane Doe"}`, http.StatusCreated)
	if !strings.Contains(log.String(), "cannot be removed") || strings.Contains(log.String(), "Jane") {
		t.Errorf("the log: %s", log.String())
	}
}

type stuck struct{ Listening }

func (stuck) Hold(models.Media, []models.Span) error { return os.ErrPermission }

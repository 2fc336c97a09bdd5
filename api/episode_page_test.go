package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/models"
)

// rising gives an episode audio that tells its own time, as MP3 of variable bit rate without a table: a tone of 300 Hz that
// rises by 10 Hz a second, in noise now and then.
func (a *archive) rising(t *testing.T, id models.EpisodeID) {
	t.Helper()
	const rate = 16000
	n := int(a.transcripts[id].DurationMS) * rate / 1000
	samples := make([]int16, n)
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range samples {
		at := float64(i) / rate
		v := 9000 * math.Sin(2*math.Pi*(300*at+5*at*at))
		if int(at)%60 > 20 {
			v += 5000 * (noise.Float64() - 0.5)
		}
		samples[i] = int16(v)
	}
	var b bytes.Buffer
	b.Write(tone(0)[:44])
	if err := binary.Write(&b, binary.LittleEndian, samples); err != nil {
		t.Fatal(err)
	}
	wave := b.Bytes()
	binary.LittleEndian.PutUint32(wave[4:], uint32(len(wave)-8))
	binary.LittleEndian.PutUint32(wave[24:], rate)
	binary.LittleEndian.PutUint32(wave[28:], 2*rate)
	binary.LittleEndian.PutUint32(wave[40:], uint32(len(wave)-44))
	if err := os.WriteFile(filepath.Join(a.dir, string(id)+".wav"), wave, 0o600); err != nil {
		t.Fatal(err)
	}
	a.encode(t, id, "audio/mpeg", ".mp3", "-q:a", "5", "-write_xing", "0")
}

// promise returns what a JavaScript promise comes to, as text.
func (b *tab) promise(expression string) string {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("(async () => String("+expression+"))()", func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// listen puts an analyser behind the page's audio: heard() is the time that the loudest tone tells, said() the time that the
// player says at the same moment.
const hearTones = `(() => {
	const a = document.querySelector('audio'), c = new AudioContext({sampleRate: 16000}), an = c.createAnalyser()
	an.fftSize = 16384; an.smoothingTimeConstant = 0
	c.createMediaElementSource(a).connect(an)
	window.offBy = async () => {
		await c.resume()
		for (const from = a.currentTime; a.currentTime < from + 1.3;) await new Promise(r => setTimeout(r, 20))
		const bins = new Float32Array(an.frequencyBinCount); an.getFloatFrequencyData(bins)
		let best = 200
		for (let i = 200; i < bins.length; i++) if (bins[i] > bins[best]) best = i
		return (best * c.sampleRate / an.fftSize - 300) / 10 - (a.currentTime - an.fftSize / c.sampleRate / 2)
	}
})()`

func TestEpisodePage(t *testing.T) {
	browser := startBrowser(t)
	a, first := library(t)
	long := a.episodes[2].ID
	a.rising(t, long)
	a.change(long, func(e *models.Episode) {
		e.Notes = "See https://example.org/a_(b). At 0:12 the deal, at 1:23:45 nothing. javascript:alert(1)"
	})

	t.Run("from a search to the sound of the word", func(t *testing.T) {
		b := openTab(t, browser, a, "/?q=title%3Along+pager")
		b.until(quiet + ` && document.querySelectorAll('article .moment').length === 3`)
		b.promise(`fetch('/api/v1/episodes/` + string(long) + `/playback', {headers: {Range: 'bytes=0-1'}}).then(r => r.status)`) // as after a download
		b.eval(hearTones)
		at := b.eval(`[...document.querySelectorAll('article .moment')].at(-1).dataset.at`)
		b.eval(`document.querySelector('audio').addEventListener('playing', e => window.began ??= e.target.currentTime)`)
		b.eval(`[...document.querySelectorAll('article .moment')].at(-1).click()`)
		b.until(`window.began !== undefined`)
		if got := b.eval(fmt.Sprintf(`Math.abs(window.began - %s/1000) < 0.2`, at)); got != "true" {
			t.Errorf("playing began at %s s, the word at %s ms", b.eval(`window.began`), at)
		}
		off, err := strconv.ParseFloat(b.promise(`await offBy()`), 64)
		if err != nil || math.Abs(off) > 0.2 {
			t.Errorf("what is heard is %f s from where the player says it is (%v)", off, err)
		}
		t.Logf("off by %.2f s; first byte of the audio after %s ms", off,
			b.eval(`performance.getEntriesByType('resource').filter(e => e.name.endsWith('/playback')).map(e => (e.responseStart - e.requestStart).toFixed(1)).join()`))
	})

	t.Run("a quote is a link", func(t *testing.T) {
		b := openTab(t, browser, a, "/episodes/"+string(first))
		b.until(`document.querySelectorAll('.reader .word').length > 30`)
		select8 := `(w => getSelection().setBaseAndExtent(w(16), 0, w(24), 4))(n => document.querySelector('[data-word="' + n + '"]').firstChild)`
		b.eval(select8)
		b.until(`document.querySelector('.quote') !== null`)
		b.eval(`navigator.clipboard.writeText = async t => { window.copied = t }`)
		b.eval(`[...document.querySelectorAll('.quote button')].find(e => e.innerText === 'Copy quote').click()`)
		b.until(`window.copied !== undefined`)
		copied := b.eval(`window.copied`)
		said, link, _ := strings.Cut(copied, "\n— Practical Systems, “Error budgets, and who gets to spend them”, Mar 1, 2026, 0:08\n")
		if said != "“An error budget says how much failure we accept.”" || !strings.HasPrefix(link, b.url+"/episodes/"+string(first)+"?t=8.8-12.") {
			t.Fatalf("copied %q", copied)
		}
		// Another person opens it: nothing plays, the words are marked; played, it begins with the first and ends after the last.
		other := openTab(t, browser, a, strings.TrimPrefix(link, b.url))
		other.until(`[...document.querySelectorAll('.word.quoted')].map(e => e.innerText).join(' ') === 'An error budget says how much failure we accept.'`)
		other.until(`Math.abs(document.querySelector('audio').currentTime - 8.8) < 0.02 && document.querySelector('audio').paused`)
		other.keys(" ")
		other.until(`document.querySelector('audio').currentTime > 10 && !document.querySelector('audio').paused`)
		other.until(`document.querySelector('audio').paused`)
		if got := other.eval(`document.querySelector('audio').currentTime`); got < "12.4" || got > "12.8" {
			t.Errorf("it stopped at %s s", got)
		}
		if got := other.eval(`location.href.slice(location.origin.length)`); got != strings.TrimPrefix(link, b.url) {
			t.Errorf("the address became %s", got)
		}
		// A new transcript has other words at the same times.
		a.lock()
		tr := a.transcripts[first]
		was := tr.Segments
		tr.Segments = append([]models.Segment{{StartMS: 10, EndMS: 60, Text: "Hm.", Words: []models.Word{{StartMS: 10, EndMS: 60, Text: "Hm."}}}}, was...)
		a.transcripts[first] = tr
		a.mu.Unlock()
		other.do(chromedp.Reload())
		other.until(`document.querySelectorAll('.word').length > 30 && [...document.querySelectorAll('.word.quoted')].map(e => e.innerText).join(' ') === 'An error budget says how much failure we accept.'`)
		a.lock()
		tr.Segments = was
		a.transcripts[first] = tr
		a.mu.Unlock()
	})

	t.Run("remembers, finds, links", func(t *testing.T) {
		b := openTab(t, browser, a, "/episodes/"+string(long))
		b.until(`document.querySelectorAll('.reader .word').length > 30 && document.querySelectorAll('.wave path').length === 2`)
		b.keys(">>")
		b.until(`document.querySelector('audio').playbackRate === 1.2`)
		b.keys("m")
		b.until(`document.querySelector('audio').muted`)
		// In this episode alone.
		b.click(`.find input`)
		b.keys("rotation")
		b.until(`document.querySelectorAll('.reader .word.hit').length === 3 && document.querySelector('.find span').innerText === '3'`)
		b.keys(kb.Enter)
		b.until(`document.querySelector('.find span').innerText === '1 of 3' && !document.querySelector('audio').paused`)
		b.until(`document.querySelector('audio').currentTime > 20`)
		b.eval(`document.querySelector('audio').pause()`)
		b.until(`localStorage.getItem('earshot.places') !== null`)
		at := b.eval(`document.querySelector('audio').currentTime`)
		// The notes are text; what they name can be followed and heard.
		b.eval(`document.querySelector('.reader details').open = true`)
		if got := b.eval(`[...document.querySelectorAll('.reader details p[dir] a')].map(e => e.href + ' ' + e.rel).join()`); got != "https://example.org/a_(b) noopener noreferrer nofollow" {
			t.Errorf("links of the notes: %s", got)
		}
		if got := b.eval(`[...document.querySelectorAll('.reader details p button')].map(e => e.innerText).join()`); got != "0:12" {
			t.Errorf("times of the notes: %s", got)
		}
		b.do(chromedp.Navigate(b.url + "/episodes/" + string(long)))
		b.until(`document.querySelector('audio').readyState > 0 && Math.abs(document.querySelector('audio').currentTime - ` + at + `) < 0.5`)
		if got := b.eval(`document.querySelector('audio').playbackRate + ' ' + document.querySelector('audio').muted`); got != "1.2 true" {
			t.Errorf("speed and sound: %s", got)
		}
		// Where nobody speaks is left out: after each turn there are two seconds.
		b.click(`[popovertarget=sound]`)
		b.click(`#sound .check input`)
		b.eval(`document.querySelector('audio').currentTime = 0`)
		b.eval(`document.querySelector('audio').play()`)
		b.until(`document.querySelector('audio').currentTime > 10`)
		if got := b.eval(`document.querySelector('#sound small')?.innerText`); got != "0:01 saved" {
			t.Errorf("silence: %s", got)
		}
		b.until(`document.querySelector('audio').paused || document.querySelector('audio').currentTime > 10`)
	})

	t.Run("in a page elsewhere", func(t *testing.T) {
		b := openTab(t, browser, a, "/embed/"+string(first)+"?t=8.8-12.6")
		b.size(640, 220)
		b.eval(`document.querySelector('audio').play()`)
		b.until(`document.querySelector('audio').paused && document.querySelector('audio').currentTime > 12.5`)
		if got := b.eval(`getComputedStyle(document.querySelector('blockquote')).borderInlineStartStyle + document.scripts.length`); got != "solid0" {
			t.Errorf("style and scripts: %s", got)
		}
		b.shoot("embed")
	})
}

// Pictures for people to judge; asserts only that the states can be reached.
func TestEpisodeScreenshots(t *testing.T) {
	browser := startGallery(t)
	a, first := library(t)
	a.rising(t, first)
	for _, size := range []struct {
		name, colours string
		w, h          int64
	}{{"phone", "light", 375, 800}, {"desktop", "dark", 1280, 800}} {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t, browser, a, "/episodes/"+string(first)+"?q=budget&t=8.8-12.6")
			b.size(size.w, size.h)
			b.prefer(size.colours, "no-preference")
			b.until(`document.querySelectorAll('.word.quoted').length === 9 && document.querySelectorAll('.wave path').length === 2`)
			b.click(`[popovertarget=sound]`)
			b.shoot(size.name + "-sound")
			b.click(`[popovertarget=sound]`)
			b.eval(`(w => getSelection().setBaseAndExtent(w(24), 1, w(30), 3))(n => document.querySelector('[data-word="' + n + '"]').firstChild)`)
			b.until(`document.querySelector('.quote') !== null`)
			b.shoot(size.name + "-quote")
		})
	}
}

package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/models"
)

const talk = `Maya: Welcome back to the show. Today we talk about error budgets and what they are for.
Jon: An error budget says how much failure we accept. If the error budget is spent, we stop shipping features. That is the deal.
Maya: And who decides that? In our team the on-call rotation does, because they feel the pain first.
Jon: Right. We once spent a whole error budget in a single night. The pager went off eleven times. Nobody slept.
Maya: That was the night of the certificate. Everyone knew it would expire, and nobody owned it. Some mumbling here.
Jon: So the second rule is ownership. A budget without an owner is a wish. I would rather have one page a week that matters than a hundred that do not.
Maya: Let us go through the questions that you sent us. The first is about small teams. Do three people need an error budget at all?`

const other = `Ana: Gardens teach patience. You plant in autumn and see nothing for months.
Ben: And then there is a budget of water to think of. In a dry summer every litre counts.
Ana: My grandmother kept a diary of rain. We still use it to decide when to sow.`

// library is an archive with two shows, finished episodes, one on its way and one that failed.
func library(t *testing.T) (a *archive, first models.EpisodeID) {
	t.Helper()
	a = newArchive(t)
	systems, garden := a.addShow("Practical Systems"), a.addShow("The Patient Garden")
	first = a.addEpisode(t, systems, "Error budgets, and who gets to spend them", talk)
	a.addEpisode(t, garden, "A diary of rain", other)
	long := strings.Repeat(talk+"\n", 3)
	a.addEpisode(t, systems, "The long questions episode", long)
	busy := a.addEpisode(t, garden, "Seeds that travelled", "Ana: Still being written down.")
	a.change(busy, func(e *models.Episode) { e.State = models.EpisodeTranscribing })
	a.transcripts[busy] = models.Transcript{EpisodeID: busy, CursorMS: 1000, Segments: a.transcripts[busy].Segments}
	a.running = []models.JobProgress{{JobID: 1, Kind: "transcribe", EpisodeID: busy, Title: "Seeds that travelled", Done: 420, Total: 1000}}
	failed := a.addEpisode(t, systems, "The lost recording", "x.")
	a.change(failed, func(e *models.Episode) {
		e.State, e.Reason, e.Media = models.EpisodeFailed, "the server says 410 Gone: the file is no longer there", models.Media{}
	})
	delete(a.transcripts, failed)
	return a, first
}

func TestPage(t *testing.T) {
	browser := startBrowser(t)

	t.Run("search, hear, follow", func(t *testing.T) {
		a, first := library(t)
		b := openTab(t, browser, a, "/")
		b.search(`title:spend "error budget"`)
		b.until(`location.pathname + location.search === '/?q=title%3Aspend+%22error+budget%22'`)
		// Before, there are answers to what was typed so far.
		b.until(`document.querySelectorAll('article mark').length === 4 && document.querySelector('article mark').innerText === 'error budget'`)
		b.until(`[...document.querySelectorAll('article .moment')][1].querySelector('.said').innerText === 'Jonwe accept. If the error budget is spent, we stop shipping features. That is the deal. And who decides that?'`)

		b.do(chromedp.Click(`article .moment:nth-child(1)`))
		at := b.eval(`document.querySelector('article .moment').dataset.at`)
		b.until(`location.pathname === '/episodes/` + string(first) + `'`)
		b.until(fmt.Sprintf(`!document.querySelector('audio').paused && document.querySelector('audio').currentTime > %s/1000 + 0.5`, at))
		b.until(fmt.Sprintf(`document.querySelector('audio').currentTime < %s/1000 + 25`, at))
		// The word that is heard is the one that is marked: a word begins every 400 ms.
		b.until(`document.querySelector('.word.now') !== null`)
		before := b.eval(`document.querySelector('.word.now').dataset.word`)
		b.until(`Number(document.querySelector('.word.now').dataset.word) >= Number(` + before + `) + 2`)
		if got := b.eval(`document.querySelectorAll('.reader .word.hit').length`); got != "8" {
			t.Errorf("%s words of the transcript are marked as said, want 8 (four times two)", got)
		}
	})

	t.Run("click a word, scroll away, follow again", func(t *testing.T) {
		a, _ := library(t)
		b := openTab(t, browser, a, "/?q=questions")
		b.do(chromedp.WaitVisible(`article h3 a`))
		b.eval(`[...document.querySelectorAll('article h3 a')].find(e => e.innerText.includes('long questions')).click()`)
		b.until(`document.querySelectorAll('.reader .word').length > 20`)
		b.do(chromedp.Click(`.word[data-word="8"]`))
		b.until(`!document.querySelector('audio').paused && document.querySelector('audio').currentTime >= 3.2`)
		b.until(`Number(document.querySelector('.word.now')?.dataset.word) >= 8`)
		b.eval(`document.querySelector('.reader').dispatchEvent(new WheelEvent('wheel', {deltaY: 4000}))`)
		b.eval(`document.querySelector('.reader').scrollTo(0, 4000)`)
		b.do(chromedp.WaitVisible(`.pill button`))
		seen := `document.elementFromPoint(900, 350)?.closest('.paragraph')?.dataset.first`
		far := b.eval(seen)
		b.until(`document.querySelector('audio').currentTime > 5`) // words went by, and the page stayed where the reader put it
		if now := b.eval(seen); now != far {
			t.Errorf("the page moved from the paragraph of word %s to that of %s under the reader", far, now)
		}
		b.click(`.pill button`)
		b.until(`document.querySelector('.reader').scrollTop < 1000 && !document.querySelector('.pill')`)
	})

	t.Run("keyboard only", func(t *testing.T) {
		a, _ := library(t)
		b := openTab(t, browser, a, "/")
		b.do(chromedp.WaitVisible(`#library`))
		b.keys("/")
		b.until(`document.activeElement.type === 'search'`)
		b.keys(`"budget of water"`)
		b.until(`document.querySelectorAll('article .moment').length === 1`)
		b.keys(kb.ArrowDown)
		b.keys(kb.ArrowDown)
		b.until(`document.activeElement.className.includes('moment')`)
		b.keys(kb.Enter)
		b.until(`!document.querySelector('audio').paused && document.querySelector('audio').currentTime > 5`)
		b.keys("k")
		b.until(`document.querySelector('audio').paused`)
		b.keys("k")
		b.until(`!document.querySelector('audio').paused`)
		b.keys(" ")
		b.until(`document.querySelector('audio').paused`)
		b.until(`/[?&]t=/.test(location.search)`)
		at := b.eval(`document.querySelector('audio').currentTime`)
		b.keys("l")
		b.until(`document.querySelector('audio').currentTime > ` + at + ` + 8`)
		b.keys("j")
		b.until(`document.querySelector('audio').currentTime < ` + at + ` + 2`)
		b.keys("n")
		b.until(`!document.querySelector('audio').paused`)
		b.keys("?")
		b.until(`document.querySelector('dialog[open]') !== null`)
		if got := b.eval(`[...document.querySelectorAll('dialog kbd')].map(e => e.innerText).join(' ')`); got != "/ ↑ ↓ Enter space k j l ← → n p f < > m c Esc ?" {
			t.Errorf("the help tells the keys %s", got)
		}
		b.keys(kb.Escape)
		b.until(`document.querySelector('dialog[open]') === null`)
		b.keys(kb.Escape)
		b.until(`location.pathname === '/' && !document.querySelector('.reader')`)
	})

	t.Run("the keys for tracks go from moment to moment", func(t *testing.T) {
		a, _ := library(t)
		b := openTab(t, browser, a, "/")
		b.do(chromedp.Evaluate[chromedp.Void](`{
			const set = MediaSession.prototype.setActionHandler
			window.keys = {}
			MediaSession.prototype.setActionHandler = function (key, does) { window.keys[key] = does; return set.call(this, key, does) }
		}`))
		b.search("owner")
		b.until(`document.querySelector('article .moment') !== null`)
		b.do(chromedp.Click(`article .moment`))
		b.until(`document.querySelectorAll('.reader .word.hit').length > 1 && window.keys.nexttrack && document.querySelector('audio').currentTime > 0`)
		b.until(`document.querySelector('.reader').innerText.includes('1 of 3')`) // the moments are known: before, the keys are for chapters
		b.eval(`document.querySelector('audio').pause()`)
		b.until(`document.querySelector('audio').paused && !document.querySelector('audio').seeking`)
		at := b.eval(`document.querySelector('audio').currentTime`)
		b.eval(`window.keys.nexttrack()`)
		b.until(`document.querySelector('.word.now')?.classList.contains('hit') && document.querySelector('audio').currentTime > ` + at + ` + 0.5`)
		b.eval(`window.keys.previoustrack()`)
		b.until(`document.querySelector('audio').currentTime <= ` + at)
	})

	t.Run("an address opens at its second, silently; back goes back", func(t *testing.T) {
		a, first := library(t)
		b := openTab(t, browser, a, "/episodes/"+string(first)+"?q=certificate&t=30.5")
		b.until(`Math.abs(document.querySelector('audio').currentTime - 30.5) < 0.1`)
		b.until(`document.querySelector('.word.now') !== null && document.querySelectorAll('article .moment').length === 4`)
		if b.eval(`document.querySelector('audio').paused`) != "true" {
			t.Error("an opened address plays by itself")
		}
		if title := b.eval(`document.title`); !strings.Contains(title, "Error budgets") {
			t.Errorf("the window is called %q", title)
		}
		b.eval(`[...document.querySelectorAll('article h3 a')].find(e => !e.pathname.endsWith('` + string(first) + `')).click()`)
		b.until(`!location.pathname.endsWith('` + string(first) + `')`)
		b.eval(`history.back()`)
		b.until(`location.pathname.endsWith('` + string(first) + `') && document.querySelector('.reader h2')?.innerText.startsWith('Error budgets')`)
	})

	t.Run("failed, on its way, nothing found, empty", func(t *testing.T) {
		a, _ := library(t)
		b := openTab(t, browser, a, "/")
		b.until(`document.querySelector('main').innerText.includes('410 Gone') && document.querySelector('.busy')?.innerText.includes('42%')`)
		a.lock()
		a.running[0].Done = 770
		a.mu.Unlock()
		b.until(`document.querySelector('.busy').innerText.includes('77%')`)
		b.eval(`[...document.querySelectorAll('button')].find(e => e.innerText === 'Try again').click()`)
		b.until(`!document.querySelector('main').innerText.includes('410 Gone')`)
		if n := len(a.retried); n != 1 {
			t.Errorf("%d retries arrived", n)
		}
		b.search("zebra crossing")
		b.until(`document.querySelector('main').innerText.includes('Nobody says')`)
		b = openTab(t, browser, newArchive(t), "/")
		b.until(`document.querySelector('main').innerText.includes('earshot add')`)
	})

	t.Run("without its audio", func(t *testing.T) {
		a, first := library(t)
		a.change(first, func(e *models.Episode) { e.Media.Key, e.Media.SHA256 = "", "ab" })
		b := openTab(t, browser, a, "/?q=budget")
		b.until(`document.querySelectorAll('article .moment').length > 0`)
		b.eval(`[...document.querySelectorAll('article')].find(e => e.innerText.includes('who gets to spend')).querySelector('.moment').click()`)
		b.until(`document.querySelector('.bar [role=alert]')?.innerText.includes('was not kept') && document.querySelector('.reader')?.innerText.includes('was not kept')`)
		if b.eval(`document.querySelector('.bar .play') !== null || document.querySelector('audio').hasAttribute('src')`) != "false" {
			t.Error("what is not here can be played")
		}
		for _, look := range []struct {
			w, h    int64
			colours string
		}{{375, 812, "light"}, {1280, 800, "dark"}} {
			b.size(look.w, look.h)
			b.prefer(look.colours, "reduce")
			b.until(`document.querySelector('.bar [role=alert]').getBoundingClientRect().bottom <= innerHeight && document.getAnimations().length === 0`)
			b.shoot("not-kept-" + look.colours)
		}
	})

	t.Run("a part that cannot be loaded says so, and comes when it can", func(t *testing.T) {
		b := openTab(t, browser, newArchive(t), "/")
		b.until(`document.querySelector('.empty') !== null`)
		help := func(loads bool) {
			t.Helper()
			block := network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/assets/Help-*.js", Block: !loads}}}
			if _, err := chromedp.Call(b.ctx, network.SetBlockedURLs, block); err != nil {
				t.Fatal(err)
			}
			b.click(`button.help`)
		}
		help(false)
		b.until(`document.querySelector('[role=alert]')?.innerText.includes('could not be loaded')`)
		b.click(`[role=alert] button`)
		b.until(`document.querySelector('[role=alert]') === null`)
		help(true)
		b.until(`document.querySelector('dialog[open] kbd') !== null`)
	})

	t.Run("in German and in French", func(t *testing.T) { inLanguages(t, browser) })
	t.Run("from right to left", func(t *testing.T) { rightToLeft(t, browser) })

	t.Run("hostile text stays text", func(t *testing.T) {
		a := newArchive(t)
		evil := `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`
		show := a.addShow(evil)
		id := a.addEpisode(t, show, evil+" \u202Eكلمة 👩‍👩‍👧 "+strings.Repeat("endless", 60), `<b>Eve</b>: needle <script>window.pwned=1</script> 👩‍👩‍👧 needle كلمة. `+strings.Repeat("unbroken", 80))
		a.change(id, func(e *models.Episode) {
			e.Notes, e.Link = evil+"<p>notes</p>", "javascript:window.pwned=1"
			e.Reason = evil
		})
		b := openTab(t, browser, a, "/?q=needle")
		b.until(`document.querySelectorAll('article mark').length === 2`)
		if got := b.eval(`[...document.querySelectorAll('article mark')].map(m => m.innerText).join()`); got != "needle,needle" {
			t.Errorf("marked is %q: the emoji moved the marks", got)
		}
		for _, width := range []int64{320, 390, 1280} {
			b.size(width, 800)
			b.until(`document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('.list')].every(e => e.scrollWidth <= e.clientWidth)`)
		}
		b.shoot("hostile")
		b.do(chromedp.Click(`article .moment`))
		b.until(`document.querySelector('.reader .word.now') !== null`)
		b.size(320, 640)
		b.until(`document.documentElement.scrollWidth <= innerWidth && document.querySelector('.reader').scrollWidth <= document.querySelector('.reader').clientWidth`)
		if b.eval(`window.pwned`) != "undefined" || b.eval(`document.querySelectorAll('#app script, #app img, a[href^=javascript]').length`) != "0" {
			t.Error("text became markup")
		}
	})
}

// Pictures for people to judge; asserts only that the states can be reached.
func TestScreenshots(t *testing.T) {
	browser := startGallery(t)
	a, _ := library(t)
	for _, size := range []struct {
		name string
		w, h int64
	}{{"phone", 390, 844}, {"desktop", 1280, 800}} {
		for _, colours := range []string{"light", "dark"} {
			name := size.name + "-" + colours
			t.Run(name, func(t *testing.T) {
				b := openTab(t, browser, a, "/")
				b.size(size.w, size.h)
				b.prefer(colours, "reduce")
				b.until(`document.fonts.status === 'loaded' && document.querySelector('.busy') !== null`)
				b.shoot(name + "-start")
				b.search(`"error budget"`)
				b.until(`document.querySelectorAll('article mark').length > 4 && document.querySelector('section[aria-busy=false]') !== null`)
				b.shoot(name + "-results")
				b.do(chromedp.Click(`article li:nth-child(2) .moment`))
				b.until(`document.querySelector('.word.now') !== null && document.querySelector('audio').currentTime > 1`)
				b.shoot(name + "-player")
			})
		}
	}
	b := openTab(t, browser, newArchive(t), "/")
	b.until(`document.querySelector('.empty') !== null`)
	b.shoot("desktop-empty")
	b = openTab(t, browser, a, "/?q=zebra")
	b.until(`document.querySelector('.none') !== null`)
	b.shoot("desktop-none")
}

func TestDocsPage(t *testing.T) {
	a, _ := library(t)
	b := openTab(t, startBrowser(t), a, docsPath)
	b.until(`document.querySelectorAll('.opblock').length > 10 && document.querySelector('.title').innerText.startsWith('Earshot')`)
	b.shoot("docs")
}

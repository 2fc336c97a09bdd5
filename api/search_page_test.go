package api

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/models"
)

// collective is an archive of three shows over three years with names that were heard in different ways.
func collective(t *testing.T) *archive {
	t.Helper()
	a := newArchive(t)
	huddle, garden, night := a.addShow("The Huddle"), a.addShow("The Patient Garden"), a.addShow("Night Shift")
	add := func(show models.ShowID, title, date, text string) {
		id := a.addEpisode(t, show, title, text)
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		a.change(id, func(e *models.Episode) { e.PublishedAt = at })
	}
	add(huddle, "Money in the open", "2023-11-04", `Maya: We pay each other from one budget, and the budget is open to everybody.
Jon: At Loomio every decision about the budget is written down. The minutes are public.`)
	add(huddle, "Who decides what", "2024-02-10", `Jon: The people who do the work decide about the budget. That is mutual aid in practice.
Maya: And when they disagree, somebody calls a circle.`)
	add(huddle, "Growing a collective", "2024-02-24", `Maya: When I came to n spiral there were twenty of us, and no budget at all.
Jon: At n spiral you learn to say no. Mutual aid needs limits too.`)
	add(garden, "A diary of rain", "2024-09-01", other)
	add(garden, "Seeds that travelled", "2025-03-30", `Ana: Mutual aid among gardeners means that seeds travel. There is no budget for it and none is needed.`)
	add(night, "Error budgets, and who gets to spend them", "2025-04-12", talk)
	add(night, "All of the questions", "2025-04-26", strings.Repeat(talk+"\n", 30))
	return a
}

// quiet is true once the results of the newest query are there.
const quiet = `document.querySelector('section[aria-busy=false]') !== null`

func TestSearchPage(t *testing.T) {
	browser := startBrowser(t)

	t.Run("completions by keys", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/")
		const box = `document.querySelector('input[type=search]')`
		b.search("budget mut")
		b.until(`document.querySelector('#completions li .text')?.innerText === 'mutual'`)
		if b.eval(box+`.getAttribute('aria-expanded') + document.querySelector('#completions').hidden`) != "truefalse" {
			t.Error("the list is open and does not say so")
		}
		b.keys(kb.ArrowDown)
		if got := b.eval(`document.getElementById(` + box + `.getAttribute('aria-activedescendant'))?.ariaSelected + ' ' + ` + box + `.value`); got != "true budget mut" {
			t.Errorf("the first completion is chosen, the text as typed: %q", got)
		}
		b.keys(kb.ArrowUp)
		if got := b.eval(box + `.getAttribute('aria-activedescendant')`); got != "null" {
			t.Errorf("above the first stands what was typed, not %q", got)
		}
		b.keys(kb.ArrowDown)
		b.keys(kb.Enter)
		b.until(box + `.value === 'budget mutual' && document.querySelector('#completions').hidden && location.search === '?q=budget+mutual'`)
		b.until(quiet + ` && document.querySelectorAll('article').length === 3`)
		if b.eval(`document.activeElement === `+box) != "true" {
			t.Error("the focus left the text")
		}
		// Escape closes the list and leaves the text; only the next one clears it.
		b.keys(" certif")
		b.until(`!document.querySelector('#completions').hidden`)
		b.keys(kb.Escape)
		b.until(`document.querySelector('#completions').hidden && ` + box + `.value === 'budget mutual certif'`)
		b.keys(kb.Escape)
		b.until(box + `.value === '' && location.search === ''`)
		// Enter without a choice searches for what is typed, and goes to the results.
		b.keys("mutua")
		b.until(`!document.querySelector('#completions').hidden`)
		b.keys("l")
		b.keys(kb.Enter)
		b.until(`location.search === '?q=mutual' && document.querySelector('#completions').hidden`)
		// The title of an episode opens it.
		b.eval(box + `.select()`)
		b.keys("seeds tr")
		b.until(`document.querySelector('#completions .kind')?.innerText === 'episode'`)
		b.click(`#completions li`)
		b.until(`document.querySelector('.reader h2')?.innerText === 'Seeds that travelled'`)
	})

	t.Run("what sounds like it, and the way back", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/?q=enspiral")
		b.until(quiet + ` && document.querySelectorAll('article .moment').length === 2`)
		if got := b.text(".banner"); !strings.Contains(got, "Nobody says exactly") || !strings.Contains(got, "sounds:enspiral") {
			t.Errorf("the banner says %q", got)
		}
		if got := b.text(".moment .as"); got != "matched as n spiral" { // the quotation marks are drawn by the style
			t.Errorf("the moment is %q", got)
		}
		// The open episode is searched by sound too.
		b.click(`article h3 a`)
		b.until(`document.querySelectorAll('.reader .word.hit').length === 4`)
		b.click(`.banner a`)
		b.until(quiet + ` && document.querySelectorAll('.hits article').length === 0 && new URLSearchParams(location.search).get('strict') === '1'`)
		b.until(`document.querySelectorAll('.reader .word.hit').length === 0`)
		b.eval(`[...document.querySelectorAll('.none a')].find(e => e.innerText === 'Look for what comes near').click()`)
		b.until(quiet + ` && document.querySelectorAll('article .moment').length === 2`)
		// Another query is answered as usual.
		b.eval(`history.back()`)
		b.until(quiet + ` && document.querySelectorAll('.hits article').length === 0`)
		b.eval(`document.querySelector('input[type=search]').select()`)
		b.keys("budgte")
		b.until(`[...document.querySelectorAll('section li')].some(e => e.innerText.replace(/\s+/g, ' ') === 'Did you mean budget 7 episodes')`)
		b.eval(`[...document.querySelectorAll('section li a')].find(e => e.innerText === 'budget').click()`)
		b.until(quiet + ` && document.querySelectorAll('.hits article').length === 7 && location.search === '?q=budget'`)
	})

	t.Run("facets add and take away", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/?q=aid+OR+budget")
		b.size(1400, 900)
		facet := func(label string) string {
			return `[...document.querySelectorAll('aside button')].find(e => e.querySelector('bdi')?.innerText === '` + label + `')`
		}
		b.until(facet("2024") + ` !== undefined`)
		// The number is shown alone, and read out with its noun.
		parts := `[...` + facet("2024") + `.querySelectorAll('bdi, [aria-hidden], .unseen')].map(e => e.textContent).join('|')`
		if got := b.eval(parts); got != "2024|3|3 episodes" {
			t.Errorf("the facet says %q", got)
		}
		b.eval(facet("2024") + `.click()`)
		b.until(quiet + ` && document.querySelectorAll('article').length === 3 && new URLSearchParams(location.search).get('q') === '(aid OR budget) year:2024'`)
		b.until(facet("2024") + `?.ariaPressed === 'true'`)
		b.eval(facet("The Huddle") + `.click()`)
		b.until(quiet + ` && document.querySelectorAll('article').length === 2`)
		b.eval(facet("2024") + `.click()`) // and out again
		b.until(quiet + ` && document.querySelectorAll('article').length === 3 && !location.search.includes('2024')`)
		b.eval(`history.back()`)
		b.until(quiet + ` && document.querySelectorAll('article').length === 2 && document.querySelector('input[type=search]').value.includes('year:2024')`)
	})

	t.Run("over time", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/?q=budget")
		b.size(1400, 900)
		const links = `document.querySelectorAll('figure a')`
		b.until(links + `.length === 5`) // two episodes each in February 2024 and in April 2025
		if got := b.eval(`document.querySelector('figure svg').ariaLabel`); got != "193 moments over time, most in April 2025: 186" {
			t.Errorf("the chart says %q", got)
		}
		b.eval(`document.querySelector('figure a[tabindex="0"]').focus()`)
		for range 3 {
			b.keys(kb.ArrowLeft)
		}
		b.until(`document.activeElement.ariaLabel?.startsWith('February 2024')`)
		b.keys(kb.Enter)
		b.until(`new URLSearchParams(location.search).get('q') === 'budget after:2024-01 before:2024-03'`)
		b.until(quiet + ` && document.querySelectorAll('article').length === 2`)
	})

	t.Run("order and all moments", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/?q=budget")
		b.do(chromedp.WaitVisible(`select`))
		b.eval(`(s => { s.value = 'oldest'; s.dispatchEvent(new Event('change', {bubbles: true})) })(document.querySelector('select'))`)
		b.until(quiet + ` && document.querySelector('article h3').innerText === 'Money in the open' && location.search === '?q=budget&sort=oldest'`)
		b.do(chromedp.Reload())
		b.until(quiet + ` && document.querySelector('article h3')?.innerText === 'Money in the open' && document.querySelector('select').value === 'oldest'`)
		const last = `document.querySelector('.hits > :last-child')`
		b.eval(last + `.querySelector('.more').click()`)
		b.until(last + `.querySelectorAll('.moment').length === 100 && ` + last + `.querySelector('.more').innerText === 'Show more, 80 left'`)
		b.eval(last + `.querySelector('.more').click()`)
		b.until(last + `.querySelectorAll('.moment').length === 180 && !` + last + `.querySelector('.more')`)
		if got := b.eval(`(a => a.every((t, i) => !i || t > a[i - 1]))([...` + last + `.querySelectorAll('.moment')].map(e => Number(e.dataset.at)))`); got != "true" {
			t.Error("the moments are not in spoken order, or one is there twice")
		}
	})

	t.Run("all moments in a row", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/?q=circle+OR+limits")
		b.until(quiet + ` && document.querySelectorAll('article .moment').length === 2`)
		b.eval(`document.querySelector('audio').addEventListener('playing', e => (window.began ??= []).push(document.querySelector('.bar .title').innerText + ' ' + e.target.currentTime.toFixed(1)))`)
		b.eval(`document.querySelector('.pick.all').click()`)
		b.until(`document.querySelector('.row .times')?.innerText === 'Moment 1 of 2' && window.began?.length >= 1`)
		first := b.eval(`document.querySelector('.bar .title').innerText`)
		// At the end of the sentence it goes on with the other episode, just before the word.
		b.until(`document.querySelector('.row .times')?.innerText === 'Moment 2 of 2' && new Set(window.began?.map(b => b.slice(0, b.lastIndexOf(' ')))).size === 2`)
		starts := map[string]string{}
		for _, began := range strings.Split(b.eval(`window.began.join('|')`), "|") {
			i := strings.LastIndex(began, " ")
			if _, again := starts[began[:i]]; !again { // a machine that is busy may stop and go on
				starts[began[:i]] = began[i+1:]
			}
		}
		b.eval(`document.querySelector('audio').pause()`)
		for title, start := range starts {
			at := b.eval(`[...document.querySelectorAll('article')].find(e => e.querySelector('h3').innerText === ` + strconv.Quote(title) + `).querySelector('.moment').dataset.at`)
			word, _ := strconv.ParseFloat(at, 64)
			if began, err := strconv.ParseFloat(start, 64); err != nil || began > word/1000 || began < word/1000-0.6 {
				t.Errorf("%s began at %s s, the word at %s ms", title, start, at)
			}
		}
		b.keys("p")
		b.until(`document.querySelector('.row .times')?.innerText === 'Moment 1 of 2' && document.querySelector('.bar .title').innerText === ` + strconv.Quote(first))
		b.keys("n")
		b.until(`document.querySelector('.row .times')?.innerText === 'Moment 2 of 2'`)
		b.shoot("row")
		b.until(`document.querySelector('.row') === null && document.querySelector('audio').paused`) // after the last
		// Whoever plays something else leaves the row.
		b.eval(`document.querySelector('.pick.all').click()`)
		b.until(`document.querySelector('.row') !== null && !document.querySelector('audio').paused`)
		b.eval(`document.querySelector('article .moment').click()`)
		b.until(`document.querySelector('.row') === null && document.querySelector('.reader') !== null`)
	})

	t.Run("nobody is said to say half a word", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/")
		b.until(`document.querySelector('#library') !== null`)
		b.search("certif")
		b.until(quiet + ` && document.querySelector('#completions li') !== null`)
		if got := b.text("section[aria-busy]"); strings.Contains(got, "Nobody says") || strings.Contains(got, "Nothing found") {
			t.Errorf("while the word goes on: %s", got)
		}
		b.keys("xx")
		b.until(`document.querySelector('.none h2')?.innerText.includes('certifxx')`)
	})

	t.Run("saved and last searches", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/?q=circle")
		b.until(quiet + ` && document.querySelector('.keep .pick') !== null`)
		if got := b.promise(`(await fetch(document.querySelector('.keep a').href).then(r => r.text())).match(/<link>[^<]*episodes[^<]*/g)`); !strings.Contains(got, "q=circle&amp;t=") {
			t.Errorf("the feed tells %q", got)
		}
		b.eval(`document.querySelector('.keep [aria-pressed]').click()`)
		b.until(`document.querySelector('.keep [aria-pressed]').ariaPressed === 'true'`)
		b.eval(`document.querySelector('input[type=search]').select()`)
		b.keys("limits")
		b.keys(kb.Enter)
		b.do(chromedp.Navigate(b.url))
		const searches = `[...document.querySelectorAll('nav[aria-label=Searches] a')]`
		b.until(searches + `.map(e => e.innerText).join() === 'circle,limits'`)
		b.shoot("searches")
		b.eval(searches + `[0].click()`)
		b.until(quiet + ` && document.querySelectorAll('article').length === 1 && document.querySelector('input[type=search]').value === 'circle'`)
		b.eval(`document.querySelector('.keep [aria-pressed]').click()`)
		b.do(chromedp.Navigate(b.url))
		b.until(searches + `.map(e => e.innerText).join() === 'limits'`)
	})

	t.Run("nothing to narrow", func(t *testing.T) {
		a := newArchive(t)
		a.addEpisode(t, a.addShow("Alone"), "Only this", "Ana: One budget, one speaker, one year.")
		b := openTab(t, browser, a, "/?q=budget")
		b.until(quiet + ` && document.querySelectorAll('article').length === 1`)
		if got := b.eval(`document.querySelectorAll('aside, .summary .pick:not(.all), figure').length`); got != "0" {
			t.Errorf("%s controls offer a choice of one", got)
		}
	})

	t.Run("help shows examples that work", func(t *testing.T) {
		b := openTab(t, browser, collective(t), "/")
		b.click(`.help`)
		b.until(`document.querySelector('dialog[open]') !== null`)
		b.eval(`[...document.querySelectorAll('dialog a')].find(e => e.innerText === '"mutual aid"').click()`)
		b.until(quiet + ` && !document.querySelector('dialog[open]') && document.querySelectorAll('article').length === 3 && document.querySelector('input[type=search]').value === '"mutual aid"'`)
	})
}

// Pictures for people to judge; asserts only that the states can be reached.
func TestSearchScreenshots(t *testing.T) {
	browser := startGallery(t)
	a := collective(t)
	for _, size := range []struct {
		name, colours string
		w, h          int64
	}{{"phone", "light", 390, 844}, {"laptop", "dark", 1100, 800}, {"desktop", "light", 1400, 900}} {
		t.Run(size.name, func(t *testing.T) {
			b := openTab(t, browser, a, "/")
			b.size(size.w, size.h)
			b.prefer(size.colours, "reduce")
			b.search("aid mut")
			b.until(quiet + ` && document.querySelector('#completions li') !== null`)
			b.shoot(size.name + "-completions")
			b.keys("ual")
			b.until(`document.querySelectorAll('article').length === 3`)
			b.eval(`document.querySelector('button.pick')?.click()`)
			b.until(`document.querySelector('figure') !== null`)
			b.shoot(size.name + "-narrow")
			b.search(" enspiral")
			b.until(`document.querySelector('.banner') !== null`)
			b.shoot(size.name + "-sounds")
			b.eval(`document.querySelector('.help').click()`)
			b.until(`document.querySelector('dialog[open]') !== null`)
			b.shoot(size.name + "-help")
		})
	}
}

package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/search"
)

// following makes searches see what was changed before the change is answered, as the program does.
func following(o *Options) {
	if x, ok := o.Searcher.(*search.Index); ok {
		o.Seen = func(ctx context.Context) error { return x.CatchUp(ctx, nil) }
	}
}

// loudOf tells how loud the page's audio is: loud(s) plays a second from second s on.
const loudOf = `(() => {
	const a = document.querySelector('audio'), c = new AudioContext(), an = c.createAnalyser()
	an.fftSize = 2048
	c.createMediaElementSource(a).connect(an)
	window.loud = async s => {
		await c.resume()
		a.currentTime = s
		await a.play()
		while (a.currentTime < s + 0.5) await new Promise(r => setTimeout(r, 20))
		let most = 0
		const samples = new Float32Array(an.fftSize)
		while (a.currentTime < s + 1) {
			an.getFloatTimeDomainData(samples)
			for (const v of samples) most = Math.max(most, Math.abs(v))
			await new Promise(r => setTimeout(r, 20))
		}
		a.pause()
		return most
	}
})()`

// Somebody marks what is said as private: it is not read, found or heard any more, until it is lifted.
func TestPrivatePage(t *testing.T) {
	a, id := library(t)
	b := openTab(t, startBrowser(t), a, "/episodes/"+string(id), looked(a, ""), following)
	const sentence = "An error budget says how much failure we accept."
	total := `await fetch('/api/v1/search?strict=true&episode=` + string(id) + `&q=' + encodeURIComponent('"how much failure we accept"')).then(r => r.json()).then(r => r.total)`
	choose := func() {
		t.Helper()
		b.until(`document.querySelectorAll('.reader .word').length > 30`)
		b.eval(`(w => getSelection().setBaseAndExtent(w(16), 0, w(24), 4))(n => document.querySelector('[data-word="' + n + '"]').firstChild)`)
		b.until(`document.querySelector('.quote') !== null`)
	}
	shown := func(text string) string {
		return fmt.Sprintf(`!!document.querySelector('.reader')?.innerText.includes(%q)`, text)
	}
	b.until(shown(sentence))
	if got := b.promise(total); got != "1" {
		t.Fatalf("it is found %s times before", got)
	}
	b.until(`document.querySelector('audio').readyState > 0`)
	b.eval(loudOf)
	if got := b.promise(`(await loud(10) > 0.02)`); got != "true" {
		t.Fatalf("it is not heard before")
	}

	choose()
	b.press("Make private…")
	b.until(`document.querySelector('dialog[open] form .times') !== null`)
	if got := b.eval(`[...document.querySelectorAll('dialog[open] .times input')].map(e => e.value).join()`); got != "0:08,0:13" {
		t.Errorf("from and to: %s", got)
	}
	if got := b.eval(`document.querySelectorAll('dialog[open] .stays li').length`); got != "6" {
		t.Errorf("%s things cannot be called back", got)
	}
	b.do(chromedp.SendKeys(`dialog[open] .reason input`, "she asked for it"))
	b.shoot("private-dialog")
	b.press("Make private")
	b.until(`document.querySelector('dialog[open] [role=status]') !== null && document.querySelector('.held span')?.innerText === 'private passage, 0:04'`)
	if got := b.eval(`!` + shown(sentence)); got != "true" {
		t.Error("it can still be read")
	}
	if text := b.text("dialog[open]"); !strings.Contains(text, "she asked for it") || !strings.Contains(text, "Backups that were made before") {
		t.Errorf("the dialog says %s", text)
	}
	b.keys(kb.Escape)
	b.until(`document.querySelector('dialog[open]') === null`)
	b.shoot("private-passage")
	if got := b.promise(total); got != "0" {
		t.Errorf("it is found %s times", got)
	}
	b.until(`document.querySelector('audio').src.includes('?v=') && document.querySelector('audio').readyState > 0`)
	if got := b.promise(`[await loud(9.5), await loud(10.5)].every(v => v < 0.001) && await loud(4) > 0.02 && await loud(14) > 0.02`); got != "true" {
		t.Errorf("it is heard: %s, before it %s", b.promise(`await loud(10)`), b.promise(`await loud(4)`))
	}

	b.do(chromedp.Reload())
	b.until(`document.querySelector('.held button') !== null && !` + shown(sentence))
	b.press("Lift…")
	b.until(`document.querySelector('dialog[open] li .button') !== null && document.querySelector('dialog[open] form .times') === null`)
	b.click(`dialog[open] li .button`)
	b.until(`document.querySelector('dialog[open] li .button').innerText === 'Really make it public'`)
	b.click(`dialog[open] li .button`)
	b.until(`document.querySelector('dialog[open]') === null && document.querySelector('.held') === null && ` + shown(sentence))
	if got := b.promise(total); got != "1" {
		t.Errorf("lifted, it is found %s times", got)
	}
}

// An episode that is private as a whole says so, plays nothing, and is lifted from the same place. Who may only read is offered nothing,
// and the log is for admins.
func TestPrivateEpisodePage(t *testing.T) {
	a, id := library(t)
	users := newAccounts(t)
	browser := startBrowser(t)
	b := openTab(t, browser, a, "/episodes/"+string(id), looked(a, ""), following, withAccounts(AccessRead, users))
	b.until(`document.querySelectorAll('.reader .word').length > 30`)
	b.eval(`(w => getSelection().setBaseAndExtent(w(16), 0, w(24), 4))(n => document.querySelector('[data-word="' + n + '"]').firstChild)`)
	b.until(`document.querySelector('.quote') !== null`)
	if got := b.eval(`document.querySelector('.hide') === null && !document.querySelector('.quote').innerText.includes('private')`); got != "true" {
		t.Error("somebody who may only read is offered to make it private")
	}

	b = openTab(t, browser, a, "/episodes/"+string(id), looked(a, ""), following)
	b.until(`document.querySelector('.hide') !== null && document.querySelectorAll('.reader .word').length > 30`)
	b.click(`.hide`)
	b.until(`document.querySelector('dialog[open] form') !== null && document.querySelector('dialog[open] form .times') === null`)
	b.press("Make private")
	b.until(`document.querySelector('.reader .note')?.innerText === 'This episode is private.' && document.querySelectorAll('.reader .word').length === 0`)
	b.keys(kb.Escape)
	b.until(`document.querySelector('dialog[open]') === null && document.querySelector('.bar [role=alert]')?.innerText === 'This episode is private.' && !document.querySelector('audio').src`)
	b.shoot("private-episode")

	b.click(`.who`)
	b.until(`document.querySelector('dialog[open] #taken') !== null`)
	b.eval(`document.querySelector('section[aria-labelledby=taken] details').open = true`)
	b.until(`document.querySelector('section[aria-labelledby=taken] li')?.innerText.includes('the whole episode')`)
	b.shoot("private-log")
}

package api

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/device"
)

// press clicks the button or link that says so.
func (b *tab) press(text string) {
	b.t.Helper()
	b.until(`[...document.querySelectorAll('button, a')].some(e => e.checkVisibility() && !e.disabled && e.innerText.trim().startsWith('` + text + `'))`)
	b.eval(`[...document.querySelectorAll('dialog[open] button, button, a')].find(e => e.checkVisibility() && !e.disabled && e.innerText.trim().startsWith('` + text + `')).click()`)
}

// From a name to what it was heard as, to every place of that, one of which is right as it is, and back again.
func TestANameIsFixedEverywhere(t *testing.T) {
	browser := startBrowser(t)
	a, first, _ := misheardLibrary(t)
	_, served := fixable(a)
	b := openTab(t, browser, a, "/", served)
	reads := func(parts ...string) {
		t.Helper()
		text := b.promise(`await fetch('/api/v1/episodes/` + string(first) + `/transcript.txt').then(r => r.text())`)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("the transcript has not %q: %s", part, text)
			}
		}
	}
	b.press("Names")
	b.until(`[...document.querySelectorAll('section[aria-labelledby=names] li .name')].some(e => e.innerText === 'Enspiral')`)
	b.do(chromedp.SendKeys(`section[aria-labelledby=names] input[type=search]`, "ensp"))
	b.until(`document.querySelectorAll('section[aria-labelledby=names] li').length === 1`)
	b.do(chromedp.Focus(`section[aria-labelledby=names] li a`))
	b.keys("\r")
	b.until(`location.search === '?name=Enspiral' && [...document.querySelectorAll('.said')].some(e => e.innerText === 'in spiral')`)
	b.eval(`document.querySelector('[aria-label="Play in spiral: Money in networks, 0:04"]').click()`)
	b.until(`document.querySelector('audio').currentTime > 3`)
	b.eval(`document.querySelector('[aria-label="Fix everywhere: in spiral"]').click()`)
	b.until(`document.querySelector('dialog[open]')?.innerText.includes('3 places in 2 episodes')`)
	if got := b.eval(`document.querySelector('dialog[open] textarea').value + '→' + document.querySelector('dialog[open] input[type=text]').value`); got != "in spiral→Enspiral" {
		t.Errorf("the dialog begins with %s", got)
	}
	if got := b.eval(`[...document.querySelectorAll('dialog[open] li .said')].map(e => e.innerText.replace(/\s+/g, ' ')).join('|')`); !strings.Contains(got, "spring. And in spiral Enspiral they share money.") {
		t.Errorf("the places are %s", got)
	}
	b.eval(`[...document.querySelectorAll('dialog[open] li')].find(e => e.innerText.includes('lines')).querySelector('input').click()`)
	b.shoot("fix-places")
	b.press("Fix 2 places")
	b.until(`document.querySelector('dialog[open]').innerText.includes('is now written in about 2 places')`)
	reads("And Enspiral they share", "go up in spiral lines")
	b.press("Undo")
	b.until(`document.querySelector('dialog[open]').innerText.includes('It is again as it was')`)
	reads("And in spiral they share")
	b.press("Close")

	b.eval(`document.querySelector('a.back').click()`)
	b.until(`document.querySelector('[aria-labelledby=rules] li')?.innerText.includes('undone')`)
	b.press("Do it again")
	b.until(`document.querySelector('[aria-labelledby=rules] li').innerText.includes('undone') === false`)
	reads("And Enspiral they share")
	b.eval(`document.querySelector('[aria-labelledby=rules] button').click()`)
	b.until(`document.querySelector('[aria-labelledby=rules] li').innerText.includes('undone')`)
	reads("And in spiral they share")

	b.do(chromedp.Navigate(b.url + "/episodes/" + string(first)))
	b.until(`document.querySelectorAll('.reader .word').length > 10`)
	// From the text itself: what is selected is what was heard.
	b.eval(`(w => getSelection().setBaseAndExtent(w(6), 0, w(7), 6))(n => document.querySelector('[data-word="' + n + '"]').firstChild)`)
	b.until(`document.querySelector('.quote') !== null`)
	b.press("Fix everywhere")
	b.until(`document.querySelector('dialog[open] textarea')?.value === 'in spiral'`)
	b.do(chromedp.SendKeys(`dialog[open] input[type=text]`, "Enspiral"))
	b.eval(`document.querySelectorAll('dialog[open] input[type=radio]')[1].click()`)
	b.until(`document.querySelector('dialog[open]').innerText.includes('2 places in 1 episode')`)

	phone := device.IPhoneSE.Device()
	phone.Width, phone.Height = 320, 568
	b.do(chromedp.Emulate(phone))
	if wide := b.eval(`Math.max(document.documentElement.scrollWidth, document.querySelector('dialog').scrollWidth)`); wide != "320" && b.eval(`document.querySelector('dialog').scrollWidth <= 320`) != "true" {
		t.Errorf("it is %s wide on a phone of 320", wide)
	}
	b.shoot("fix-phone")
}

func TestNamesAreAccessible(t *testing.T) {
	script := axe(t)
	a, _, _ := misheardLibrary(t)
	_, served := fixable(a)
	b := openTab(t, startBrowser(t), a, "/names", served)
	b.until(`document.querySelectorAll('section[aria-labelledby=names] li').length > 2`)
	b.accessible(script, "names")
	b.do(chromedp.Navigate(b.url + "/names?name=Enspiral"))
	b.until(`document.querySelector('.said') !== null`)
	b.accessible(script, "name")
	b.eval(`document.querySelector('[aria-label="Fix everywhere: in spiral"]').click()`)
	b.until(`document.querySelector('dialog[open] li') !== null`)
	b.accessible(script, "fix")
}

package api

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/device"
)

// TestPhone goes from a question to the sound of the answer on the smallest phone, with a finger. Nothing is wider than the window, and
// what is to be touched is large enough for that (WCAG 2.5.8: 24 by 24, or a link in a line of text).
func TestPhone(t *testing.T) {
	b := openTab(t, startBrowser(t), collective(t), "/")
	phone := device.IPhoneSE.Device()
	phone.Width, phone.Height = 320, 568
	b.do(chromedp.Emulate(phone), chromedp.Navigate(b.url))
	fits := func(where string) {
		t.Helper()
		if wide := b.eval(`document.documentElement.scrollWidth`); wide != "320" {
			t.Errorf("%s is %s wide on a phone of 320", where, wide)
		}
		if small := b.eval(`[...document.querySelectorAll('button, input, select, summary, nav a')].filter(e => e.checkVisibility()).map(e => [e, (e.closest('label') ?? e).getBoundingClientRect()])
			.filter(([, r]) => r.width > 1 && (r.width < 24 || r.height < 24)).map(([e, r]) => (e.ariaLabel ?? e.innerText) + ' ' + r.width.toFixed() + '×' + r.height.toFixed()).join(', ')`); small != "" {
			t.Errorf("%s: too small for a finger: %s", where, small)
		}
	}
	touch := func(selector string) {
		t.Helper()
		b.do(chromedp.ScrollIntoView(selector))
		b.click(selector)
	}
	b.until(`document.querySelector('#library') !== null`)
	fits("the library")
	b.search("error budget")
	b.until(quiet + ` && document.querySelector('article .moment mark') !== null`)
	fits("the results")
	touch(`article .moment`)
	b.until(`document.querySelector('.reader h2') !== null && !document.querySelector('audio').paused && document.querySelector('audio').currentTime > 0`)
	fits("the episode")
	if b.eval(`(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector('.word.now, .word.hit').getBoundingClientRect())`) != "true" {
		t.Error("what is heard is not in sight")
	}
	b.eval(`history.back()`)
	b.until(quiet + ` && document.querySelector('.reader') === null && document.querySelector('article .moment mark') !== null`)
	b.shoot("phone-320-results")
}

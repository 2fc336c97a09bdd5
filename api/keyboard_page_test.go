package api

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// focused is what has the focus: what a screen reader calls it.
const focused = `(e => e === document.body ? '' : (e.ariaLabel ?? e.innerText ?? '').trim() || e.labels?.[0]?.innerText || e.placeholder || e.title)(document.activeElement)`

// tabTo presses Tab until a control is reached whose name has this in it. It must be seen there, and be seen to have the focus.
func (b *tab) tabTo(name string) {
	b.t.Helper()
	var passed []string
	for range 120 {
		b.keys(kb.Tab)
		at := b.eval(focused)
		if seen := b.eval(`(e => {
			if (e === document.body) return ''
			const s = getComputedStyle(e), r = e.getBoundingClientRect()
			if (r.bottom < 1 || r.top > innerHeight - 1) return 'is out of sight'
			const ring = [e, ...e.querySelectorAll('*'), e.parentElement].some(x => {
				const s = getComputedStyle(x)
				return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none'
			})
			return ring ? '' : 'does not show that it has the focus'
		})(document.activeElement)`); seen != "" {
			b.t.Errorf("%q %s", at, seen)
		}
		if strings.Contains(at, name) {
			return
		}
		passed = append(passed, strconv.Quote(at))
	}
	b.shoot("failure-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
	b.t.Fatalf("no way with Tab to %q, only to %s", name, strings.Join(passed, ", "))
}

// TestKeyboardOnly goes from a question to the sound of the answer, to a show and into its dialogs, without a mouse.
func TestKeyboardOnly(t *testing.T) {
	a := collective(t)
	b := openTab(t, startBrowser(t), a, "/")
	b.until(`document.querySelector('#library') !== null`)
	const (
		box   = `document.querySelector('input[type=search]')`
		audio = `document.querySelector('audio')`
	)
	b.keys("/")
	b.until(`document.activeElement === ` + box)
	b.keys("who/what? budget") // letters, not commands
	b.until(box + `.value === 'who/what? budget' && document.querySelector('dialog[open]') === null`)
	b.keys(kb.Escape + kb.Escape)
	b.until(box + `.value === ''`)
	b.keys("/error budget")
	b.until(quiet + ` && document.querySelector('article mark') !== null && !document.querySelector('#completions').hidden`)
	b.keys(kb.Escape) // closes the completions
	b.until(`document.querySelector('#completions').hidden`)
	b.keys(kb.ArrowDown)
	b.until(`document.activeElement.closest('article h3') !== null`)
	b.keys(kb.ArrowDown)
	b.until(`document.activeElement.matches('.moment')`)
	b.keys(kb.Enter)
	b.until(`location.pathname.startsWith('/episodes/') && !` + audio + `.paused && ` + audio + `.currentTime > 0`)
	b.keys(" ")
	b.until(audio + `.paused`)
	at, err := strconv.ParseFloat(b.eval(audio+`.currentTime`), 64)
	if err != nil {
		t.Fatal(err)
	}
	b.keys("l")
	b.until(audio + `.currentTime > ` + strconv.FormatFloat(at, 'f', 3, 64))
	b.keys("n")
	b.until(`document.querySelector('.word.hit.at, .word.now') !== null`)
	b.tabTo("Find in this episode")
	b.keys("rotation?")
	b.until(`document.activeElement.value === 'rotation?' && document.querySelector('dialog[open]') === null`)
	b.keys(kb.Escape)
	b.keys(kb.Escape)
	b.until(`!location.pathname.startsWith('/episodes/')`)

	b.keys("?")
	b.until(`document.querySelector('dialog[open]') !== null`)
	b.keys(kb.Escape)
	b.until(`document.querySelector('dialog[open]') === null`)
	b.tabTo("Library")
	b.keys(kb.Enter)
	b.until(`document.querySelector('#library') !== null`)
	b.tabTo("The Huddle")
	b.keys(kb.Enter)
	b.until(`location.pathname.startsWith('/shows/') && document.querySelector('h2#show') !== null`)
	b.tabTo("Money in the open")
	b.keys(kb.Enter)
	b.until(`document.querySelector('.reader h2')?.innerText === 'Money in the open'`)
}

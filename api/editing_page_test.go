package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/models"
)

// Keys that are held while others are pressed.
const (
	heldCtrl  = 2
	heldShift = 8
)

// chord presses a key while others are held.
func (b *tab) chord(key rune, held int64) {
	b.t.Helper()
	down := *kb.Encode(key)[0]
	down.Modifiers, down.Text, down.UnmodifiedText = held, "", ""
	up := down
	down.Type, up.Type = kb.KeyRawDown, kb.KeyUp
	for _, p := range []input.DispatchKeyEventParams{down, up} {
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p); err != nil {
			b.t.Fatalf("pressing %q: %v", key, err)
		}
	}
}

// write writes a word of the transcript otherwise, as a person does.
func (b *tab) write(word int, text string) {
	b.t.Helper()
	b.click(fmt.Sprintf(`.word[data-word="%d"]`, word))
	b.until(`document.activeElement.matches('.field')`)
	b.keys(text)
}

// openEditor opens an episode whose text is to be corrected.
func openEditor(t *testing.T, in browser, e *edited, id models.EpisodeID) *tab {
	t.Helper()
	b := openTab(t, in, e.archive, "/episodes/"+string(id), e.serve(t))
	b.press("Correct the text")
	b.until(`document.querySelector('[role=toolbar][aria-label="Correct the text"]') !== null && document.querySelectorAll('.word[role=button]').length > 30`)
	return b
}

// wordIs says what stands at a place of the transcript.
func wordIs(word int, text string) string {
	return fmt.Sprintf(`document.querySelector('.word[data-word="%d"]')?.innerText === %q`, word, text)
}

const saved = `document.querySelector('.bar .state')?.innerText === 'Saved'`

// cutOff keeps the page from storing changes, or lets it.
func (b *tab) cutOff(off bool) {
	b.t.Helper()
	block := network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/api/v1/episodes/*/edits", Block: off}}}
	if _, err := chromedp.Call(b.ctx, network.SetBlockedURLs, block); err != nil {
		b.t.Fatal(err)
	}
}

func TestEditingPage(t *testing.T) {
	browser := startBrowser(t)

	t.Run("a word is corrected, stays, is found, and is taken back", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		b := openEditor(t, browser, e, first)
		b.eval(`document.querySelector('.paragraph .at').click()`) // hear it
		b.until(`!document.querySelector('audio').paused`)
		place := `Math.round(document.querySelector('[data-first="16"]').getBoundingClientRect().top)`
		before := b.eval(place)
		b.write(1, "Enspiral")
		b.keys(kb.Enter)
		b.until(saved)
		b.until(wordIs(1, "Enspiral") + ` && document.querySelector('.word.by').title === 'Corrected by hand; it was “\u2068back\u2069”'`)
		if got := b.eval(`document.activeElement.dataset.word`); got != "1" {
			t.Errorf("after Enter the focus is at %q, not at the word", got)
		}
		if after := b.eval(place); after != before {
			t.Errorf("the text moved from %s to %s", before, after)
		}
		if b.eval(`document.querySelector('audio').paused`) != "false" {
			t.Error("playing ended")
		}
		b.do(chromedp.Navigate(b.url + "/?q=Enspiral"))
		b.until(`document.querySelectorAll('article mark').length === 1`)
		b.do(chromedp.Navigate(b.url + "/episodes/" + string(first)))
		b.until(wordIs(1, "Enspiral"))
		b.press("Correct the text")
		b.press("History")
		b.until(`document.querySelector('dialog del')?.innerText === 'back' && document.querySelector('dialog ins').innerText === 'Enspiral'`)
		b.shoot("editing-history")
		b.press("Undo")
		b.until(`document.querySelector('dialog[open]').innerText.includes('undone')`)
		b.keys(kb.Escape)
		b.until(wordIs(1, "back") + ` && document.querySelector('.word.by') === null`)
	})

	t.Run("from word to word by Tab, and back by keys", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		b := openEditor(t, browser, e, first)
		b.write(1, "home")
		b.keys(kb.Tab)
		b.until(`document.querySelector('.field')?.textContent === 'to'`)
		b.keys("at")
		b.shoot("editing-field")
		b.keys(kb.Tab)
		b.until(`document.querySelector('.field')?.textContent === 'the'`)
		b.chord(' ', heldCtrl)
		b.until(`!document.querySelector('audio').paused`)
		b.keys(kb.Escape)
		b.until(saved + ` && ` + wordIs(1, "home") + ` && ` + wordIs(2, "at") + ` && ` + wordIs(3, "the"))
		b.chord('z', heldCtrl)
		b.until(wordIs(2, "to") + ` && ` + wordIs(1, "home"))
		b.chord('z', heldCtrl)
		b.until(wordIs(1, "back"))
		b.chord('z', heldCtrl|heldShift)
		b.until(wordIs(1, "home") + ` && ` + wordIs(2, "to"))
		// Several words at once: two become one, and what follows stays what it is.
		b.eval(`document.querySelector('.word[data-word="3"]').focus()`)
		b.click(`.word[data-word="3"]`)
		b.keys(kb.Escape)
		b.chord([]rune(kb.ArrowRight)[0], heldShift)
		b.until(`document.querySelectorAll('.chosen').length >= 2`)
		b.keys(kb.Enter)
		b.until(`document.querySelector('.field')?.textContent === 'the show.'`)
		b.keys("Kaicamp.")
		b.keys(kb.Enter)
		b.until(wordIs(3, "Kaicamp.") + ` && ` + wordIs(4, "Today"))
		b.until(`[...document.querySelectorAll('.word')].filter(e => e.innerText === 'Kaicamp.').length === 1`)
	})

	t.Run("segments and speakers", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		b := openEditor(t, browser, e, first)
		cuts := `document.querySelector('.paragraph').querySelectorAll('.cut').length`
		before := b.eval(cuts)
		b.click(`.word[data-word="2"]`)
		b.chord('\r', heldCtrl)
		b.until(cuts + ` === ` + before + ` + 1`)
		b.until(saved)
		b.press("Join")
		b.until(cuts + ` === ` + before)
		b.click(`.word[data-word="1"]`)
		b.keys(kb.F2)
		b.until(`document.activeElement.matches('dialog input[list]')`)
		b.keys("Ana")
		b.shoot("editing-speaker")
		b.eval(`document.querySelector('dialog input[value=here]').click()`)
		b.press("Save")
		b.until(`[...document.querySelectorAll('.speaker')].slice(0, 2).map(e => e.innerText).join() === 'Ana,Maya'`)
		b.until(saved)
		b.eval(`document.querySelectorAll('.speaker button')[1].click()`)
		b.until(`document.querySelector('dialog input[value=all]') !== null`)
		b.keys("Maja")
		b.eval(`document.querySelector('dialog input[value=all]').click()`)
		b.press("Save")
		b.until(saved + ` && [...document.querySelectorAll('.speaker')].filter(e => e.innerText === 'Maja').length > 2 && !document.body.innerText.includes('Maya')`)
		if n := len(e.edits[first]); n != 4 {
			t.Errorf("%d changes, want a split, a join, a speaker and a new name: %+v", n, e.edits[first])
		}
	})

	t.Run("on a small phone", func(t *testing.T) {
		e, first := twice(t)
		b := openEditor(t, browser, e, first)
		fits := `document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('.reader, dialog[open]')].every(e => e.scrollWidth <= e.clientWidth)`
		b.size(320, 640)
		b.write(1, "a-word-that-is-longer-than-any-phone-is-wide-and-longer-still")
		b.until(fits)
		b.shoot("editing-320")
		b.keys(kb.Enter)
		b.until(saved + ` && ` + fits)
		b.press("History")
		b.until(`document.querySelector('dialog[open] ins') !== null && ` + fits)
		b.keys(kb.Escape)
		b.press("Speaker")
		b.until(`document.querySelector('dialog[open] fieldset') !== null && ` + fits)
		b.keys(kb.Escape)
		b.eval(`document.querySelector('details.again').open = true`)
		b.press("Compare")
		b.until(`document.querySelector('dialog[open] ins') !== null && ` + fits)
		b.shoot("compare-320")
		b.do(chromedp.Navigate(b.url + "/review"))
		b.until(`document.querySelector('.passage .quoted') !== null && ` + fits)
		b.shoot("review-320")
	})

	t.Run("two people, the same word", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		mine, theirs := openEditor(t, browser, e, first), openEditor(t, browser, e, first)
		theirs.write(1, "again")
		theirs.keys(kb.Enter)
		theirs.until(saved)
		mine.write(1, "home")
		mine.keys(kb.Enter)
		mine.until(`document.querySelector('dialog .mine')?.innerText === 'home' && document.querySelector('dialog .theirs').innerText === 'again'`)
		mine.shoot("editing-conflict")
		mine.press("Take mine")
		mine.until(saved + ` && ` + wordIs(1, "home"))
		theirs.write(1, "back")
		theirs.keys(kb.Enter)
		theirs.until(`document.querySelector('dialog .theirs')?.innerText === 'home'`)
		theirs.press("Take theirs")
		theirs.until(wordIs(1, "home"))
		// Who wrote the same is not asked.
		mine.write(2, "at")
		mine.keys(kb.Enter)
		mine.until(saved)
		theirs.write(2, "at")
		theirs.keys(kb.Enter)
		theirs.until(wordIs(2, "at") + ` && document.querySelector('.bar .state').innerText !== 'Being saved…'`)
		if theirs.eval(`document.querySelector('dialog[open]')`) != "null" {
			t.Error("two who wrote the same are asked which is to stand")
		}
	})

	t.Run("nothing is lost without a connection", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		b := openEditor(t, browser, e, first)
		b.cutOff(true)
		b.write(1, "home")
		b.keys(kb.Enter)
		b.until(`document.querySelector('.bar .failed')?.innerText.includes('kept in this browser') && ` + wordIs(1, "home"))
		b.write(2, "at") // and the window closes while it is being written
		b.do(chromedp.Navigate(b.url + "/"))
		b.until(`document.querySelector('#library') !== null`)
		b.do(chromedp.Navigate(b.url + "/episodes/" + string(first)))
		b.until(wordIs(1, "home") + ` && ` + wordIs(2, "at"))
		if n := len(e.edits[first]); n != 0 {
			t.Fatalf("%d changes arrived without a connection", n)
		}
		b.cutOff(false)
		b.eval(`dispatchEvent(new Event('online'))`)
		b.until(`localStorage.getItem('earshot.edits') === '[]' && document.querySelectorAll('.word.by').length === 2`)
		if n := len(e.edits[first]); n != 2 {
			t.Errorf("%d changes arrived, want 2", n)
		}
	})

	t.Run("what was changed without a connection is stored without its episode", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		b := openEditor(t, browser, e, first)
		b.cutOff(true)
		b.write(1, "home")
		b.keys(kb.Enter)
		b.until(`document.querySelector('.bar .failed') !== null`)
		b.cutOff(false)
		b.do(chromedp.Navigate(b.url + "/queue"))
		b.until(`localStorage.getItem('earshot.edits') === '[]'`)
		if list := e.edits[first]; len(list) != 1 || list[0].After != "home" {
			t.Errorf("what arrived is %+v", list)
		}
	})

	t.Run("a change whose place is gone is applied where somebody says", func(t *testing.T) {
		a, first := library(t)
		e := newEdited(a)
		_, err := e.Edit(t.Context(), first, "ana", []models.Edit{{Kind: models.EditText, Span: models.Span{StartMS: 400, EndMS: 750}, Before: "back", After: "home"}})
		must(t, err)
		tr := a.transcripts[first]
		tr.Segments, _ = speak(strings.Replace(talk, "Welcome back to the show.", "Music and applause for a while, then more of it.", 1))
		a.transcripts[first] = tr
		b := openEditor(t, browser, e, first)
		b.click(`.word[data-word="2"]`)
		b.keys(kb.Escape)
		b.press("History")
		b.until(`document.querySelector('dialog[open] h3')?.innerText === 'What no longer fits' && document.querySelector('dialog[open]').innerText.includes('ana')`)
		b.press("Apply it to")
		b.until(`document.querySelector('dialog[open] h3') === null`)
		b.keys(kb.Escape)
		b.until(wordIs(2, "home") + ` && ` + wordIs(1, "and") + ` && ` + wordIs(3, "for"))
		c, err := e.Corrected(t.Context(), first)
		must(t, err)
		if len(c.Edits) != 2 || c.Edits[0].Fate != models.FateUndone || c.Edits[1].Fate != models.FateApplied {
			t.Errorf("%+v", c.Edits)
		}
	})

	t.Run("two transcripts side by side, and the better one", func(t *testing.T) {
		e, first := twice(t)
		b := openTab(t, browser, e.archive, "/episodes/"+string(first), e.serve(t))
		b.until(`document.querySelector('details.again') !== null`)
		b.eval(`document.querySelector('details.again').open = true`)
		b.press("Compare")
		b.until(`[...document.querySelectorAll('dialog del')].map(e => e.innerText).join() === 'back' && [...document.querySelectorAll('dialog ins')].map(e => e.innerText).join() === 'home again'`)
		b.shoot("compare")
		b.eval(`document.querySelector('dialog td button').click()`)
		b.until(`!document.querySelector('audio').paused`)
		b.press("Use this one")
		b.until(`document.querySelector('dialog[open]') === null && ` + wordIs(1, "home"))
		if e.transcripts[first].ID != 100 {
			t.Errorf("transcript %d is in use", e.transcripts[first].ID)
		}
	})
}

// twice is an archive whose first episode has another transcript, which begins otherwise.
func twice(t *testing.T) (e *edited, first models.EpisodeID) {
	t.Helper()
	a, first := library(t)
	e = newEdited(a)
	other := a.transcripts[first]
	other.ID, other.Model = 100, "small"
	other.Segments, _ = speak(strings.Replace(talk, "back", "home again", 1))
	e.kept[first] = []models.Transcript{other}
	return e, first
}

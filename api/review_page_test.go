package api

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/models"
)

// doubted is an archive in which a name is in doubt, then sentences that were heard badly, three for each time that somebody mumbles.
func doubted(t *testing.T) (e *edited, first models.EpisodeID) {
	t.Helper()
	a, first := library(t)
	a.lock()
	for id, tr := range a.transcripts {
		for _, s := range tr.Segments {
			for i := range s.Words {
				if id == first && s.Words[i].Text == "rotation" {
					s.Words[i].Text, s.Words[i].Probability = "Inspirall", 0.2
				}
			}
		}
	}
	for i, s := range a.transcripts[first].Segments {
		a.transcripts[first].Segments[i] = closed(s)
	}
	a.mu.Unlock()
	return newEdited(a), first
}

func TestReviewByKeyboardAlone(t *testing.T) {
	e, first := doubted(t)
	b := openTab(t, startBrowser(t), e.archive, "/", e.serve(t))
	const (
		left    = `document.querySelector('[aria-labelledby=review] header [role=status]').innerText`
		doubt   = `document.querySelector('[aria-labelledby=review] .doubt strong')?.innerText`
		passage = `[...document.querySelectorAll('.passage .quoted.word')].map(e => e.innerText).join(' ')`
		audio   = `document.querySelector('audio')`
	)
	b.until(`document.querySelector('#library') !== null`)
	b.tabTo("Review")
	b.keys(kb.Enter)
	b.until(`location.pathname === '/review'`)
	b.until(passage + ` !== '' && ` + left + `.startsWith('13 passages')`)
	passages := map[string]bool{}
	for range 13 {
		b.until(passage + ` !== ''`)
		passages[b.eval(doubt)+": "+b.eval(passage)] = true
		b.keys("j")
		b.until(`!document.querySelector('.doubt') || ` + audio + `.currentTime >= 0`)
	}
	if !passages["A name that was not known?: Inspirall"] || !passages["Heard badly: Some mumbling here."] {
		t.Errorf("in doubt: %v", passages)
	}
	b.keys("jk") // past the last one comes the first one again
	b.until(doubt + ` === 'A name that was not known?' && document.querySelector('.doubt').innerText.includes('Enspiral') && ` + passage + ` === 'Inspirall'`)
	b.keys("w") // what it sounds like
	b.until(left + `.startsWith('12 passages')`)
	b.until(doubt + ` === 'Heard badly' && ` + passage + ` === 'That was the night of the certificate.'`)
	b.until(`!` + audio + `.paused`) // by itself
	b.until(audio + `.paused`)       // to the end of the passage
	at := b.eval(audio + `.currentTime`)
	b.keys(" ")
	b.until(`!` + audio + `.paused && ` + audio + `.currentTime < ` + at)
	b.shoot("review")
	b.keys(kb.Enter) // it is right
	b.until(left + `.startsWith('11 passages')`)
	if c := e.confirmed; len(c) != 1 || c[0].Text != "That was the night of the certificate." || c[0].Doubt != models.DoubtDecoder || c[0].EpisodeID != first {
		t.Errorf("%+v", c)
	}
	b.until(passage + ` !== ''`)
	b.keys("e")
	b.until(`document.activeElement.matches('.field')`)
	b.keys("Everybody knew.")
	b.keys(kb.Enter)
	b.until(`document.querySelector('.bar .state')?.innerText === 'Saved'`)
	b.eval(`document.activeElement.blur()`)
	b.keys(kb.Enter)
	b.until(left + `.startsWith('10 passages')`)

	var wrote []string
	for _, edits := range e.edits {
		for _, x := range edits {
			wrote = append(wrote, x.Before+" → "+x.After)
		}
	}
	all := strings.Join(wrote, "; ")
	if len(wrote) != 2 || !strings.Contains(all, "Inspirall → Enspiral") || !strings.Contains(all, "Everyone knew it would expire, and nobody owned it. → Everybody knew.") {
		t.Errorf("written: %s", all)
	}
	// What was found right, or written, is marked no more.
	b.do(chromedp.Navigate(b.url + "/episodes/" + string(first)))
	b.until(`document.querySelectorAll('.reader .word').length > 30`)
	if got := b.eval(`[...document.querySelectorAll('.reader .doubtful')].map(e => e.innerText).join()`); got != "Some mumbling here." {
		t.Errorf("marked as doubtful: %q", got)
	}
}

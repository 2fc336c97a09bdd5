package api

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/earshot/earshot/models"
)

// speak makes the browser prefer languages, such as "de-CH,de".
func (b *tab) speak(languages string) {
	b.t.Helper()
	agent := b.eval(`navigator.userAgent`)
	if _, err := chromedp.Call(b.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: languages}); err != nil {
		b.t.Fatal(err)
	}
}

// unfinished tells what of a text of the page was not filled in: shown, read out, or shown on hovering.
const unfinished = `[document.body.innerText, ...[...document.querySelectorAll('*')].flatMap(e =>
	['aria-label', 'title', 'placeholder'].map(a => e.getAttribute(a) ?? ''))].filter(s => /undefined|\[object|\{\}|=>|NaN|` + "`" + `/.test(s)).join('\n')`

// inLanguages opens the page as people do who read German or French, and changes its language. It is loaded more often than a browser
// has connections: a page that was left must give up its own.
func inLanguages(t *testing.T, browser browser) {
	a, first := library(t)
	a.change(first, func(e *models.Episode) { e.People = []models.Person{{Name: "Maya"}, {Name: "نور"}, {Name: "Jon"}} })
	b := openTab(t, browser, a, "/")
	b.until(`document.documentElement.lang === 'en' && document.querySelector('#library')?.innerText === 'The archive'`)
	for _, language := range []struct {
		prefers, code string
		says          map[string]string // what each page says
	}{
		{"de-DE,de,en", "de", map[string]string{
			"/": "Das Archiv|Wird transkribiert 42 %|1. März 2026", "/?q=budget": "3 Folgen gefunden.|1 Stelle|Suche speichern",
			"/episodes/" + string(first): "Mit Maya, نور und Jon|Kopieren oder herunterladen", "/queue": "Die Warteschlange|Nichts wartet.",
		}},
		{"fr-FR,fr,en", "fr", map[string]string{
			"/": "Les archives|Transcription 42 %|1 mars 2026", "/?q=budget": "3 épisodes trouvés.|1 passage|Enregistrer la recherche",
			"/episodes/" + string(first): "Avec Maya, نور et Jon|Copier ou télécharger", "/queue": "La file d’attente|Rien n’attend.",
		}},
	} {
		b.speak(language.prefers)
		b.size(320, 740) // the longest words in the least room
		for path, says := range language.says {
			b.do(chromedp.Navigate(b.url + path))
			b.until(`document.documentElement.lang === '` + language.code + `'`)
			for text := range strings.SplitSeq(says, "|") {
				b.until(`document.querySelector('main').innerText.replace(/[\u2066-\u2069]/g, '').replace(/\s/g, ' ').includes('` + text + `')`)
			}
			if got := b.eval(unfinished); got != "" {
				t.Errorf("%s in %s says %s", path, language.code, got)
			}
			b.until(`document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('.list, .reader')].every(e => e.scrollWidth <= e.clientWidth)`)
			b.shoot("language-" + language.code + strings.NewReplacer("/", "-", "?", "-").Replace(path))
		}
	}
	b.size(1280, 800)
	// Another language is chosen: what is shown changes at once, and stays so.
	b.do(chromedp.Navigate(b.url))
	b.until(`document.querySelector('.languages select')?.value === 'fr'`)
	b.eval(`(select => { select.value = 'de'; select.dispatchEvent(new Event('change', {bubbles: true})) })(document.querySelector('.languages select'))`)
	b.until(`document.querySelector('#library')?.innerText === 'Das Archiv' && document.documentElement.lang === 'de'`)
	b.do(chromedp.Reload())
	b.until(`document.querySelector('#library')?.innerText === 'Das Archiv'`)
}

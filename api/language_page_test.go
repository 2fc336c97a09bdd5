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
	t.Helper()
	a, first := library(t)
	a.change(first, func(e *models.Episode) { e.People = []models.Person{{Name: "Maya"}, {Name: "نور"}, {Name: "Jon"}} })
	b := openTab(t, browser, a, "/")
	b.until(`document.documentElement.lang === 'en' && document.querySelector('#library')?.innerText === 'The archive'`)
	for _, language := range []struct {
		prefers, code string
		says          map[string]string // what each page says
	}{
		{"de-DE,de,en", "de", map[string]string{
			"/": "Das Archiv|Neueste Folgen|42 %|1. März 2026", "/?q=budget": "3 Folgen gefunden.|1 Stelle|Suche speichern",
			"/episodes/" + string(first): "Mit Maya, نور und Jon|Kopieren oder herunterladen", "/queue": "Die Warteschlange|Nichts wartet.",
		}},
		{"fr-FR,fr,en", "fr", map[string]string{
			"/": "Les archives|Derniers épisodes|42 %|1 mars 2026", "/?q=budget": "3 épisodes trouvés.|1 passage|Enregistrer la recherche",
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

const arabic = `ليلى: أهلا بكم في البرنامج. نتحدث اليوم عن ميزانية الأخطاء وعن معناها في فريق صغير.
سامي: ميزانية الأخطاء تقول كم من الفشل نقبل. إذا انتهت الميزانية، نتوقف عن إضافة الميزات في الإصدار 2.5 من Earshot حتى يستقر كل شيء.
ليلى: ومن يقرر ذلك؟ في فريقنا يقرر من يحمل جهاز النداء، لأنه أول من يشعر بالألم.
Jon: In English, an error budget is a promise: it says how much may fail.`

// Arabic stands from right to left, with its times where its lines begin, and English beside it from left to right.
func rightToLeft(t *testing.T, browser browser) {
	t.Helper()
	a := newArchive(t)
	show := a.addShow("دفاتر التقنية")
	title := "ميزانية الأخطاء، ومن ينفقها: حديث طويل عن الفرق الصغيرة و DevOps وما بعدها"
	id := a.addEpisode(t, show, title, arabic)
	a.change(id, func(e *models.Episode) {
		e.Notes = "في هذه الحلقة (0:12) نتحدث عن الميزانية!\nIn English: see https://example.org/notes."
		e.People = []models.Person{{Name: "ليلى"}, {Name: "سامي"}}
	})
	tr := a.transcripts[id]
	tr.Language = "ar"
	a.transcripts[id] = tr
	a.addEpisode(t, show, "An English episode", talk)
	b := openTab(t, browser, a, "/?q=الأخطاء")
	b.until(quiet + ` && document.querySelectorAll('article mark').length >= 2`)
	// How far the first element ends beyond the start of the second, in pixels: not at all where it stands to its left.
	beside := func(left, right string) {
		t.Helper()
		if got := b.eval(`((l, r) => l.right - r.left)(` + left + `.getBoundingClientRect(), ` + right + `.getBoundingClientRect())`); !strings.HasPrefix(got, "-") && got != "0" {
			t.Errorf("%s is not left of %s: %s px", left, right, got)
		}
	}
	beside(`document.querySelector('.moment .said')`, `document.querySelector('.moment .at')`)
	pictures := func(name string) {
		for _, look := range []struct {
			on, colours string
			wide        int64
		}{{"phone", "light", 390}, {"desktop", "dark", 1280}} {
			b.size(look.wide, 844)
			b.prefer(look.colours, "reduce")
			b.until(`document.documentElement.scrollWidth <= innerWidth && document.getAnimations().every(a => a.playState !== 'running')`)
			b.shoot("arabic-" + name + "-" + look.on + "-" + look.colours)
		}
	}
	pictures("search")
	b.do(chromedp.Click(`article .moment`))
	b.until(`document.querySelectorAll('.reader .word').length > 20 && document.querySelectorAll('.reader .word.hit').length >= 2`)
	b.eval(`document.querySelector('audio').pause()`)
	pictures("episode")
	word := func(paragraph, n string) string {
		return `document.querySelectorAll('.paragraph')[` + paragraph + `].querySelectorAll('.word')[` + n + `]`
	}
	beside(word("0", "1"), word("0", "0"))
	beside(`document.querySelector('.paragraph .text')`, `document.querySelector('.paragraph .at')`)
	beside(word("3", "0"), word("3", "1"))
	beside(`document.querySelectorAll('.paragraph')[3].querySelector('.at')`, `document.querySelectorAll('.paragraph')[3].querySelector('.text')`)
	if got := b.eval(`['.reader h2', '.bar .title'].map(s => getComputedStyle(document.querySelector(s)).direction).join()`); got != "rtl,rtl" {
		t.Errorf("the titles stand %s", got)
	}
	b.eval(`document.querySelector('.reader details').open = true`)
	b.size(1280, 844)
	b.shoot("arabic-notes")
	b.do(chromedp.Navigate(b.url))
	b.until(`document.querySelector('#library') !== null`)
	pictures("library")
}

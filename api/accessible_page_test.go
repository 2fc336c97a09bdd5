package api

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/earshot/earshot/models"
)

// axe returns the script of axe-core, which looks for what keeps people from using a page.
func axe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("axe-core is not installed (make web)")
	}
	return string(script)
}

// accessible asserts that axe-core finds nothing wrong with what is shown, light on a desk and dark on a phone; the other way round
// too where pictures are taken.
func (b *tab) accessible(script, name string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](script))
	for _, colours := range []string{"light", "dark"} {
		b.prefer(colours, "reduce")
		for _, w := range []struct {
			on   string
			wide int64
		}{{"desktop", 1280}, {"phone", 375}} {
			if pictures == "" && (colours == "dark") != (w.on == "phone") {
				continue
			}
			b.size(w.wide, 800)
			where := name + "-" + w.on + "-" + colours
			b.until(`document.getAnimations().every(a => a.playState !== 'running')`)
			found := b.promise(`(await axe.run({resultTypes: ['violations']})).violations.flatMap(v =>
				v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' '))).join('\n')`)
			b.shoot("accessible-" + where)
			if found != "" {
				b.t.Errorf("%s:\n%s", where, found)
			}
			if b.eval(`document.documentElement.scrollWidth <= innerWidth`) != "true" {
				b.t.Errorf("%s is wider than the window", where)
			}
		}
	}
	b.size(1280, 800)
}

// Everybody can use every page: those for owners are walked through by cmd/earshot.
func TestAccessiblePages(t *testing.T) {
	script := axe(t)
	browser := startBrowser(t)
	a, first := library(t)
	a.rising(t, first)
	uploads, err := NewUploads(UploadOptions{Dir: t.TempDir(), Receiver: &desk{got: map[string]models.Upload{}}, Logger: a.options(t).Logger})
	if err != nil {
		t.Fatal(err)
	}
	b := openTab(t, browser, a, "/", func(o *Options) { o.Uploads = uploads })
	look := func(name, path, shown string) {
		t.Helper()
		b.do(chromedp.Navigate(b.url + path))
		b.until(shown)
		b.accessible(script, name)
	}
	look("library", "/", `document.querySelector('.busy') !== null`)
	b.eval(`[...document.querySelectorAll('.add')].find(e => e.innerText.startsWith('Add recordings')).click()`)
	b.until(`document.querySelector('.add input[type=file]') !== null`)
	b.accessible(script, "uploads")
	b.eval(`document.querySelector(".help").click()`)
	b.until(`document.querySelector('dialog[open]') !== null`)
	b.accessible(script, "help")
	look("results", "/?q=budget", quiet+` && document.querySelectorAll('article mark').length > 4`)
	b.click(".pick.all")
	b.until(`document.querySelector('.row') !== null`)
	b.eval(`document.querySelector('audio').pause()`)
	b.accessible(script, "row")
	b.search(" mu")
	b.until(`document.querySelector('#completions li') !== null`)
	b.accessible(script, "completions")
	look("none", "/?q=zebra+crossing", `document.querySelector('.none') !== null`)
	look("episode", "/episodes/"+string(first)+"?q=budget&t=8.8-12.6", `document.querySelectorAll('.word.quoted').length === 9 && document.querySelectorAll('.wave path').length === 2`)
	look("show", "/shows/"+string(a.shows[0].ID), `document.querySelector('#show') !== null`)
	look("queue", "/queue", `document.querySelector('#queue') !== null`)

	embedded := openTab(t, browser, a, "/embed/"+string(first)+"?t=8.8-12.6")
	embedded.accessible(script, "embed")
	empty := openTab(t, browser, newArchive(t), "/")
	empty.until(`document.querySelector('.empty') !== null`)
	empty.accessible(script, "empty")

	users := newAccounts(t)
	b = openTab(t, browser, a, "/", withAccounts(AccessLogin, users))
	b.until(`document.querySelector('.login input') !== null`)
	b.accessible(script, "login")
	b.do(chromedp.SendKeys(`.login input[name=username]`, "admin"), chromedp.SendKeys(`.login input[name=password]`, passwordOf("admin")))
	b.click(`.login .primary`)
	b.click(".who")
	b.until(`document.querySelectorAll('[aria-labelledby=users] li').length === 3`)
	b.accessible(script, "users")

	// What those see who correct texts.
	e, doubtful := doubted(t)
	other := e.transcripts[doubtful]
	other.ID, other.Model = 100, "small"
	other.Segments, _ = speak(strings.Replace(talk, "back", "home again", 1))
	e.kept[doubtful] = []models.Transcript{other}
	b = openEditor(t, browser, e, doubtful)
	b.write(1, "home")
	b.accessible(script, "editor")
	b.keys(kb.Enter)
	b.until(saved)
	b.press("History")
	b.until(`document.querySelector('dialog[open] del') !== null`)
	b.accessible(script, "history")
	b.keys(kb.Escape)
	b.press("Speaker")
	b.until(`document.querySelector('dialog[open] fieldset') !== null`)
	b.accessible(script, "speaker")
	b.keys(kb.Escape)
	_, err = e.Edit(t.Context(), doubtful, "ana", []models.Edit{{Kind: models.EditText, Span: models.Span{StartMS: 800, EndMS: 1150}, Before: "to", After: "at"}})
	must(t, err)
	b.write(2, "into")
	b.keys(kb.Enter)
	b.until(`document.querySelector('dialog[open] .theirs') !== null`)
	b.accessible(script, "conflict")
	b.press("Take theirs")
	b.eval(`document.querySelector('details.again').open = true`)
	b.press("Compare")
	b.until(`document.querySelector('dialog[open] ins') !== null`)
	b.accessible(script, "compare")
	b.keys(kb.Escape)
	b.do(chromedp.Navigate(b.url + "/review"))
	b.until(`document.querySelector('.passage .quoted') !== null`)
	b.eval(`document.querySelector('audio').pause()`)
	b.accessible(script, "review")
}

//go:build !stub

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// window is a browser on a running server.
type window struct {
	t   *testing.T
	ctx context.Context
}

// openWindow starts Debian's Chromium; the test is skipped where there is none.
func openWindow(t *testing.T, url string) window {
	t.Helper()
	const chromium = "/usr/bin/chromium"
	if !isFile(chromium) {
		skipOrFail(t, "Chromium is not at "+chromium)
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-GB"))
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // the browser lives as long as this context
		t.Fatalf("starting Chromium: %v", err)
	}
	w := window{t, ctx}
	w.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(url))
	return w
}

func (w window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.shoot("failure")
		w.t.Fatalf("%v: %s", err, w.eval("document.body.innerText"))
	}
}

// until waits for an expression to be true.
func (w window) until(expression string) {
	w.t.Helper()
	_, err := chromedp.Run(w.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(4*time.Minute), chromedp.WithPollingInterval(50*time.Millisecond)))
	if err != nil {
		w.shoot("failure")
		w.t.Fatalf("never true: %s (%v): %s", expression, err, w.eval("document.body.innerText"))
	}
}

func (w window) eval(expression string) string {
	w.t.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// press clicks the button or link with a text in it, the last of several.
func (w window) press(text string) {
	w.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button, a, summary')].filter(e => e.checkVisibility() && e.innerText.includes(%q)).pop()`, text)
	w.until(find + ` !== undefined`)
	w.eval(find + `.click()`)
}

// looks takes pictures for people on a desk and a phone, light and dark, into the folder EARSHOT_SCREENSHOTS if that is set, and
// checks that nothing is wider than the phone, and that axe-core finds nothing that keeps people from using it.
func (w window) looks(name string) {
	w.t.Helper()
	for _, colours := range []string{"light", "dark"} {
		_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		if err != nil {
			w.t.Fatal(err)
		}
		w.shoot(name + "-desk-" + colours)
		if colours == "light" {
			w.accessible(name)
		}
		w.do(chromedp.EmulateViewport(375, 800))
		w.shoot(name + "-phone-" + colours)
		if w.eval(`document.documentElement.scrollWidth <= innerWidth`) != "true" {
			w.t.Errorf("%s is wider than a phone", name)
		}
		if colours == "dark" {
			w.accessible(name + " on a phone")
		}
		w.do(chromedp.EmulateViewport(1280, 900))
	}
}

func (w window) accessible(name string) {
	w.t.Helper()
	script, err := os.ReadFile("../../api/web/node_modules/axe-core/axe.min.js")
	if err != nil {
		skipOrFail(w.t, "axe-core is not installed (make web)")
	}
	w.do(chromedp.Evaluate[chromedp.Void](string(script)))
	w.until(`document.getAnimations().every(a => a.playState !== 'running')`)
	found, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`axe.run({resultTypes: ['violations']}).then(r => r.violations.flatMap(v =>
		v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' '))).join('\n'))`,
		func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil || found != "" {
		w.t.Errorf("%s: %v\n%s", name, err, found)
	}
}

func (w window) shoot(name string) {
	w.t.Helper()
	dir := os.Getenv("EARSHOT_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		w.t.Logf("picture %s: %v", name, err)
	}
}

// TestAddWatchSearch walks from an empty archive to a moment, as somebody does who has never seen a terminal: a private podcast is
// added by its web page, the queue is watched, its words are searched; its settings are changed, and it is removed.
func TestAddWatchSearch(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.env = append(p.env, "EARSHOT_ALLOW_PRIVATE=true")
	feed := newPrivateFeed(t, sample(t))
	feed.episodes.Store(2)
	url := p.serve()
	w := openWindow(t, url)
	w.until(`document.querySelector('.empty') !== null`)
	w.looks("empty")

	w.press("Add a show…")
	w.do(chromedp.SendKeys(`dialog .ask input`, feed.URL+"/page"))
	w.press("Look")
	w.until(`document.querySelector('dialog .notice.warn')?.innerText.includes('wants a password')`)
	w.until(`document.querySelector('dialog .secret').checkVisibility()`)
	w.do(chromedp.SendKeys(`dialog .secret input`, "ann"), chromedp.SendKeys(`dialog .secret input[type=password]`, "hush"))
	w.looks("add-refused")
	w.press("Look")
	w.until(`document.querySelector('dialog h3')?.innerText === 'Moon talks' && document.querySelectorAll('dialog .newest li').length === 2`)
	w.looks("add-preview")
	w.do(chromedp.SendKeys(`dialog input[type=number]`, "1"))
	w.press("Look again with these")
	w.until(`document.querySelector('dialog .notice').innerText.includes('1 stay out')`)
	w.press("Add this show")
	w.until(`location.pathname.startsWith('/shows/') && document.querySelector('h2#show')?.innerText === 'Moon talks'`)

	w.press("Queue")
	w.until(`location.pathname === '/queue' && document.querySelector('h2#queue') !== null`)
	w.looks("queue")
	w.press("Pause")
	w.until(`document.querySelector('.notice.warn')?.innerText.includes('paused')`)
	w.press("Resume")
	w.until(`document.querySelector('.notice.warn') === null`)
	w.until(`document.querySelector('section header p').innerText.includes('Nothing waits')`)

	for indexed := (found{}); indexed.Total == 0; <-time.After(100 * time.Millisecond) { // a moment after the queue is empty
		getJSON(t, url+"/api/v1/search?q=country", &indexed)
	}
	w.do(chromedp.SendKeys(`input[type=search]`, "country"))
	w.until(`document.querySelector('article mark')?.innerText === 'country'`)
	w.press("Library")
	w.until(`location.pathname === '/' && document.querySelectorAll('.shows li').length === 1`)
	w.looks("library")
	w.press("Moon talks")
	w.until(`location.pathname.startsWith('/shows/')`)
	w.press("Settings")
	w.do(chromedp.SendKeys(`.panel textarea`, "Kennedy, Sorensen"))
	w.looks("show-settings")
	w.press("Store")
	w.until(`document.querySelector('.notice')?.innerText.includes('Stored')`)
	w.looks("show")

	w.press("Talk 2")
	w.until(`document.querySelector('.reader .again summary') !== null`)
	w.press("Transcripts and work")
	w.until(`document.querySelectorAll('.again ul li').length === 1`)
	w.press("What happened")
	w.looks("episode")
	w.press("Models")
	w.until(`document.querySelectorAll('section dl dt').length === 6`)
	w.looks("models")

	w.press("Library")
	w.press("Moon talks")
	w.press("Remove…")
	w.looks("show-remove")
	w.press("Remove the show")
	w.until(`document.querySelector('.empty') !== null && location.pathname === '/'`)
}

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	wordsTyped = 60
	firstViews = 5
	patience   = 30 * time.Second
	searchBox  = `document.querySelector('input[type=search]')`
	chromium   = "/usr/bin/chromium"
)

// whenUsable notes when the box for searches is there, in ms since the page was asked for.
const whenUsable = `new MutationObserver((_, o) => { if (` + searchBox + `) { window.usable = performance.now(); o.disconnect() } }).observe(document, {subtree: true, childList: true})`

// whenPainted notes how long it takes from the last letter until results with the word in them are on the screen.
const whenPainted = `(q => {
	window.took = 0
	const box = ` + searchBox + `
	box.oninput = () => { window.began = performance.now() }
	const shown = () => [...document.querySelectorAll('article mark')].some(m => m.innerText.toLowerCase().startsWith(q))
	const o = new MutationObserver(() => {
		if (box.value !== q || !shown()) return
		o.disconnect()
		requestAnimationFrame(() => setTimeout(() => { window.took = performance.now() - window.began }))
	})
	o.observe(document.body, {subtree: true, childList: true, characterData: true})
	box.focus()
	box.select()
})(%q)`

// connection is how far away a browser is. The figures are those of Chromium's developer tools.
type connection struct {
	name     string
	latency  float64 // ms
	down, up float64 // bytes a second
}

// measurePage types words into the page of a server, and opens it as somebody far away does.
func measurePage(ctx context.Context, base string, queries []string) error {
	alloc, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-GB"))
	defer stop()
	browser, closeBrowser := chromedp.NewContext(alloc)
	defer closeBrowser()
	took, err := typed(browser, base, queries)
	if err != nil {
		return err
	}
	slices.Sort(took)
	r := result{took: took}
	report := table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	report.row("", "p50, ms", "p95, ms")
	at := func(q float64) string { return fmt.Sprintf("%.0f", ms(r.quantile(q))) }
	report.row(fmt.Sprintf("last letter → results, %d words", len(took)), at(0.5), at(0.95))
	for _, c := range []connection{{"at once", 0, -1, -1}, {"fast 3G (now called slow 4G)", 562.5, 180_000, 84_375}, {"slow 3G (now called 3G)", 2000, 50_000, 50_000}} {
		first, err := opened(browser, base, c)
		if err != nil {
			return err
		}
		slices.Sort(first)
		report.row("first view, "+c.name, fmt.Sprintf("%.0f", ms(first[len(first)/2])), fmt.Sprintf("%.0f", ms(first[len(first)-1])))
	}
	return report.w.Flush()
}

// typed returns how long it takes to see the results of words.
func typed(ctx context.Context, base string, queries []string) (took []time.Duration, err error) {
	ctx, cancel := chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base), chromedp.WaitVisible(`input[type=search]`)); err != nil {
		return nil, err
	}
	for _, q := range queries {
		if len(took) == wordsTyped {
			break
		}
		if strings.ContainsAny(q, `"* `) || len(q) < 5 {
			continue
		}
		d, err := number(ctx, "took", chromedp.Evaluate[chromedp.Void](fmt.Sprintf(whenPainted, q)), chromedp.KeyEvent(q))
		if err != nil {
			return nil, fmt.Errorf("typing %s: %w", q, err)
		}
		took = append(took, d)
	}
	return took, nil
}

// opened returns how long it takes until the page can be searched with, by somebody who has not been there before.
func opened(browser context.Context, base string, c connection) (took []time.Duration, err error) {
	ctx, cancel := chromedp.NewContext(browser)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: whenUsable}); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		return nil, err
	}
	if c.latency > 0 {
		_, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: c.latency, DownloadThroughput: c.down, UploadThroughput: c.up}},
		})
		if err != nil {
			return nil, err
		}
	}
	for range firstViews {
		d, err := number(ctx, "usable", chromedp.Navigate(base))
		if err != nil {
			return nil, fmt.Errorf("opening the page: %w", err)
		}
		took = append(took, d)
	}
	return took, nil
}

// number waits, after some steps, until a variable of the page is a number of milliseconds.
func number(ctx context.Context, name string, steps ...chromedp.Action[chromedp.Void]) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		return 0, err
	}
	v, err := chromedp.Run(ctx, chromedp.Poll[float64]("window."+name+" || false", chromedp.WithPollingInterval(20*time.Millisecond)))
	return time.Duration(v * float64(time.Millisecond)), err
}

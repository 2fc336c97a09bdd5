package api

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browserPath is where Debian has its Chromium.
const browserPath = "/usr/bin/chromium"

// patience is how long a tab may take to show what is expected.
const patience = 30 * time.Second

// browser is a running Chromium.
type browser struct{ ctx context.Context }

// startBrowser starts Chromium with a profile of its own. It skips the test where there is no Chromium or no built page,
// but not in CI, where both must be.
func startBrowser(t *testing.T) browser {
	t.Helper()
	missing := ""
	if _, err := os.Stat(browserPath); err != nil {
		missing = "Chromium is not at " + browserPath
	} else if p, err := newPage(); err != nil || !p.built() {
		missing = "the page is not built (make web)"
	}
	if missing != "" && os.Getenv("CI") == "true" {
		t.Fatal(missing)
	} else if missing != "" {
		t.Skip(missing)
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(browserPath), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("mute-audio", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-GB"),
	)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return browser{ctx}
}

// tab is a window on an archive's page. It notes everything that a page must not do.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu    sync.Mutex
	wrong []string // uncaught errors, refused content, requests to elsewhere
}

// openTab serves an archive and opens path of it.
func openTab(t *testing.T, in browser, a *archive, path string, change ...func(*Options)) *tab {
	t.Helper()
	srv := httptest.NewServer(newHandler(t, a, change...))
	ctx, cancel := chromedp.NewContext(in.ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx, url: srv.URL}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, w := range b.wrong {
			t.Error(w)
		}
		cancel()
		srv.CloseClientConnections()
		srv.Close()
	})
	b.size(1280, 800)
	b.do(chromedp.Navigate(srv.URL + path))
	return b
}

func (b *tab) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "uncaught: "+ev.ExceptionDetails.Text+" "+fmt.Sprint(ev.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		// Answers with an error status are logged by the browser too; they are part of some tests.
		if ev.Entry.Level == "error" && ev.Entry.Source != "network" {
			b.wrong = append(b.wrong, "the browser complains: "+ev.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if u := ev.Request.URL; !strings.HasPrefix(u, b.url+"/") && !strings.HasPrefix(u, "about:") && !strings.HasPrefix(u, "data:") {
			b.wrong = append(b.wrong, "asked elsewhere: "+u)
		}
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shoot("failure-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
		b.t.Fatalf("%v\n%s", err, b.text("body"))
	}
}

// until waits for a JavaScript expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience+time.Second)
	defer cancel()
	// What is looked at may not be there yet.
	attempt := "(() => { try { return Boolean(" + expression + ") } catch { return false } })()"
	poll := func() error {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](attempt, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(25*time.Millisecond)))
		return err
	}
	err := poll()
	left := func(err error) bool { // the page, for another one
		return strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "context was destroyed") || strings.Contains(err.Error(), "Cannot find context")
	}
	for err != nil && ctx.Err() == nil && left(err) {
		err = poll() // on the page that comes
	}
	if err != nil {
		b.shoot("failure-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
		b.t.Fatalf("never true: %s (%v)\n%s\n%s", expression, err, b.eval("location.href"), b.text("body"))
	}
}

// eval returns the value of an expression as text.
func (b *tab) eval(expression string) string {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return b.eval(fmt.Sprintf("document.querySelector(%q)?.innerText", selector))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// keys presses keys one after the other. chromedp's own key events type a character even where the page has taken the key
// for itself, which browsers do not.
func (b *tab) keys(s string) {
	b.t.Helper()
	for _, r := range s {
		down := *kb.Encode(r)[0]
		if len(kb.Encode(r)) == 3 { // a key that types: down, char, up
			down.Text = string(r)
		}
		up := down
		up.Type, up.Text = kb.KeyUp, ""
		for _, p := range []input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p); err != nil {
				b.t.Fatalf("pressing %q: %v", r, err)
			}
		}
	}
}

// search types a query into the box as a person does.
func (b *tab) search(q string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(`input[type=search]`), chromedp.SendKeys(`input[type=search]`, q))
}

func (b *tab) size(w, h int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(w, h))
}

// prefer sets what the reader prefers: colours "light" or "dark", motion "reduce" or "no-preference".
func (b *tab) prefer(colours, motion string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: motion},
	}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// pictures is the folder for pictures of the page, to be looked at by people; "": nobody wants any.
var pictures = os.Getenv("EARSHOT_SCREENSHOTS")

// startGallery starts a browser for a test that does nothing but take pictures.
func startGallery(t *testing.T) browser {
	t.Helper()
	if pictures == "" {
		t.Skip("EARSHOT_SCREENSHOTS does not say where pictures go")
	}
	return startBrowser(t)
}

// shoot writes a picture of the window, if pictures are wanted.
func (b *tab) shoot(name string) {
	b.t.Helper()
	if pictures == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(pictures, name+".png"), png, 0o600)
	}
	if err != nil {
		b.t.Logf("picture %s: %v", name, err)
	}
}

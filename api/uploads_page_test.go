package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/earshot/earshot/models"
)

func TestUploadsPage(t *testing.T) {
	browser := startBrowser(t)
	d, folder := &desk{got: map[string]models.Upload{}}, t.TempDir()
	a := newArchive(t)
	u, err := NewUploads(UploadOptions{Dir: t.TempDir(), Receiver: d, Logger: a.options(t).Logger})
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b := openTab(t, browser, a, "/", func(o *Options) { o.Uploads = u })
	b.until(`document.querySelector('.empty') !== null`)
	b.shoot("uploads-empty")
	b.click(`.empty .files`)
	b.do(chromedp.SendKeys(`.add label input`, "Neighbours"))
	large := file("A long talk about mutual aid among neighbours.wav", "RIFF"+strings.Repeat("word ", 9<<20)) // two pieces
	b.do(chromedp.SetUploadFiles(`.add input[type=file]`, []string{large, file("<b>notes.txt", "text"), file("third.wav", "RIFF 3")}, chromedp.NodeReady))
	b.until(`document.querySelectorAll('.add li.added').length === 2 && document.querySelectorAll('.add li.refused').length === 1`)
	if got := b.text(".add li.refused"); !strings.Contains(got, "<b>notes.txt is no recording") {
		t.Errorf("%q", got)
	}
	d.mu.Lock()
	for _, up := range d.got {
		if up.Show != "Neighbours" {
			t.Errorf("%+v", up)
		}
	}
	d.mu.Unlock()
	b.shoot("uploads-desktop")
	b.prefer("dark", "reduce")
	b.size(390, 800)
	b.shoot("uploads-phone-dark")
	b.eval(`document.querySelector(".add .end button").click()`)
	b.until(`document.querySelectorAll('.add li').length === 0`)

	// The same file again; and one that was begun in another visit.
	h := newHandler(t, a, func(o *Options) { o.Uploads = u })
	sendPiece(h, beginUpload(t, h, "begun elsewhere.wav", 8), 0, "RIFF")
	b.do(chromedp.Reload())
	b.click(`.empty .files`)
	b.until(`document.querySelector('.add .broken')?.innerText.includes('begun elsewhere.wav (50%)')`)
	b.do(chromedp.SetUploadFiles(`.add input[type=file]`, []string{large}, chromedp.NodeReady))
	b.until(`document.querySelectorAll('.add li.known').length === 1`)
	if got := b.eval(`document.documentElement.scrollWidth <= innerWidth`); got != "true" {
		t.Error("the page is wider than a phone")
	}
}

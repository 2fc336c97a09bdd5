package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// mostOfFirstView bounds what the first view loads before it can be used, in bytes of gzip -9: HTML, scripts and styles, not the
// fonts, which come when the text is there already, nor what the API answers.
const mostOfFirstView = 60_000

func TestFirstViewIsLight(t *testing.T) {
	b := openTab(t, startBrowser(t), newArchive(t), "/")
	b.until(`document.querySelector('.empty') !== null && document.readyState === 'complete'`)
	loaded := strings.Split(b.eval(`['/', ...performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)].join('\n')`), "\n")
	slices.Sort(loaded)
	total := 0
	for _, path := range slices.Compact(loaded) {
		if path != "/" && !strings.HasSuffix(path, ".js") && !strings.HasSuffix(path, ".css") {
			continue
		}
		res, err := http.Get(b.url + path) // which asks for gzip, and unpacks it
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, err = io.Copy(z, res.Body)
		if res.Body.Close(); err != nil || z.Close() != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", path, res.StatusCode, err)
		}
		t.Logf("%6d bytes: %s", packed.Len(), path)
		total += packed.Len()
	}
	if total > mostOfFirstView || total < 10<<10 {
		t.Errorf("the first view loads %d bytes, want at most %d", total, mostOfFirstView)
	}
}

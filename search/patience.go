package search

import (
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
)

// Bleve tries to write what it could not write again at once, and again, for as long as the disk is full: thousands of
// times a second. The one thing of ours that it calls between two tries is told to take its time.
const (
	patienceName = "earshot-patience"
	patience     = time.Second
)

func init() { //nolint:gochecknoinits // Bleve has a registry for it, to be filled before anything is opened
	scorch.RegistryAsyncErrorCallbacks[patienceName] = func(error, string) {
		time.Sleep(patience) //nolint:forbidigo // there is nothing to wait for: room may come at any time, unannounced
	}
}

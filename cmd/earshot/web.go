package main

import (
	"net/netip"

	"github.com/dustin/go-humanize"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/fetch"
)

// fetching is how feeds and recordings are fetched.
func (c *config) fetching() (fetch.Options, error) {
	o := fetch.Options{Version: version, AllowPrivate: c.AllowPrivate}
	most, err := humanize.ParseBytes(c.MaxDownload)
	if err != nil || most < 1<<20 || most > 1<<50 {
		return o, models.Explain(models.ErrInvalid, "%q is no size of a recording for max-download: write it as 500MB or 8GB", c.MaxDownload)
	}
	o.MaxRecording = int64(most)
	for _, text := range models.Words(c.PrivateNetworks) {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return o, models.Explain(models.ErrInvalid, "%q is no network for private-networks: write it as 192.168.1.0/24 or fd00:1234::/32", text)
		}
		o.PrivateNetworks = append(o.PrivateNetworks, network.Masked())
	}
	return o, nil
}

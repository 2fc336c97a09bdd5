package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/earshot/earshot/models"
)

// exported is a file in the data folder that remembers how far the transcripts are exported as they are finished.
type exported struct {
	To      string `json:"to"`
	Formats string `json:"formats"`
	Seq     int64  `json:"seq"` // of the change sequence
}

// exportAsTheyCome writes each transcript that is finished or changed into the folder that the settings name, until ctx ends.
// Other settings than the last time begin anew, with what is there.
func (a *archive) exportAsTheyCome(ctx context.Context) error {
	x, err := newExporter(a, a.c.ExportTo, a.c.ExportFormats)
	if err != nil {
		return err
	}
	path := filepath.Join(a.c.Data, "exported.json")
	was := exported{}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &was)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s, which can be deleted: %w", path, err)
	}
	now := exported{To: a.c.ExportTo, Formats: a.c.ExportFormats}
	if was.To == now.To && was.Formats == now.Formats {
		now.Seq = was.Seq
	}
	return x.follow(ctx, a, now.Seq, func(models.Episode) bool { return true }, func(seq int64) error {
		now.Seq = seq
		return writeFile(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(now) })
	})
}

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

// writeFormer writes anew what there is of an episode beside the files at stem: under a title that it had once, or in a format that was
// asked for once. What has become private since would stay there.
func (x *exporter) writeFormer(ctx context.Context, e models.Episode, stem string, t models.Transcript) error {
	if x.to == "" {
		return nil
	}
	all, err := x.formerOf(e.ShowID)
	if err != nil {
		return err
	}
	former := slices.DeleteFunc(slices.Clone(all[nameTag(string(e.ID))]), func(f formerFile) bool {
		return f.stem == stem && slices.Contains(x.formats, f.format) // that was written already
	})
	if len(former) == 0 {
		return nil
	}
	if alone, err := x.alone(ctx, e); err != nil || !alone {
		return err
	}
	for _, f := range former {
		path := f.stem + "." + string(f.format)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue // somebody removed it meanwhile
		}
		if err := x.write(path, f.format, t); err != nil {
			return err
		}
	}
	return nil
}

// formerFile is an exported file that was there before.
type formerFile struct {
	stem   string
	format export.Format
}

// formerOf lists the files of a show's episodes, by the tags in their names: what was there when it was asked first, and what was noted
// since.
func (x *exporter) formerOf(show models.ShowID) (map[string][]formerFile, error) {
	if all, known := x.former[show]; known {
		return all, nil
	}
	all := map[string][]formerFile{}
	x.former[show] = all
	folders, err := os.ReadDir(x.to)
	if err != nil {
		return nil, err
	}
	for _, d := range folders {
		if !d.IsDir() || !strings.HasSuffix(d.Name(), nameTag(string(show))) {
			continue
		}
		files, err := os.ReadDir(filepath.Join(x.to, d.Name()))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if tag, former, ok := formerName(f.Name()); ok {
				former.stem = filepath.Join(x.to, d.Name(), former.stem)
				all[tag] = append(all[tag], former)
			}
		}
	}
	return all, nil
}

// note remembers that an episode's files are at a stem.
func (x *exporter) note(e models.Episode, stem string) error {
	if x.to == "" {
		return nil
	}
	all, err := x.formerOf(e.ShowID)
	if err != nil {
		return err
	}
	tag := nameTag(string(e.ID))
	for _, format := range x.formats {
		if f := (formerFile{stem, format}); !slices.Contains(all[tag], f) {
			all[tag] = append(all[tag], f)
		}
	}
	return nil
}

// formerName reads the name of an exported file.
func formerName(name string) (tag string, f formerFile, ok bool) {
	end := strings.LastIndex(name, "].")
	begin := strings.LastIndexByte(name[:max(end, 0)], '[')
	if begin < 0 {
		return "", f, false
	}
	format, err := export.Parse(name[end+2:])
	return name[begin : end+1], formerFile{name[:end+1], format}, err == nil
}

// alone reports whether no other episode of the show has the same tag in its name, as happens among many thousands: nobody could tell
// whose a file is.
func (x *exporter) alone(ctx context.Context, e models.Episode) (bool, error) {
	episodes, err := x.Episodes(ctx, models.EpisodeFilter{ShowID: e.ShowID})
	other := slices.ContainsFunc(episodes, func(o models.Episode) bool { return o.ID != e.ID && nameTag(string(o.ID)) == nameTag(string(e.ID)) })
	return err == nil && !other, err
}

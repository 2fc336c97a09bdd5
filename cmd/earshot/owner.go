package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/feed"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

// sources finds for the API what is to be added: only what is on the web.
type sources struct{ a *archive }

// Look lists what is at an address on the web.
func (s sources) Look(ctx context.Context, address string, header map[string]string) (models.Listing, error) {
	return s.a.resolver(nil, header).Web(ctx, address)
}

// Feeds reads a list of feeds.
func (s sources) Feeds(opml string) ([]models.Subscription, error) {
	return feed.Subscriptions([]byte(opml))
}

// CheckSettings refuses settings that this program cannot work with.
func (s sources) CheckSettings(settings models.ShowSettings) error {
	return s.a.c.checkSettings(settings)
}

// checkSettings refuses settings of a show that this program cannot work with, whoever chose them.
func (c *config) checkSettings(s models.ShowSettings) error {
	return checkSettings(s, func(model string) bool {
		_, err := c.weights().Path(model)
		return err == nil
	})
}

// checkSettings refuses settings of a show that no program can work with that has the models that has says, and can fetch others.
func checkSettings(s models.ShowSettings, has func(model string) bool) error {
	if err := checkModel(s, has); err != nil {
		return err
	}
	if s.Language != "" && !whisper.KnowsLanguage(s.Language) {
		return models.Explain(models.ErrInvalid, "%w", unknownLanguage(s.Language))
	}
	return s.Check()
}

// checkModel refuses a model that there is not. One that can be had and is not installed yet is good enough: episodes wait for it.
func checkModel(s models.ShowSettings, has func(model string) bool) error {
	if s.Model == "" {
		return nil
	}
	name := weights.Canonical(s.Model)
	m, err := weights.Lookup(name)
	if err != nil && has(name) { // the owner's own
		m, err = weights.Model{Name: name, Kind: weights.Speech}, nil
	}
	switch {
	case err != nil:
		return err
	case m.Kind != weights.Speech:
		return models.Explain(models.ErrInvalid, "%s does not transcribe: choose another of earshot models list", s.Model)
	case m.Languages == weights.EnglishOnly && s.Language != "" && s.Language != models.LanguageAuto && s.Language != "en":
		return models.Explain(models.ErrInvalid, "the model %s knows English only, not %q: choose one without \".en\" in its name", s.Model, s.Language)
	}
	return nil
}

// desk keeps the models for the API.
type desk struct {
	*weights.Puller

	c     *config
	store *weights.Store
}

func (c *config) newDesk() *desk {
	w := c.weights()
	return &desk{Puller: weights.NewPuller(w), c: c, store: w}
}

// List names the models that there are and those that can be had.
func (d *desk) List(ctx context.Context) ([]models.Weights, error) {
	all, err := modelsHere{d.store}.list(ctx)
	if err != nil {
		return nil, err
	}
	used := append(d.store.Variants(d.c.Model), weights.DefaultVAD)
	for i := range all {
		all[i].Used = slices.Contains(used, all[i].Name)
	}
	return all, nil
}

// Remove deletes a model, unless the work needs it.
func (d *desk) Remove(ctx context.Context, name string) error {
	if !d.c.NoWork && slices.Contains(append(d.store.Variants(d.c.Model), weights.DefaultVAD), name) {
		return models.Explain(models.ErrConflict, "%s is what recordings are transcribed with: choose another model with the setting model first", name)
	}
	d.Stop(name)
	return d.store.Remove(ctx, name)
}

// storage adds up what the archive takes on this machine.
func (a *archive) storage(ctx context.Context) (s models.Storage, err error) {
	stored, err := a.StoredBytes(ctx)
	if err != nil {
		return s, err
	}
	s.Recordings, s.Catalogue = stored.Recordings, stored.Catalogue
	for _, part := range []struct {
		into *int64
		dirs []string
	}{
		{&s.Index, []string{filepath.Join(a.c.Data, "search")}},
		{&s.Models, []string{a.c.Models}},
		{&s.Other, []string{filepath.Join(a.c.Data, "tmp"), filepath.Join(a.c.Data, "uploads"), filepath.Join(a.c.Data, "cache")}},
	} {
		for _, dir := range part.dirs {
			if err := addUp(ctx, dir, part.into); err != nil {
				return s, err
			}
		}
	}
	if use, err := disk.UsageWithContext(ctx, a.c.Data); err == nil {
		s.Free, s.Disk = int64(min(use.Free, 1<<62)), int64(min(use.Total, 1<<62))
	}
	return s, nil
}

// addUp adds the sizes of a folder's files, as far as they stay.
func addUp(ctx context.Context, dir string, sum *int64) error {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			*sum += info.Size()
		}
		return nil
	})
	return err
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/calibrate"
	"github.com/earshot/earshot/pipeline/weights"
)

// modelsHere has the models of this machine.
type modelsHere struct{ *weights.Store }

func (s modelsHere) list(context.Context) ([]models.Weights, error) {
	installed, err := s.List()
	if err != nil {
		return nil, err
	}
	var out []models.Weights
	add := func(m weights.Model, in weights.Installed, is bool) {
		madeFrom, _, _ := strings.Cut(in.MadeFrom, " ")
		out = append(out, models.Weights{
			Name: m.Name, Kind: string(m.Kind), Languages: string(m.Languages), Bytes: m.Bytes, MemoryBytes: m.MemoryBytes,
			Installed: is, Source: string(in.Source), MadeFrom: madeFrom, Mirrored: m.Mirrored,
			Problem: strings.TrimPrefix(in.Problem, models.ErrInvalid.Error()+": "),
		})
	}
	for _, in := range installed {
		m, err := weights.Lookup(in.Name)
		if err != nil { // the owner's own
			m = weights.Model{Name: in.Name, Kind: weights.Speech}
		}
		m.Bytes = cmp.Or(in.Bytes, m.Bytes)
		add(m, in, true)
	}
	for _, m := range weights.Catalogue() {
		if !slices.ContainsFunc(installed, func(in weights.Installed) bool { return in.Name == m.Name }) {
			add(m, weights.Installed{}, false)
		}
	}
	slices.SortStableFunc(out, func(a, b models.Weights) int { return cmp.Compare(a.Bytes, b.Bytes) })
	return out, nil
}

func (s modelsHere) has(_ context.Context, name string) (bool, error) {
	_, err := s.Path(s.Variants(name)[0])
	return err == nil, nil
}

func (s modelsHere) needed(_ context.Context, speech string) ([]string, error) {
	return []string{speech, weights.DefaultVAD}, nil
}

func (s modelsHere) pull(cmd *cobra.Command, name, from string, report func(weights.Progress)) (weights.Installed, error) {
	s.warnOfMemory(cmd, name)
	if from != "" {
		return s.Import(cmd.Context(), name, from, report)
	}
	return s.Pull(cmd.Context(), name, report)
}

func (s modelsHere) remove(ctx context.Context, name string) error { return s.Remove(ctx, name) }

// warnOfMemory says before a long download that its model would be refused here.
func (s modelsHere) warnOfMemory(cmd *cobra.Command, name string) {
	m, err := weights.Lookup(name)
	if err != nil {
		return // pulling tells
	}
	available, err := calibrate.AvailableMemory(cmd.Context())
	if err != nil || m.Footprint().Weights == 0 || m.Footprint().Fitting(available, 1) > 0 {
		return
	}
	installed, err := s.List()
	if err != nil {
		return
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "earshot: warning: "+weights.DoesNotFit(name, m.Footprint(), available, " now", installed).Error())
}

func (r elsewhere) list(ctx context.Context) ([]models.Weights, error) {
	all, _, err := r.Models(ctx)
	return all, err
}

func (r elsewhere) has(ctx context.Context, name string) (bool, error) {
	all, err := r.list(ctx)
	return slices.ContainsFunc(all, func(m models.Weights) bool {
		return m.Name == weights.Canonical(name) && m.Installed && m.Problem == ""
	}), err
}

func (r elsewhere) needed(ctx context.Context, _ string) (names []string, err error) {
	all, err := r.list(ctx)
	for _, m := range all {
		if m.Used {
			names = append(names, m.Name)
		}
	}
	return names, err
}

// pull lets the server fetch a model, and watches.
func (r elsewhere) pull(cmd *cobra.Command, name, from string, report func(weights.Progress)) (weights.Installed, error) {
	ctx := cmd.Context()
	if from != "" {
		return weights.Installed{}, usageError{errors.New("--from is for the machine that transcribes: install your own model there")}
	}
	had, err := r.has(ctx, name)
	if err != nil {
		return weights.Installed{}, err
	}
	if err := r.PullModel(ctx, name); err != nil && !r.pulling(ctx, name) {
		return weights.Installed{}, err
	}
	tick := time.NewTicker(watchElsewhereEvery)
	defer tick.Stop()
	for {
		all, pulls, err := r.Models(ctx)
		if err != nil {
			return weights.Installed{}, err
		}
		i := slices.IndexFunc(pulls, func(p models.Pull) bool { return p.Name == name })
		switch {
		case i >= 0 && pulls[i].Running:
			p := pulls[i]
			report(weights.Progress{Stage: weights.Stage(p.Stage), Done: p.Done, Total: p.Total})
		case i >= 0:
			return weights.Installed{}, errors.New(pulls[i].Problem)
		default:
			return installed(all, name, had)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			fmt.Fprintf(cmd.ErrOrStderr(), "%s goes on to fetch %s: the same command watches it again\n", r, name)
			return weights.Installed{}, ctx.Err()
		}
	}
}

// pulling reports whether a model is being fetched already.
func (r elsewhere) pulling(ctx context.Context, name string) bool {
	_, pulls, err := r.Models(ctx)
	return err == nil && slices.ContainsFunc(pulls, func(p models.Pull) bool { return p.Name == name && p.Running })
}

// installed is a model that was fetched, as far as the server tells; had says that it was there before.
func installed(all []models.Weights, name string, had bool) (weights.Installed, error) {
	for _, m := range all {
		if m.Name == name && m.Installed {
			return weights.Installed{Name: name, Bytes: m.Bytes, Source: weights.Source(m.Source), MadeFrom: m.MadeFrom, Fresh: !had}, nil
		}
	}
	return weights.Installed{}, models.Explain(models.ErrConflict, "fetching %s was stopped: what has arrived stays for the next time", name)
}

func (r elsewhere) remove(ctx context.Context, name string) error { return r.RemoveModel(ctx, name) }

package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/vocabulary"
)

// knownNames returns what people said about names, as far as it counts in a show: names that rules write right, those that were wrong in
// the most places first, then names that somebody is sure of, the newest first.
func (a *archive) knownNames(ctx context.Context, show models.ShowID) (k vocabulary.Known, err error) {
	rules, err := a.Rules(ctx)
	if err != nil {
		return k, err
	}
	names, err := a.Names(ctx)
	if err != nil {
		return k, err
	}
	slices.SortStableFunc(rules, func(a, b models.Rule) int { return cmp.Compare(b.Places, a.Places) })
	for _, r := range rules {
		if r.UndoneAt.IsZero() && (r.ShowID == "" || r.ShowID == show) {
			k.Names, k.Wrong = append(k.Names, r.Right), append(k.Wrong, r.Wrong...)
		}
	}
	slices.SortStableFunc(names, func(a, b models.Name) int { return b.At.Compare(a.At) })
	for _, n := range names {
		if n.Sure && !n.Ignored {
			k.Names = append(k.Names, n.Text)
		}
	}
	return k, nil
}

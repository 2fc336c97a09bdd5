package pipeline

import (
	"testing"
	"time"
)

func TestFeedsAreLookedAtByTheirRhythm(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	every := func(gap time.Duration, n int) (dates []time.Time) {
		for i := range n {
			dates = append(dates, now.Add(-time.Duration(i)*gap-gap/2))
		}
		return dates
	}
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		dates []time.Time
		want  time.Duration
	}{
		"no dates":                   {[]time.Time{{}, {}}, time.Hour},
		"every half hour":            {every(30*time.Minute, 100), 15 * time.Minute},
		"daily":                      {every(day, 20), time.Hour},
		"weekly":                     {every(7*day, 20), 7 * time.Hour},
		"yearly":                     {every(365*day, 5), day},
		"weekly, silent for a month": {[]time.Time{now.Add(-30 * day), now.Add(-37 * day), now.Add(-44 * day)}, day},
		"weekly, silent for 12 days": {[]time.Time{now.Add(-12 * day), now.Add(-19 * day), now.Add(-26 * day)}, 12 * time.Hour},
		"one, yesterday":             {[]time.Time{now.Add(-day)}, time.Hour},
		"a whole archive at once":    {[]time.Time{now.Add(-day), now.Add(-day), now.Add(-day), now.Add(-day)}, time.Hour},
		"only to come":               {[]time.Time{now.Add(day)}, time.Hour},
	} {
		if got := interval(now, c.dates); got != c.want {
			t.Errorf("%s: every %v, want %v", name, got, c.want)
		}
	}
	for range 100 {
		if w := spread(time.Hour); w < 54*time.Minute || w > 66*time.Minute {
			t.Fatalf("an hour became %v", w)
		}
	}
}

func TestFeedsThatFailAreLeftAloneLongerAndLonger(t *testing.T) {
	for failures, want := range map[int][2]time.Duration{
		1: {15 * time.Minute, 15 * time.Minute}, 2: {30 * time.Minute, 30 * time.Minute}, 3: {time.Hour, time.Hour},
		4: {2 * time.Hour, time.Hour}, 100: {24 * time.Hour, time.Hour},
	} {
		if answered, silent := patience(minInterval, failures, true), patience(minInterval, failures, false); answered != want[0] || silent != want[1] {
			t.Errorf("after %d failures: %v when the server answers and %v when not, want %v", failures, answered, silent, want)
		}
	}
}

package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Skip("the time zones are not installed here")
	}
	return l
}

func TestQuietHours(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		hours, at, until string // until "": not quiet
	}{
		{"", "2026-11-26T23:00:00+01:00", ""},
		{"22:00-07:00", "2026-11-26T21:59:59+01:00", ""},
		{"22:00-07:00", "2026-11-26T22:00:00+01:00", "2026-11-27T07:00:00+01:00"},
		{"22:00-07:00", "2026-11-27T06:59:59+01:00", "2026-11-27T07:00:00+01:00"},
		{"22:00-07:00", "2026-11-27T07:00:00+01:00", ""},
		{"9:00-12:30, 14:00-18:00", "2026-11-26T12:45:00+01:00", ""},
		{"9:00-12:30, 14:00-18:00", "2026-11-26T14:00:00+01:00", "2026-11-26T18:00:00+01:00"},
		{"20:00-24:00,00:00-06:00", "2026-11-26T22:00:00+01:00", "2026-11-27T06:00:00+01:00"},
		// In the night of 29 March 2026 clocks go from 2:00 to 3:00, in that of 25 October from 3:00 back to 2:00.
		{"22:00-07:00", "2026-03-28T22:00:00+01:00", "2026-03-29T07:00:00+02:00"},
		{"22:00-02:30", "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"02:00-02:30", "2026-10-25T02:10:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"02:00-02:30", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
		{"02:30-07:00", "2026-10-25T02:40:00+02:00", "2026-10-25T02:00:00+01:00"},
	} {
		q, err := models.ParseQuietHours(c.hours)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		end, quiet := q.Until(at.In(berlin))
		got := ""
		if quiet {
			got = end.Format(time.RFC3339)
		}
		if got != c.until {
			t.Errorf("%q at %s: until %q, want %q", c.hours, c.at, got, c.until)
		}
	}
}

func TestQuietHoursAfter(t *testing.T) {
	q, err := models.ParseQuietHours("7:00-22:00")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 21, 0, 0, 0, time.UTC)
	for took, want := range map[time.Duration]time.Time{
		time.Hour:              at.Add(2 * time.Hour),                          // begins at 22:00
		9 * time.Hour:          at.Add(10 * time.Hour),                         // all night
		9*time.Hour + 1:        time.Date(2026, 11, 27, 22, 0, 0, 1, time.UTC), // and a moment of the next one
		(90*9 + 1) * time.Hour: time.Date(2027, 2, 24, 23, 0, 0, 0, time.UTC),
	} {
		if got := q.After(at, took); !got.Equal(want) {
			t.Errorf("%v from %v: done at %v, want %v", took, at, got, want)
		}
	}
	if got := (models.QuietHours{}).After(at, time.Hour); !got.Equal(at.Add(time.Hour)) {
		t.Errorf("without quiet hours: %v", got)
	}
}

func TestQuietHoursRefused(t *testing.T) {
	for _, text := range []string{"22-7", "22:00", "22:00-22:00", "25:00-07:00", "22:00-07:60", "0:00-12:00,12:00-24:00", "22:00-07:00;", ",", "--"} {
		if _, err := models.ParseQuietHours(text); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	q, err := models.ParseQuietHours(" 9:05 - 12:30,22:00-7:00 ")
	if err != nil || q.String() != "09:05-12:30, 22:00-07:00" {
		t.Errorf("%q, %v", q.String(), err)
	}
}

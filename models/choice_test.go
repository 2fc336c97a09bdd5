package models

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestWhichEpisodesCome(t *testing.T) {
	added := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	var episodes []Episode
	for day := 1; day <= 12; day++ { // the last two after the show was added
		title := fmt.Sprintf("Talk %d", day)
		if day%2 == 0 {
			title = fmt.Sprintf("An INTERVIEW, %d", day)
		}
		episodes = append(episodes, Episode{ID: EpisodeID(strconv.Itoa(day)), Title: title, PublishedAt: time.Date(2026, 1, day, 9, 0, 0, 0, time.UTC)})
	}
	undated := Episode{ID: "0", Title: "Undated interview"}
	for _, c := range []struct {
		choice EpisodeChoice
		want   string
	}{
		{EpisodeChoice{}, "1 2 3 4 5 6 7 8 9 10 11 12 0"},
		{EpisodeChoice{Newest: 3}, "10 11 12"},
		{EpisodeChoice{Newest: 1}, "11 12"},
		{EpisodeChoice{Since: "2026-01-09"}, "9 10 11 12"},
		{EpisodeChoice{Words: []string{"interview"}}, "2 4 6 8 10 12 0"},
		{EpisodeChoice{Words: []string{"interview", "talk 3"}, Newest: 3}, "8 10 12"},
		{EpisodeChoice{Words: []string{"nothing"}}, ""},
	} {
		if err := c.choice.check(); err != nil {
			t.Error(err)
		}
		var got []string
		for _, e := range append(episodes[:12:12], undated) {
			if c.choice.Choose(append(episodes[:12:12], undated), added)[e.ID] {
				got = append(got, string(e.ID))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q, want %s", c.choice, got, c.want)
		}
	}
	for _, c := range []EpisodeChoice{{Newest: -1}, {Since: "yesterday"}, {Words: []string{" a"}}} {
		if c.check() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

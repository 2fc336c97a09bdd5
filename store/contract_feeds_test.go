package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// Audio that the publisher replaced is told, fetched anew when the owner says so, and what is here stays until then. Another
// episode with the same recording is named.
func replacedAudio(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := episodesOf(show, 2)
	mustSave(t, s, show, episodes)
	h := hold(t, s, quickly())
	refused := models.Explain(models.ErrUnusable, "not this time") // how the jobs end that are no downloads
	var waiting []*held                                            // those that came before they may end
	download := func(content string) (*held, models.EpisodeID) {
		t.Helper()
		for {
			a := h.take(t)
			if job, ok := a.job.(models.DownloadJob); ok {
				e, err := s.Episode(t.Context(), job.EpisodeID)
				must(t, err)
				media := storeAudio(t, s, content)
				media.From = e.Enclosure
				must(t, s.SaveMedia(t.Context(), a.lease, e.ID, media, ""))
				return a, e.ID
			}
			waiting = append(waiting, a)
		}
	}
	a, first := download("audio")
	a.finish(nil)
	a, second := download("audio")
	a.finish(nil)
	if e, err := s.Episode(t.Context(), second); err != nil || !strings.Contains(e.Reason, "the same recording") || !strings.Contains(e.Reason, "of \"Systems\"") {
		t.Errorf("an episode with the recording of another says %q, %v", e.Reason, err)
	}
	wantError(t, s.FetchAgain(t.Context(), first), models.ErrConflict) // it waits for its transcription
	for i := range episodes {
		episodes[i].Enclosure.Bytes += 1000
	}
	mustSave(t, s, show, episodes)
	end := func() {
		for _, a := range waiting {
			a.finish(refused)
		}
		waiting = nil
		select {
		case a := <-h.got:
			a.finish(refused)
		default:
		}
	}
	eventually(t, "an episode has failed", func() bool {
		if stateOf(t, s, second) == models.EpisodeFailed {
			first, second = second, first
		}
		if stateOf(t, s, first) == models.EpisodeFailed {
			return true
		}
		end()
		return false
	})
	before, err := s.Episode(t.Context(), first)
	must(t, err)
	if !before.Enclosure.Replaces(before.Media.From) {
		t.Fatalf("%+v does not replace %+v", before.Enclosure, before.Media.From)
	}
	eventually(t, "it can be fetched again, when its jobs have ended", func() bool {
		err := s.FetchAgain(t.Context(), first)
		if errors.Is(err, models.ErrConflict) {
			return false
		}
		must(t, err)
		return true
	})
	if e, err := s.Episode(t.Context(), first); err != nil || !e.FetchAgain || e.State != models.EpisodeQueued || e.Media.Key != before.Media.Key || !strings.Contains(e.Reason, "replaced the audio") {
		t.Errorf("to be fetched again: %+v, %v", e, err)
	}
	a, again := download("other audio")
	a.finish(nil)
	if e, err := s.Episode(t.Context(), first); err != nil || again != first || e.FetchAgain || e.Media.SHA256 == before.Media.SHA256 || strings.Contains(e.Reason, "replaced") {
		t.Errorf("fetched again: %+v, %v", e, err)
	}
	if has, err := s.Media().Has(t.Context(), before.Media.Key); err != nil || !has {
		t.Errorf("the recording that the other episode has too is there: %v, %v", has, err)
	}
	eventually(t, "the other one can be fetched again", func() bool {
		end()
		return s.FetchAgain(t.Context(), second) == nil
	})
	a, _ = download("other audio")
	a.finish(nil)
	eventually(t, "the replaced recording is removed", func() bool {
		has, err := s.Media().Has(t.Context(), before.Media.Key)
		must(t, err)
		return !has
	})
}

func chosenEpisodes(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show := aShow("Systems")
	show.Settings.Episodes = &models.EpisodeChoice{Newest: 2}
	show.Source.ETag = "1"
	episodes := episodesOf(show, 5)
	if saved := mustSave(t, s, show, episodes); len(saved.NewEpisodes) != 2 || saved.Unwanted != 3 || saved.NewEpisodes[0] != episodes[4].ID {
		t.Fatalf("the newest two: %+v", saved)
	}
	must(t, s.SetShowSettings(ctx, show.ID, models.ShowSettings{Episodes: &models.EpisodeChoice{Words: []string{"episode 0"}}}))
	if got, err := s.Show(ctx, show.ID); err != nil || got.Source.ETag != "" {
		t.Errorf("an unchanged feed must be read again when other episodes are wanted: %+v, %v", got.Source, err)
	}
	if saved := mustSave(t, s, show, episodes); len(saved.NewEpisodes) != 1 || saved.Unchanged != 2 || saved.Unwanted != 2 {
		t.Errorf("one more: %+v", saved)
	}
	wantError(t, s.SetShowSettings(ctx, show.ID, models.ShowSettings{Episodes: &models.EpisodeChoice{Since: "soon"}}), models.ErrInvalid)
}

func anotherSource(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show := aShow("Systems")
	mustSave(t, s, show, nil)
	location, access := models.SplitAccess("https://ann:pw@example.net/feed?key=1")
	must(t, s.SetShowSource(ctx, show.ID, location, access))
	if got, err := s.Show(ctx, show.ID); err != nil || got.Source.Location != location || !got.Source.Access.Equal(access) || got.Source.ETag != "" {
		t.Errorf("%+v, %v", got.Source, err)
	}
	wantError(t, s.SetShowSource(ctx, models.ShowID(models.NewID("none")), location, access), models.ErrNotFound)
	private := aShow("Private")
	private.Source.Access = access
	mustSave(t, s, private, nil)
	if got, err := s.Show(ctx, private.ID); err != nil || !got.Source.Access.Equal(access) {
		t.Errorf("the access of a new show is lost: %v", err)
	}
	// Adding it again without its password does not forget it.
	private.Source.Access = models.Access{}
	mustSave(t, s, private, nil)
	if got, err := s.Show(ctx, private.ID); err != nil || !got.Source.Access.Equal(access) {
		t.Errorf("the access of a known show is lost: %v", err)
	}
}

// A show is known by where its feed lives now, and by its identifier; its podcast:guid alone proves nothing.
func recognised(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show := aShow("Systems")
	mustSave(t, s, show, nil)
	must(t, s.SetShowSource(ctx, show.ID, "https://example.net/new", models.Access{}))
	listing := func(location models.Location, guid string) models.Listing {
		src := models.Source{Kind: models.SourceFeed, Location: location}
		id := models.NewShowID(src)
		return models.Listing{Show: models.Show{ID: id, Title: "X", Source: src, FeedGUID: guid}, Episodes: episodesOf(models.Show{ID: id}, 1)}
	}
	got, err := s.Recognise(ctx, listing("https://example.net/new", ""))
	if err != nil || got.Show.ID != show.ID || got.Episodes[0].ID != models.NewEpisodeID(show.ID, got.Episodes[0].GUID) {
		t.Errorf("by its new address: %+v, %v", got, err)
	}
	if _, err = s.Recognise(ctx, listing("https://evil.example/feed", show.FeedGUID)); err == nil || !strings.Contains(err.Error(), "--feed") {
		t.Errorf("by its podcast:guid: %v", err)
	}
	// To those who do not see it nothing is said of it.
	for _, found := range []models.Listing{listing("https://example.net/new", ""), listing("https://evil.example/feed", show.FeedGUID), listing(show.Source.Location, "")} {
		if _, err := s.Recognise(ctx, found, show.ID); !errors.Is(err, models.ErrNotFound) || strings.Contains(err.Error(), "Systems") || strings.Contains(err.Error(), string(show.ID)) {
			t.Errorf("hidden: %v", err)
		}
	}
	other := listing("https://example.net/other", "11111111-1b1e-5cef-ace4-edaa54e1f810")
	if got, err := s.Recognise(ctx, other, show.ID); err != nil || got.Show.ID != other.Show.ID {
		t.Errorf("another show: %+v, %v", got, err)
	}
}

func TestReplaces(t *testing.T) {
	was := models.Enclosure{Location: "https://a.example/1.mp3?id=1", Type: "audio/mpeg", Bytes: 5000}
	for name, c := range map[string]struct {
		now  models.Enclosure
		want bool
	}{
		"same":                      {was, false},
		"another length":            {models.Enclosure{Location: was.Location, Type: was.Type, Bytes: 5001}, true},
		"moved, the same length":    {models.Enclosure{Location: "https://b.example/x/1.mp3", Type: was.Type, Bytes: 5000}, false},
		"no length, another server": {models.Enclosure{Location: "https://b.example/1.mp3?id=2", Type: was.Type}, false},
		"no length, another path":   {models.Enclosure{Location: "https://a.example/1-new.mp3", Type: was.Type}, true},
		"no length, another type":   {models.Enclosure{Location: was.Location, Type: "audio/mp4", Bytes: 1}, true},
	} {
		if got := c.now.Replaces(was); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if was.Replaces(models.Enclosure{}) {
		t.Error("what was fetched by an earlier version, nobody knows from where, is not replaced")
	}
}

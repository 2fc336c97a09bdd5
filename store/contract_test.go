package store

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

// TestContract runs everything that a store promises on every engine.
func TestContract(t *testing.T) {
	onEachEngine(t, func(t *testing.T, place func(*testing.T) place) {
		t.Helper()
		contract(t, func(t *testing.T) *Store { t.Helper(); return place(t).open(t) })
	})
}

// clause is a promise of the contract that is being tested, on a new store.
type clause struct {
	t *testing.T
	s *Store
}

func contract(t *testing.T, open func(*testing.T) *Store) {
	t.Helper()
	for name, test := range map[string]func(clause){
		"add twice":                 addTwice,
		"plan is what save does":    planIsSave,
		"published fields change":   publishedFieldsChange,
		"show changes":              showChanges,
		"invalid shows":             invalidShows,
		"round trip":                roundTrip,
		"listing":                   listing,
		"deleting":                  deleting,
		"way of an episode":         wayOfAnEpisode,
		"resume a transcript":       resumeTranscript,
		"transcribe again":          transcribeAgain,
		"settings of a show":        showSettings,
		"reports add up":            reportsAddUp,
		"translation":               translation,
		"translation that fails":    translationFails,
		"no translation of English": noTranslationOfEnglish,
		"retranscribe":              retranscribe,
		"outlook":                   outlookOfTheQueue,
		"windows are checked":       windowsAreChecked,
		"offered transcripts":       offeredTranscripts,
		"transcripts by others":     transcriptsByOthers,
		"a transcript refused":      importRefused,
		"fencing":                   fencing,
		"unique jobs":               uniqueJobs,
		"retry with back-off":       retryWithBackoff,
		"give up at last":           giveUpAtLast,
		"unusable is not retried":   unusableNotRetried,
		"panic is a failed attempt": panicIsFailure,
		"retry by hand":             retryByHand,
		"late results are dropped":  lateResults,
		"losses are no failures":    lossesAreNoFailures,
		"stop softly":               stopSoftly,
		"stuck handlers":            stuckHandlers,
		"poll":                      poll,
		"polls that are due":        pollsDue,
		"missing episodes stay":     missingEpisodesStay,
		"replaced audio":            replacedAudio,
		"chosen episodes":           chosenEpisodes,
		"another source":            anotherSource,
		"recognised":                recognised,
		"status":                    status,
		"changes in order":          changesInOrder,
		"many episodes":             manyEpisodes,
		"newest first":              newestFirst,
		"do this now":               doThisNow,
		"pause the queue":           pauseQueue,
		"pause a show":              pauseShow,
		"cancel one":                cancelOne,
		"doubts are listed":         doubtsAreListed,
		"private passages":          private,
		"embargo":                   embargo,
		"limit of what is private":  privateLimit,
		"quiet hours":               quietHours,
		"disk full":                 diskFull,
		"database gone":             databaseGone,
		"dead workers":              deadWorkers,
		"same place":                samePlace,
		"an owner's view":           ownersView,
		"remove a show":             removeShow,
		"keep text only":            keepText,
		"keep what may be lost":     keepUploads,
		"keep the only copy":        keepTheOnlyCopy,
		"clock put back":            clockPutBack,
		"events in order":           eventsInOrder,
		"few events":                fewEvents,
		"claims":                    claims,
		"users":                     usersComeAndGo,
		"sessions":                  sessionsEnd,
		"tokens":                    tokensEnd,
		"hidden shows":              hiddenShows,
		"edits stay":                editsStay,
		"rules hold":                rulesHold,
		"a rule misses nothing":     ruleMissesNothing,
		"a rule leaves the deleted": ruleLeavesTheDeleted,
		"private is nowhere":        privateIsNowhere,
		"private when replaced":     privateWhenReplaced,
		"names are known":           namesAreKnown,
		"people are named":          peopleAreNamed,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(clause{t, open(t)}) })
	}
}

func addTwice(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := episodesOf(show, 3)
	first := mustSave(t, s, show, episodes)
	want := []models.EpisodeID{episodes[2].ID, episodes[1].ID, episodes[0].ID}
	if !first.NewShow || !slices.Equal(first.NewEpisodes, want) || first.Updated+first.Unchanged != 0 {
		t.Fatalf("the first time: %+v, want %v new", first, want)
	}
	before, err := s.LastChange(t.Context())
	must(t, err)
	second := mustSave(t, s, show, append(episodes, episodes...))
	if second.NewShow || len(second.NewEpisodes) != 0 || second.Updated != 0 || second.Unchanged != 3 {
		t.Fatalf("the second time: %+v", second)
	}
	if after, _ := s.LastChange(t.Context()); after != before {
		t.Fatalf("adding twice moved the changes from %d to %d", before, after)
	}
	st, err := s.Status(t.Context())
	must(t, err)
	if st.Shows != 1 || st.Queue["download"] != 3 || st.Episodes[models.EpisodeQueued] != 3 {
		t.Fatalf("after adding twice: %+v", st)
	}
	// Episodes that vanish from the source stay.
	mustSave(t, s, show, episodes[:1])
	if all, _ := s.Episodes(t.Context(), models.EpisodeFilter{}); len(all) != 3 {
		t.Fatalf("%d episodes are left of 3", len(all))
	}
}

func planIsSave(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := episodesOf(show, 4)
	check := func(step string, episodes []models.Episode) {
		t.Helper()
		last, err := s.LastChange(t.Context())
		must(t, err)
		plan, err := s.Plan(t.Context(), show, episodes)
		must(t, err)
		if now, _ := s.LastChange(t.Context()); now != last {
			t.Fatalf("%s: planning changed something", step)
		}
		if saved := mustSave(t, s, show, episodes); !reflect.DeepEqual(plan, saved) {
			t.Fatalf("%s: planned %+v, saved %+v", step, plan, saved)
		}
	}
	check("new", episodes[:2])
	episodes[0].Title = "Another title"
	check("one changed, two new", episodes)
	check("nothing", episodes)
}

func publishedFieldsChange(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	for name, change := range map[string]func(*models.Episode){
		"title":  func(e *models.Episode) { e.Title += "!" },
		"notes":  func(e *models.Episode) { e.Notes += "!" },
		"people": func(e *models.Episode) { e.People = append(e.People, models.Person{Name: "Cy"}) },
		"date":   func(e *models.Episode) { e.PublishedAt = e.PublishedAt.Add(time.Hour) },
	} {
		episodes := episodesOf(show, 2)
		mustSave(t, s, show, episodes)
		last, err := s.LastChange(t.Context())
		must(t, err)
		change(&episodes[1])
		if saved := mustSave(t, s, show, episodes); saved.Updated != 1 || saved.Unchanged != 1 {
			t.Fatalf("%s: %+v", name, saved)
		}
		got, err := s.Episode(t.Context(), episodes[1].ID)
		must(t, err)
		if got.Title != episodes[1].Title || got.Notes != episodes[1].Notes || !reflect.DeepEqual(got.People, episodes[1].People) || !got.PublishedAt.Equal(episodes[1].PublishedAt) {
			t.Fatalf("%s was not stored: %+v", name, got)
		}
		changes, err := s.Changes(t.Context(), last, 0)
		must(t, err)
		if len(changes) != 1 || changes[0].EpisodeID != episodes[1].ID {
			t.Fatalf("%s: changes %+v", name, changes)
		}
	}
	// Where the audio is is not searchable: it is stored, and the index has nothing to do.
	episodes := episodesOf(show, 2)
	mustSave(t, s, show, episodes)
	last, err := s.LastChange(t.Context())
	must(t, err)
	episodes[0].Enclosure.Location = "https://cdn.example.org/new.mp3"
	if saved := mustSave(t, s, show, episodes); saved.Updated != 1 {
		t.Fatalf("the enclosure: %+v", saved)
	}
	got, err := s.Episode(t.Context(), episodes[0].ID)
	must(t, err)
	if now, _ := s.LastChange(t.Context()); now != last || got.Enclosure != episodes[0].Enclosure {
		t.Fatalf("the enclosure: %+v, changes from %d to %d", got.Enclosure, last, now)
	}
}

func showChanges(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := episodesOf(show, 3)
	mustSave(t, s, show, episodes)
	last, err := s.LastChange(t.Context())
	must(t, err)
	show.Title = "Systems, renamed"
	mustSave(t, s, show, nil)
	changes, err := s.Changes(t.Context(), last, 0)
	must(t, err)
	if len(changes) != 3 {
		t.Fatalf("a renamed show changed %d episodes, want 3", len(changes))
	}
	got, err := s.Show(t.Context(), show.ID)
	must(t, err)
	if got.Title != show.Title {
		t.Fatalf("the title is still %q", got.Title)
	}
}

func invalidShows(c clause) {
	t, s := c.t, c.s
	for name, show := range map[string]models.Show{
		"no identifier": {Title: "x"}, "bad identifier": {ID: "../../etc/passwd", Title: "x"}, "no title": {ID: aShow("a").ID},
	} {
		if _, err := s.SaveShow(t.Context(), show, nil); err == nil {
			t.Errorf("%s: saved", name)
		} else {
			wantError(t, err, models.ErrInvalid)
		}
	}
	_, err := s.SaveShow(t.Context(), aShow("a"), []models.Episode{{Title: "no GUID"}})
	wantError(t, err, models.ErrInvalid)
	if shows, _ := s.Shows(t.Context()); len(shows) != 0 {
		t.Fatalf("half of an invalid show was saved: %+v", shows)
	}
}

func roundTrip(c clause) {
	t, s := c.t, c.s
	show := aShow("Ünïcode 🎙 '; DROP TABLE shows; --")
	show.Description, show.Link, show.ImageURL = "a ? b", "https://example.org", "https://example.org/i.png"
	show.Source.ETag, show.Source.LastModified = `W/"x"`, "yesterday"
	show.Source.PolledAt = time.Date(2026, 2, 3, 4, 5, 6, 7e6, time.UTC)
	episodes := episodesOf(show, 1)
	episodes[0].Notes = "NUL \x00 and \xff\xfe broken, 日本語"
	mustSave(t, s, show, episodes)

	gotShow, err := s.Show(t.Context(), show.ID)
	must(t, err)
	if next := gotShow.Source.NextPollAt; !next.After(gotShow.CreatedAt) {
		t.Errorf("added at %v, it is looked at next at %v", gotShow.CreatedAt, next)
	}
	gotShow.CreatedAt, gotShow.UpdatedAt, gotShow.Source.NextPollAt = time.Time{}, time.Time{}, time.Time{}
	if !reflect.DeepEqual(gotShow, show) {
		t.Errorf("show:\n got %+v\nwant %+v", gotShow, show)
	}
	got, err := s.Episode(t.Context(), episodes[0].ID)
	must(t, err)
	if got.CreatedAt.IsZero() {
		t.Error("the episode was created at no time")
	}
	want := episodes[0]
	want.ShowID, want.State, want.Notes = show.ID, models.EpisodeQueued, "NUL  and \uFFFD broken, 日本語"
	want.CreatedAt, want.UpdatedAt = got.CreatedAt, got.UpdatedAt
	if !reflect.DeepEqual(got, want) {
		t.Errorf("episode:\n got %+v\nwant %+v", got, want)
	}
	_, err = s.Episode(t.Context(), models.NewEpisodeID(show.ID, "other"))
	wantError(t, err, models.ErrNotFound)
	_, err = s.Show(t.Context(), "nothing")
	wantError(t, err, models.ErrNotFound)
	_, err = s.Document(t.Context(), "nothing")
	wantError(t, err, models.ErrNotFound)
}

func listing(c clause) {
	t, s := c.t, c.s
	a, b := aShow("A"), aShow("B")
	as, bs := episodesOf(a, 5), episodesOf(b, 2)
	as[4].PublishedAt = time.Time{} // unknown: last
	mustSave(t, s, a, as)
	mustSave(t, s, b, bs)
	sameTime := make([]models.Episode, 4) // by identifier then
	for i := range sameTime {
		sameTime[i] = models.Episode{GUID: strconv.Itoa(i), Title: fmt.Sprint("At once ", i), PublishedAt: as[2].PublishedAt, Enclosure: as[2].Enclosure}
	}
	d := aShow("D")
	mustSave(t, s, d, sameTime)
	titles := func(f models.EpisodeFilter) (out []string) {
		t.Helper()
		got, err := s.Episodes(t.Context(), f)
		must(t, err)
		for _, e := range got {
			out = append(out, e.Title)
		}
		return out
	}
	for _, c := range []struct {
		f    models.EpisodeFilter
		want []string
	}{
		{models.EpisodeFilter{ShowID: a.ID}, []string{"Episode 3", "Episode 2", "Episode 1", "Episode 0", "Episode 4"}},
		{models.EpisodeFilter{ShowID: a.ID, Limit: 2}, []string{"Episode 3", "Episode 2"}},
		{models.EpisodeFilter{ShowID: a.ID, Limit: 2, After: as[1].Place()}, []string{"Episode 0", "Episode 4"}},
		{models.EpisodeFilter{ShowID: a.ID, After: as[0].Place()}, []string{"Episode 4"}},
		{models.EpisodeFilter{ShowID: a.ID, After: as[4].Place()}, nil},
		{models.EpisodeFilter{After: models.EpisodePlace{PublishedAt: as[1].PublishedAt.Add(time.Hour), ID: "gone"}, Hidden: []models.ShowID{b.ID}}, []string{"Episode 1", "Episode 0", "Episode 4"}},
		{models.EpisodeFilter{State: models.EpisodeDone}, nil},
	} {
		if got := titles(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.f, got, c.want)
		}
	}
	all := titles(models.EpisodeFilter{State: models.EpisodeQueued})
	if len(all) != 11 {
		t.Errorf("%d episodes are queued, want 11", len(all))
	}
	var paged []string
	for f := (models.EpisodeFilter{Limit: 1}); len(paged) <= len(all); {
		page, err := s.Episodes(t.Context(), f)
		must(t, err)
		if len(page) == 0 {
			break
		}
		paged, f.After = append(paged, page[0].Title), page[0].Place()
	}
	if !slices.Equal(paged, all) {
		t.Errorf("one by one: %q, want %q", paged, all)
	}
	ids := []models.EpisodeID{as[0].ID, bs[1].ID, "nothing"}
	byID, err := s.EpisodesByID(t.Context(), ids)
	must(t, err)
	if len(byID) != 2 || byID[as[0].ID].Title != "Episode 0" || byID[bs[1].ID].ShowID != b.ID {
		t.Errorf("by identifier: %+v", byID)
	}
	short, err := s.EpisodesInShort(t.Context(), ids)
	must(t, err)
	for id, e := range byID {
		e.GUID, e.Link, e.Notes, e.People, e.ChaptersURL, e.Chapters, e.Transcripts = "", "", "", nil, "", nil, nil
		if diff := cmp.Diff(e, short[id]); diff != "" || len(short) != len(byID) {
			t.Errorf("%d in short (-want +got):\n%s", len(short), diff)
		}
	}
	shows, err := s.Shows(t.Context())
	must(t, err)
	shownAs, err := s.ShowTitles(t.Context())
	must(t, err)
	if len(shows) != 3 || shows[0].Title != "A" || len(shownAs) != 3 || shownAs[b.ID] != "B" {
		t.Errorf("shows: %+v, by title %v", shows, shownAs)
	}
}

func deleting(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := episodesOf(show, 2)
	mustSave(t, s, show, episodes)
	gone := episodes[0].ID
	last, err := s.LastChange(t.Context())
	must(t, err)
	must(t, s.DeleteEpisode(t.Context(), gone))
	_, err = s.Episode(t.Context(), gone)
	wantError(t, err, models.ErrNotFound)
	wantError(t, s.DeleteEpisode(t.Context(), gone), models.ErrNotFound)
	changes, err := s.Changes(t.Context(), last, 0)
	must(t, err)
	if len(changes) != 1 || changes[0].EpisodeID != gone || !changes[0].Deleted {
		t.Fatalf("changes: %+v", changes)
	}
	if st, _ := s.Status(t.Context()); st.Queue["download"] != 1 {
		t.Fatalf("the queue after deleting one of two: %v", st.Queue)
	}
	// Added again by hand it is back, in the index too.
	if saved := mustSave(t, s, show, episodes); len(saved.NewEpisodes) != 1 {
		t.Fatalf("added again: %+v", saved)
	}
	changes, err = s.Changes(t.Context(), changes[0].Seq, 0)
	must(t, err)
	if len(changes) != 1 || changes[0].Deleted {
		t.Fatalf("changes after adding again: %+v", changes)
	}
}

func manyEpisodes(c clause) {
	t, s := c.t, c.s
	show := aShow("Daily")
	episodes := episodesOf(show, 3000)
	if saved := mustSave(t, s, show, episodes); len(saved.NewEpisodes) != 3000 {
		t.Fatalf("%d are new", len(saved.NewEpisodes))
	}
	ids := make([]models.EpisodeID, 0, len(episodes))
	for _, e := range episodes {
		ids = append(ids, e.ID)
	}
	byID, err := s.EpisodesByID(t.Context(), ids)
	must(t, err)
	st, err := s.Status(t.Context())
	must(t, err)
	if len(byID) != 3000 || st.Queue["download"] != 3000 {
		t.Fatalf("%d episodes, queue %v", len(byID), st.Queue)
	}
	seen, after := 0, int64(0)
	for {
		changes, err := s.Changes(t.Context(), after, 700)
		must(t, err)
		if len(changes) == 0 {
			break
		}
		seen, after = seen+len(changes), changes[len(changes)-1].Seq
	}
	if last, _ := s.LastChange(t.Context()); seen != 3000 || after != last {
		t.Fatalf("%d changes up to %d, the last is %d", seen, after, last)
	}
}

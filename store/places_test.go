package store

import (
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// TestFilesOfOtherMachines: where several machines share an archive, a local recording is brought by a worker beside its file, and by no other;
// where there is none, the status says so.
func TestFilesOfOtherMachines(t *testing.T) {
	p := place{t.TempDir(), postgresServer.database(t)}
	here, there := p.open(t), p.elsewhere(t).open(t)
	if here.Place() == there.Place() || p.open(t).Place() != here.Place() {
		t.Fatalf("the places are %q and %q", here.Place(), there.Place())
	}
	show := aShow("Recordings")
	show.Source = models.Source{Kind: models.SourceFolder, Location: "/music"}
	local := episodesOf(show, 3)
	local[0].Enclosure.Location, local[1].Enclosure.Location = "/music/a.mp3", "/music/b.mp3"
	mustSave(t, here, show, local) // the third one is on the web
	works := hold(t, there, quickly())
	a := works.take(t)
	if a.job != any(models.DownloadJob{EpisodeID: local[2].ID}) {
		t.Fatalf("%+v is taken where the file is not", a.job)
	}
	a.finish(models.ErrUnusable)
	held := func() string {
		st, err := here.Status(t.Context())
		must(t, err)
		if len(st.Holds) == 0 {
			return ""
		}
		if st.Holds[0].Kind != models.HoldElsewhere || st.Queue["download"] == 0 || st.Workers != 1 {
			t.Errorf("%+v", st)
		}
		return st.Holds[0].Reason
	}
	eventually(t, "the status says what waits", func() bool {
		return strings.Contains(held(), "2 recordings wait until Earshot runs on "+here.Place())
	})
	// Its owner adds one of them where somebody works.
	mustSave(t, there, show, local[:1])
	if a := works.take(t); a.job != any(models.DownloadJob{EpisodeID: local[0].ID}) {
		t.Errorf("%+v is taken", a.job)
	} else {
		a.finish(models.ErrUnusable)
	}
	eventually(t, "one waits", func() bool { return strings.Contains(held(), "1 recording waits") })
	o := quickly()
	o.OnlyHere = true // as a server that leaves the rest to others
	brings := hold(t, here, o)
	a = brings.take(t)
	if a.job != any(models.DownloadJob{EpisodeID: local[1].ID}) {
		t.Errorf("%+v is taken", a.job)
	}
	eventually(t, "nothing waits any more", func() bool { return held() == "" })
	a.finish(nil)
	must(t, here.Enqueue(t.Context(), models.DownloadJob{EpisodeID: local[0].ID}))
	if a := works.take(t); a.job != any(models.DownloadJob{EpisodeID: local[0].ID}) {
		t.Errorf("%+v is taken", a.job)
	} else {
		a.finish(models.ErrUnusable)
	}
}

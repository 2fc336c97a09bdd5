package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestQueueByHand(t *testing.T) {
	a, _ := library(t)
	h := newHandler(t, a)
	var waiting models.EpisodeID
	for _, e := range a.episodes {
		if e.State != models.EpisodeDone {
			waiting = e.ID
		}
	}
	post := func(target string, into any) {
		t.Helper()
		res, body := ask(t, h, "POST", target)
		if res.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %d %s", target, res.StatusCode, body)
		}
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Fatal(err)
		}
	}
	var st Status
	post("/api/v1/queue/pause", &st)
	if len(st.Holds) != 1 || st.Holds[0].Kind != models.HoldPaused || st.Holds[0].Until != nil {
		t.Errorf("paused: %+v", st.Holds)
	}
	post("/api/v1/queue/resume", &st)
	if len(st.Holds) != 0 {
		t.Errorf("resumed: %+v", st.Holds)
	}
	var show Show
	of := "/api/v1/shows/" + string(a.shows[0].ID)
	if post(of+"/pause", &show); !show.Paused {
		t.Errorf("%+v", show)
	}
	if post(of+"/resume", &show); show.Paused {
		t.Errorf("%+v", show)
	}
	var e EpisodeDetail
	if post("/api/v1/episodes/"+string(waiting)+"/now", &e); e.ID != waiting || !slices.Contains(a.urgent, waiting) {
		t.Errorf("%+v", e)
	}
	if post("/api/v1/episodes/"+string(waiting)+"/cancel", &e); e.State != models.EpisodeFailed {
		t.Errorf("%+v", e)
	}
	for target, want := range map[string]int{
		"/api/v1/shows/nothing/pause": 404, "/api/v1/shows/0000000000000000/resume": 404, "/api/v1/episodes/nothing/now": 404,
		"/api/v1/episodes/0000000000000000/cancel": 404, "/api/v1/queue/stop": 404,
	} {
		if res, body := ask(t, h, "POST", target); res.StatusCode != want {
			t.Errorf("%s: %d %s", target, res.StatusCode, body)
		}
	}
	for _, target := range []string{"/api/v1/queue/pause", of + "/pause", "/api/v1/episodes/" + string(waiting) + "/now"} {
		if res, _ := ask(t, h, "POST", target, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %d", target, res.StatusCode)
		}
		if res, body := ask(t, h, "GET", target); res.StatusCode != http.StatusMethodNotAllowed && !strings.Contains(body, "nothing at this address") {
			t.Errorf("GET %s: %d", target, res.StatusCode)
		}
	}
}

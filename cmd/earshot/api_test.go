//go:build !stub

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// TestAPI serves an archive that asks everybody to log in, and lets others use its API: a reader of docs/api.md, and
// Schemathesis, which makes requests of what the description says.
func TestAPI(t *testing.T) {
	p := newProgram(t)
	p.must("add", sample(t))
	admin := p.command(t.Context(), "user", "add", "ada", "--role", "admin")
	admin.Stdin = strings.NewReader("correct horse battery\n")
	if out, err := admin.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	token := strings.TrimSpace(p.must("token", "add", "tests", "--scope", "admin"))
	url := p.serve()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for p.status().Episodes[models.EpisodeDone] == 0 {
		<-tick.C
	}
	var list struct {
		Episodes []struct {
			ID     string
			ShowID string `json:"show_id"`
		}
	}
	getJSON(t, url+"/api/v1/episodes", &list, token)
	episode := list.Episodes[0]

	t.Run("documented examples", func(t *testing.T) {
		doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
		if err != nil {
			t.Fatal(err)
		}
		talk, err := os.ReadFile(sample(t))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "talk.mp3"), talk, 0o600); err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		script.WriteString("set -euxo pipefail\n")
		blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(doc, -1)
		for _, b := range blocks {
			script.Write(b[1])
		}
		if len(blocks) < 10 {
			t.Errorf("docs/api.md has %d examples", len(blocks))
		}
		sh := exec.CommandContext(t.Context(), "bash")
		sh.Dir, sh.Stdin = dir, strings.NewReader(script.String())
		sh.Env = append(os.Environ(), "EARSHOT_URL="+url, "EARSHOT_TOKEN="+token, "EPISODE="+episode.ID, "SHOW="+episode.ShowID)
		if out, err := sh.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})

	t.Run("properties", func(t *testing.T) {
		tool := os.Getenv("EARSHOT_SCHEMATHESIS")
		if tool == "" {
			skipOrFail(t, "EARSHOT_SCHEMATHESIS does not say where Schemathesis is (make test does)")
		}
		cmd := exec.CommandContext(t.Context(), tool, "run", url+"/api/v1/openapi.json", "--header", "Authorization: Bearer "+token,
			"--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--request-timeout", "20", "--workers", "1", // several meet a fault of Python's now and then (python/cpython#106905)
			"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance",
			// One does not end, one fetches weights of gigabytes, and one would lock the others out.
			"--exclude-operation-id", "stream-events", "--exclude-operation-id", "pull-model", "--exclude-operation-id", "change-password")
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

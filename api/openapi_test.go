package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/earshot/earshot/models"
)

var update = flag.Bool("update", false, "rewrite openapi.json")

// The page's types are generated from openapi.json, so it must be what the server says.
func TestOpenAPIIsCurrent(t *testing.T) {
	o := newArchive(t).options(t)
	o.Version = "dev"
	o.Uploads = &Uploads{}
	o.Owner, o.Sources, o.Weights, o.Naming = struct{ Owner }{}, struct{ Sources }{}, struct{ Weights }{}, struct{ Naming }{}
	o.Storage = func(context.Context) (used models.Storage, err error) { return used, err }
	_, h, err := newRouter(o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(h.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.json is not what the server describes: run `go test ./api -run OpenAPI -update`, then `npm run types` in api/web")
	}
}

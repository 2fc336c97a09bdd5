package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

const secret = "hush"

func TestNothingShowsSecrets(t *testing.T) {
	location, access := SplitAccess("https://ann:" + secret + "@Feeds.Example.org/private/" + secret + "/rss?token=" + secret + "#" + secret)
	if !strings.Contains(string(location), "/private/hush/rss?token=hush") || strings.Contains(string(location), "ann") {
		t.Fatalf("the location without its password is %q", string(location))
	}
	headed, err := NewAccess(location, map[string]string{"X-Token": secret})
	if err != nil {
		t.Fatal(err)
	}
	show := Show{Title: "A show", Source: Source{Kind: SourceFeed, Location: location, Access: access}}
	episode := Episode{Enclosure: Enclosure{Location: location}}
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("looked", "show", show, "source", show.Source, "location", location, "access", access, "episode", episode, "headed", headed)
	}
	for _, v := range []any{show, &show, episode, location, access, headed, show.Source} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, access, v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	if text := out.String(); strings.Contains(text, secret) || !strings.Contains(text, "https://Feeds.Example.org/…") {
		t.Errorf("shown: %s", text)
	}
	text, err := access.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := StoredAccess(text); err != nil || !again.Equal(access) || again.IsZero() || again.Equal(headed) {
		t.Errorf("stored and read again: %v", err)
	}
}

func TestAccessIsForOneServer(t *testing.T) {
	_, secure := SplitAccess("https://a:b@example.org/feed")
	_, plain := SplitAccess("http://a:b@example.org/feed")
	_, odd := SplitAccess("http://a:b@example.org:8080/feed")
	for _, c := range []struct {
		access Access
		url    string
		want   bool
	}{
		{secure, "https://example.org/x.mp3", true},
		{secure, "https://EXAMPLE.org:443/x.mp3", true},
		{secure, "http://example.org/x.mp3", false},
		{secure, "https://cdn.example.org/x.mp3", false},
		{secure, "https://example.org:8443/x.mp3", false},
		{secure, "https://example.org.evil.example/x.mp3", false},
		{plain, "http://example.org/x.mp3", true},
		{plain, "https://example.org/x.mp3", true},
		{plain, "https://example.org:8443/x.mp3", false},
		{odd, "https://example.org/x.mp3", false},
		{odd, "http://example.org:8080/x.mp3", true},
		{Access{}, "https://example.org/x.mp3", false},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(c.access.For(u)) > 0; got != c.want {
			t.Errorf("%s: told %v, want %v", c.url, got, c.want)
		}
	}
}

func TestAccessRefusesWhatCannotBeSent(t *testing.T) {
	for _, header := range []map[string]string{
		{"Host": secret}, {"range": secret}, {"If-None-Match": secret}, {"a b": secret}, {"": secret}, {"X-A": secret + "\r\nX-B: 1"}, {"X": strings.Repeat(secret, 4000)},
	} {
		_, err := NewAccess("https://example.org/feed", header)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v: %v", header, err)
		}
	}
	if _, err := NewAccess("/home/feed.xml", map[string]string{"X-A": "b"}); err == nil {
		t.Error("a file has no server")
	}
	if a, err := NewAccess("/home/feed.xml", nil); err != nil || !a.IsZero() {
		t.Error(a, err)
	}
}

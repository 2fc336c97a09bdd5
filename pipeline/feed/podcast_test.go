package feed

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

const modern = `<rss version="2.0" xmlns:p="https://podcastindex.org/namespace/1.0"><channel><title>Modern</title>
<p:guid>917393E3-1b1e-5cef-ace4-edaa54e1f810</p:guid><p:locked owner="a@example.org">yes</p:locked><p:medium>Audiobook</p:medium>
<item><title>One</title><guid>1</guid>
<enclosure url="https://example.org/1.mp4" type="video/mp4" length="9000"/>
<p:alternateEnclosure type="audio/opus" length="800"><p:source uri="ipfs://abc"/><p:source uri="https://example.org/1.opus"/></p:alternateEnclosure>
<p:transcript url="t/1.srt" type="application/SRT" rel="captions" language="en"/>
<p:transcript url="t/1.srt" type="application/x-subrip"/><p:transcript url="javascript:alert(1)" type="text/vtt"/><p:transcript url="https://example.org/1.json" type="application/json"/>
<p:chapters url="ftp://example.org/c.json"/><p:chapters url="/c/1.json" type="application/json+chapters"/></item>
<item><title>Two</title><guid>2</guid><enclosure url="https://example.org/2.mp3" type="audio/mpeg" length="5"/>
<p:alternateEnclosure type="audio/opus" length="800" default="true"><p:source uri="https://example.org/2.opus"/></p:alternateEnclosure></item>
</channel></rss>`

func TestPodcastingTwo(t *testing.T) {
	l, err := parseString(t, modern)
	if err != nil || l.Show.FeedGUID != "917393e3-1b1e-5cef-ace4-edaa54e1f810" || !l.Show.Locked || l.Show.Medium != "audiobook" || len(l.Episodes) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	one, two := l.Episodes[0], l.Episodes[1]
	if one.Enclosure != (models.Enclosure{Location: "https://example.org/1.opus", Type: "audio/opus", Bytes: 800}) {
		t.Errorf("the audio beside a video must be taken: %+v", one.Enclosure)
	}
	if two.Enclosure.Location != "https://example.org/2.mp3" {
		t.Errorf("the enclosure comes before another recording of it: %+v", two.Enclosure)
	}
	want := []models.TranscriptLink{
		{URL: "https://example.org/feeds/t/1.srt", Type: "application/srt", Language: "en", Rel: "captions"},
		{URL: "https://example.org/1.json", Type: "application/json"},
	}
	if diff := cmp.Diff(want, one.Transcripts); diff != "" {
		t.Error(diff)
	}
	if one.ChaptersURL != "https://example.org/c/1.json" || two.ChaptersURL != "" || two.Transcripts != nil {
		t.Errorf("chapters at %q, and at %q of an episode without any; transcripts %v", one.ChaptersURL, two.ChaptersURL, two.Transcripts)
	}
	if l, err := parseString(t, strings.NewReplacer("917393E3", "917393X3", "Audiobook", "podcast", ">yes<", ">no<").Replace(modern)); err != nil || l.Show.FeedGUID != "" || l.Show.Medium != "" || l.Show.Locked {
		t.Errorf("%+v, %v", l.Show, err)
	}
}

package chapters_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/chapters"
)

const example = `{"version":"1.2.0","chapters":[
	{"startTime":168.5,"title":"Second\u0007 part","url":"https://example.org/2","endTime":170},
	{"startTime":0,"title":"Intro","endTime":0,"img":"https://example.org/1.jpg"},
	{"startTime":200,"title":"Advert","toc":false}, {"startTime":-1,"title":"Before"}, {"title":"Never"}, {"startTime":300,"title":" "},
	{"startTime":400,"title":"Bad link","url":"javascript:alert(1)"}, {"startTime":400,"title":"Twice"}, {"startTime":1e300,"title":"Late"}]}`

func TestParse(t *testing.T) {
	want := []models.Chapter{
		{Title: "Intro"}, {StartMS: 168_500, EndMS: 170_000, Title: "Second part", Link: "https://example.org/2"}, {StartMS: 400_000, Title: "Bad link"},
	}
	got, err := chapters.Parse([]byte(example))
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
	for _, bad := range []string{"", "[]", "<html>", `{"chapters":null}`, `{"chapters":[{"startTime":"x"}]}`, `{}`} {
		if _, err := chapters.Parse([]byte(bad)); !errors.Is(err, models.ErrUnusable) {
			t.Errorf("%q gives %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := chapters.Parse(file)
		last := int64(-1)
		for _, c := range got {
			if err != nil || c.StartMS <= last || c.Title == "" || c.EndMS != 0 && c.EndMS <= c.StartMS {
				t.Errorf("%v %+v", err, got)
			}
			last = c.StartMS
		}
	})
}

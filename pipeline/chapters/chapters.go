// Package chapters reads chapters as publishers offer them: the JSON form of podcast:chapters
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/chapters/jsonChapters.md).
package chapters

import (
	"cmp"
	"encoding/json"
	"math"
	"net/url"
	"slices"

	"github.com/earshot/earshot/models"
)

const (
	// MaxBytes bounds a file of chapters.
	MaxBytes = 2 << 20

	most      = 1000
	mostTitle = 300     // characters
	mostMS    = 1 << 40 // 34 years
)

// Parse reads a file of chapters. Those without a title, those that are not for a table of contents, and those whose time makes no
// sense are left out; links that a browser must not follow too. A file that is none is models.ErrUnusable.
func Parse(file []byte) ([]models.Chapter, error) {
	var d struct {
		Chapters *[]struct {
			StartTime *float64 `json:"startTime"`
			EndTime   *float64 `json:"endTime"`
			Title     string   `json:"title"`
			URL       string   `json:"url"`
			Contents  *bool    `json:"toc"`
		} `json:"chapters"`
	}
	if err := json.Unmarshal(file, &d); err != nil || d.Chapters == nil {
		return nil, models.Explain(models.ErrUnusable, "this is no file of chapters")
	}
	var out []models.Chapter
	for _, c := range *d.Chapters {
		start, ok := milliseconds(c.StartTime)
		title := models.ShortLine(c.Title, mostTitle)
		if !ok || title == "" || c.Contents != nil && !*c.Contents {
			continue
		}
		end, _ := milliseconds(c.EndTime)
		if end <= start {
			end = 0
		}
		out = append(out, models.Chapter{StartMS: start, EndMS: end, Title: title, Link: link(c.URL)})
	}
	slices.SortStableFunc(out, func(a, b models.Chapter) int { return cmp.Compare(a.StartMS, b.StartMS) })
	out = slices.CompactFunc(out, func(a, b models.Chapter) bool { return a.StartMS == b.StartMS })
	return out[:min(len(out), most)], nil
}

// milliseconds reads seconds, where they are a time in a recording.
func milliseconds(s *float64) (int64, bool) {
	if s == nil || math.IsNaN(*s) || *s < 0 || *s*1000 > mostMS {
		return 0, false
	}
	return int64(math.Round(*s * 1000)), true
}

func link(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

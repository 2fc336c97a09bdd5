package feed

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/earshot/earshot/models"
)

const (
	maxLine  = 1000      // code points of a title or name
	maxNotes = 512 << 10 // bytes of a description
)

// cleanLine makes plain text of one line: no tags, no control characters, single spaces, bounded.
func cleanLine(s string) string {
	if len(s) > 16*maxLine {
		s = strings.ToValidUTF8(s[:16*maxLine], "")
	}
	if strings.ContainsRune(s, '<') {
		s = withoutTags(s)
	}
	return models.ShortLine(s, maxLine)
}

// withoutTags keeps the text of HTML, and everything that only looks a little like HTML ("a < b").
func withoutTags(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b strings.Builder
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		default:
		}
	}
}

// cleanNotes bounds text of several lines, which may hold HTML.
func cleanNotes(s string) string {
	if len(s) > maxNotes {
		s = s[:maxNotes]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}

// language accepts what has the form of a BCP 47 tag.
func language(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || len(s) > 35 {
		return ""
	}
	for _, r := range s {
		if r != '-' && r != '_' && (r > 'z' || !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			return ""
		}
	}
	return strings.ReplaceAll(s, "_", "-")
}

// number reads a season or episode number; 0 for what is none.
func number(s string) int {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64) // podcast:episode allows "3.5"
	if err != nil || !(n >= 1 && n <= 1e6) {
		return 0
	}
	return int(n)
}

// duration reads "1:02:03", "62:03", "3723" and "3723.5" as milliseconds; 0 for what is no length of a recording.
func duration(s string) int64 {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 20 {
		return 0
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0
	}
	total := 0.0
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || !(v >= 0 && v < 1e7) || i < len(parts)-1 && v != float64(int(v)) {
			return 0
		}
		total = total*60 + v
	}
	if total > (14 * 24 * time.Hour).Seconds() {
		return 0
	}
	return int64(total*1000 + 0.5)
}

// date takes what gofeed understood, else tries what it does not: weekdays and months in odd spellings.
func date(parsed *time.Time, raw string) time.Time {
	var t time.Time
	if parsed != nil {
		t = *parsed
	} else {
		t = looseDate(raw)
	}
	if t.Year() < 1800 || t.Year() > 9999 || t.Unix() == 0 {
		return time.Time{} // year 1, the start of the epoch: a program's zero, not a date
	}
	return t.UTC()
}

// looseDate reads "<any weekday>, 2 Sept 2024 13:00:00 <any zone>".
func looseDate(raw string) time.Time {
	if _, after, ok := strings.Cut(raw, ","); ok {
		raw = after
	}
	f := strings.Fields(strings.ReplaceAll(raw, "-", " "))
	if len(f) < 3 || len(f[1]) < 3 || len(raw) > 100 {
		return time.Time{}
	}
	day := f[0] + " " + strings.ToUpper(f[1][:1]) + strings.ToLower(f[1][1:min(3, len(f[1]))]) + " " + f[2]
	if len(f) > 3 {
		if t, err := time.Parse("2 Jan 2006 15:04:05", day+" "+f[3]); err == nil {
			return t
		}
	}
	t, err := time.Parse("2 Jan 2006", day)
	if err != nil {
		return time.Time{}
	}
	return t
}

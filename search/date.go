package search

import (
	"math"
	"regexp"
	"strconv"
	"time"
)

// span is a stretch of time in Unix seconds, [from, to), all in UTC.
type span struct{ from, to int64 }

func (s span) has(second int64) bool { return second >= s.from && second < s.to }

// period reads YYYY, YYYY-MM or YYYY-MM-DD and writes it in full.
func period(text string) (name string, s span, ok bool) {
	for _, p := range []struct {
		read, write         string
		years, months, days int
	}{{"2006-1-2", "2006-01-02", 0, 0, 1}, {"2006-1", "2006-01", 0, 1, 0}, {"2006", "2006", 1, 0, 0}} {
		if t, err := time.Parse(p.read, text); err == nil {
			return t.Format(p.write), span{t.Unix(), t.AddDate(p.years, p.months, p.days).Unix()}, true
		}
	}
	return "", span{}, false
}

// dateLeaf reads the period of before: and after:, neither of which includes it; nil when it is none.
func dateLeaf(field, text string) *leaf {
	name, s, ok := period(text)
	switch {
	case !ok:
		return nil
	case field == queryBefore:
		s = span{math.MinInt64, s.from}
	default:
		s = span{s.to, math.MaxInt64}
	}
	return &leaf{kind: kindWord, field: field, forms: []string{name}, when: s}
}

// years reads YYYY or YYYY-YYYY, both included; nil when it is neither.
func years(text string) *leaf {
	m := regexp.MustCompile(`^(\d{4})(?:[-–](\d{4}))?$`).FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	name, last := m[1], m[1]
	if m[2] != "" && m[2] != m[1] {
		name, last = min(m[1], m[2]), max(m[1], m[2])
	}
	first, _ := strconv.Atoi(name)
	end, _ := strconv.Atoi(last)
	if last != name {
		name += "-" + last
	}
	start := func(year int) int64 { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix() }
	return &leaf{kind: kindWord, field: queryYear, forms: []string{name}, when: span{start(first), start(end + 1)}}
}

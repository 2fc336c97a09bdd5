package models

import (
	"strings"
	"time"
)

// QuietHours are times of day, on the clocks of the place where the machine stands, during which it does not transcribe.
// The zero value is none.
type QuietHours struct {
	spans []span
}

// span is a stretch of the day from a minute to another one, which is not part of it; over midnight where from is the later.
type span struct{ from, to int }

const minutesOfDay = 24 * 60

// ParseQuietHours reads text like "22:00-07:00" or "9:00-12:30, 14:00-18:00"; "" is none. Text of another form is
// [ErrInvalid], and so are hours that leave no time to transcribe.
func ParseQuietHours(text string) (QuietHours, error) {
	var q QuietHours
	if strings.TrimSpace(text) == "" {
		return q, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, ok := strings.Cut(part, "-")
		a, okA := minuteOfDay(from)
		b, okB := minuteOfDay(to)
		if !ok || !okA || !okB || a == b {
			return QuietHours{}, Explain(ErrInvalid, "%q are no quiet hours: write them as 22:00-07:00, several with commas between", text)
		}
		q.spans = append(q.spans, span{a, b})
	}
	for minute := range minutesOfDay {
		if !q.includes(minute) {
			return q, nil
		}
	}
	return QuietHours{}, Explain(ErrInvalid, "the quiet hours %q leave no time to transcribe: make them shorter, or pause the queue", text)
}

// minuteOfDay reads a time of day; 24:00 is midnight.
func minuteOfDay(text string) (minute int, ok bool) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return 0, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil
}

func (q QuietHours) includes(minute int) bool {
	for _, s := range q.spans {
		if s.from < s.to && s.from <= minute && minute < s.to || s.from > s.to && (minute >= s.from || minute < s.to) {
			return true
		}
	}
	return false
}

// Until reports whether t is within the quiet hours, and when they end. What the clocks on the wall show counts: where they
// are put forward or back, the hours are as much shorter or longer.
func (q QuietHours) Until(t time.Time) (end time.Time, quiet bool) {
	if !q.includes(wallMinute(t)) {
		return time.Time{}, false
	}
	return q.change(t), true
}

// change is the next full minute after t at which quiet hours begin or end. There must be some.
func (q QuietHours) change(t time.Time) time.Time {
	now := q.includes(wallMinute(t))
	for t = t.Truncate(time.Minute); q.includes(wallMinute(t)) == now; {
		t = t.Add(time.Minute)
	}
	return t
}

// After returns when work that takes d is done if it is begun at t and rests during the quiet hours.
func (q QuietHours) After(t time.Time, d time.Duration) time.Time {
	if len(q.spans) == 0 {
		return t.Add(d)
	}
	open := time.Duration(0) // of a day
	for minute := range minutesOfDay {
		if !q.includes(minute) {
			open += time.Minute
		}
	}
	if days := int(d/open) - 1; days > 0 { // whole days at once
		t, d = t.AddDate(0, 0, days), d-time.Duration(days)*open
	}
	for {
		next := q.change(t)
		if !q.includes(wallMinute(t)) {
			if d <= next.Sub(t) {
				return t.Add(d)
			}
			d -= next.Sub(t)
		}
		t = next
	}
}

func wallMinute(t time.Time) int { return t.Hour()*60 + t.Minute() }

// String returns the hours as they are written in settings.
func (q QuietHours) String() string {
	parts := make([]string, len(q.spans))
	for i, s := range q.spans {
		parts[i] = wall(s.from) + "-" + wall(s.to)
	}
	return strings.Join(parts, ", ")
}

func wall(minute int) string {
	return time.Date(0, 1, 1, minute/60, minute%60, 0, 0, time.UTC).Format("15:04")
}

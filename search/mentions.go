package search

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/earshot/earshot/models"
)

const (
	monthForm = "2006-01"
	// maxMonthGap is how many months without a match are listed one after the other. Where there are more, only months with
	// a match are: one wrong date does not make the years since Caesar.
	maxMonthGap = 120
)

// Mentions counts the episodes and moments that match a query by the month of publication. Of the query only the text, the
// episode, Strict and Hidden count.
func (x *Index) Mentions(ctx context.Context, q models.Query) (models.Mentions, error) {
	out := models.Mentions{Months: []models.MonthMentions{}}
	root := x.an.parse(q.Text)
	if root == nil {
		return out, ctx.Err()
	}
	err := x.ask(ctx, q.Hidden, func(e *evaluation) (err error) {
		out, err = e.mentions(root, q)
		return err
	})
	if err != nil {
		return models.Mentions{}, fmt.Errorf("counting mentions: %w", err)
	}
	return out, nil
}

func (e *evaluation) mentions(root *node, q models.Query) (models.Mentions, error) {
	answer, err := e.matching(root, q)
	if err != nil {
		return models.Mentions{}, err
	}
	byMonth := map[string]*models.MonthMentions{}
	for _, r := range answer.list {
		t, err := e.table(r.episode)
		if err != nil {
			return models.Mentions{}, err
		}
		if err := e.ctx.Err(); err != nil {
			return models.Mentions{}, err
		}
		name := monthOf(e.v.published[r.episode])
		m := byMonth[name]
		if m == nil {
			m = &models.MonthMentions{Month: name}
			byMonth[name] = m
		}
		found, err := e.occurrences(answer.top, r.episode, t)
		if err != nil {
			return models.Mentions{}, err
		}
		m.Episodes++
		m.Moments += len(joinOccurrences(found))
	}
	of := map[string]int{}
	for _, at := range e.v.published {
		of[monthOf(at)]++
	}
	out := models.Mentions{
		Understood: answer.asked.String(), Approximate: answer.asked != root, Base: e.narrowable(answer.asked, q.Text),
		Months: []models.MonthMentions{}, Undated: models.MonthMentions{Of: of[""]},
	}
	if m := byMonth[""]; m != nil {
		out.Undated.Episodes, out.Undated.Moments = m.Episodes, m.Moments
		delete(byMonth, "")
	}
	for _, month := range slices.Sorted(maps.Keys(byMonth)) {
		out.Months = append(fillMonths(out.Months, month), *byMonth[month])
	}
	for i := range out.Months {
		out.Months[i].Of = of[out.Months[i].Month]
	}
	return out, nil
}

// monthOf returns the month of a time of publication, "" for none.
func monthOf(published int64) string {
	if published == 0 {
		return ""
	}
	return time.Unix(published, 0).UTC().Format(monthForm)
}

// fillMonths appends the months that lie between the last one and the next, unless there are too many.
func fillMonths(list []models.MonthMentions, next string) []models.MonthMentions {
	if len(list) == 0 {
		return list
	}
	at, err := time.Parse(monthForm, list[len(list)-1].Month)
	if err != nil {
		return list // a year of five digits
	}
	var gap []models.MonthMentions
	for {
		at = at.AddDate(0, 1, 0)
		month := at.Format(monthForm)
		if month >= next {
			return append(list, gap...)
		}
		if gap = append(gap, models.MonthMentions{Month: month}); len(gap) > maxMonthGap {
			return list
		}
	}
}

package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// A list that can be long comes in pages. Each says by a cursor where the next one begins: the place of its last entry, by what the
// list is sorted by. So a page far down is as fast as the first one, and none is told twice or left out while entries come and go.

// Paged asks for a page of a list.
type Paged struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"Where to go on: next of the page before; absent: from the first one"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Greatest number to return"`
}

// cursorTo names a place in a list; place is numbers and identifiers.
func cursorTo(list string, place any) (string, error) {
	text, err := json.Marshal(place)
	return base64.RawURLEncoding.EncodeToString(append([]byte(list+":"), text...)), err
}

// readCursor reads the place in a list that a cursor names; "" leaves it alone. valid says whether there can be such a place.
func readCursor(list, cursor string, place any, valid func() bool) error {
	if cursor == "" {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	text, ours := bytes.CutPrefix(text, []byte(list+":"))
	if err != nil || !ours || json.Unmarshal(text, place) != nil || !valid() {
		return huma.NewError(http.StatusUnprocessableEntity, "validation failed",
			&huma.ErrorDetail{Location: "query.cursor", Message: "this is no cursor of this list: take next of the page before, or begin without one"})
	}
	return nil
}

// cutPage cuts what was read, of which one more than limit was asked for, to a page, and returns the cursor of the page that follows;
// "" where there is none.
func cutPage[T any](read []T, limit int, cursor func(last T) (string, error)) (page []T, next string, err error) {
	if len(read) <= limit {
		return read, "", nil
	}
	next, err = cursor(read[limit-1])
	return read[:limit], next, err
}

// episodesList is the name of lists of episodes in cursors.
const episodesList = "episodes"

// episodePlace is a place in a list of episodes, as cursors have it.
type episodePlace struct {
	At int64            `json:"at"` // of publication, ms since 1970; 0 unknown
	ID models.EpisodeID `json:"id"`
}

// EpisodesCursor returns the cursor of the episodes that follow a place; "" for the zero value, after which all are.
func EpisodesCursor(after models.EpisodePlace) (string, error) {
	if after.ID == "" {
		return "", nil
	}
	p := episodePlace{ID: after.ID}
	if !after.PublishedAt.IsZero() {
		p.At = after.PublishedAt.UnixMilli()
	}
	return cursorTo(episodesList, p)
}

// episodesAfter reads the cursor of a list of episodes.
func episodesAfter(cursor string) (after models.EpisodePlace, err error) {
	var p episodePlace
	if err := readCursor(episodesList, cursor, &p, func() bool { return models.ValidID(string(p.ID)) }); err != nil {
		return after, err
	}
	after.ID = p.ID
	if p.At != 0 {
		after.PublishedAt = time.UnixMilli(p.At)
	}
	return after, nil
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

const (
	// telling is how much audio a running attempt must have decoded before its speed is believed, in ms: until then loading
	// the model and finding the language are most of what it does.
	telling = 2 * 60 * 1000
	// latest is how many of the newest reports tell the speed when nothing that runs does.
	latest = 5
)

// outlook says how fast transcription goes, how much waits, and how long that will take.
func outlook(ctx context.Context, tx bun.Tx, st *models.Status) error {
	known, err := speedOf(ctx, tx)
	if err != nil {
		return err
	}
	running := 0.0
	for _, r := range st.Running {
		if r.Kind != transcribeKind().name {
			continue
		}
		if r.Done-r.Began >= telling || known == 0 {
			running += r.Speed()
		} else {
			running += known
		}
	}
	st.Speed = math.Round(max(running, 0)*100) / 100
	if st.Speed == 0 {
		st.Speed = math.Round(known*100) / 100
	}
	if st.WaitingMS, err = waiting(ctx, tx, st.Running); err != nil {
		return err
	}
	if st.Speed > 0 {
		st.LeftMS = int64(float64(st.WaitingMS) / st.Speed)
	}
	return nil
}

// finish is about when everything that waits will be transcribed: the work rests during the quiet hours, where all workers
// have the same ones.
func (s *Store) finish(said []saying, st models.Status) time.Time {
	if st.LeftMS == 0 || st.Workers == 0 {
		return time.Time{}
	}
	for _, h := range st.Holds {
		if h.Until.IsZero() {
			return time.Time{}
		}
	}
	quiet := said[0].Quiet
	for _, w := range said[1:] {
		if w.Quiet != quiet {
			quiet = ""
		}
	}
	hours, err := models.ParseQuietHours(quiet)
	if err != nil { // of a version with other hours
		return time.Time{}
	}
	return hours.After(s.now(), time.Duration(st.LeftMS)*time.Millisecond).UTC()
}

// speedOf is how many times faster than real time the latest transcripts were made; 0 when none says.
func speedOf(ctx context.Context, tx bun.Tx) (float64, error) {
	var reports []string
	err := tx.NewSelect().Model((*transcriptRow)(nil)).Column("report").Where("complete").Where("source = ?", models.TranscriptWhisper).
		Where("report <> '{}'").Order("id DESC").Limit(latest).Scan(ctx, &reports)
	if err != nil {
		return 0, err
	}
	var sum models.Report
	for _, text := range reports {
		var r models.Report
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return 0, fmt.Errorf("reading a stored report: %w", err)
		}
		sum.TookMS += r.TookMS
		sum.DecodedMS += r.DecodedMS
	}
	return sum.Speed(), nil
}

// waiting is the length in ms of the audio that is still to be decoded. The length that the audio file declares counts
// before the published one; one that is unknown counts as the mean of those that are known.
func waiting(ctx context.Context, tx bun.Tx, running []models.JobProgress) (int64, error) {
	const length = "CASE WHEN media_duration_ms > 0 THEN media_duration_ms ELSE enclosure_duration_ms END"
	var sum struct{ Known, Unknown, Mean int64 }
	// Each way of waiting counts by itself: an episode may wait for its transcript and for a translation.
	err := tx.NewRaw(`SELECT coalesce(sum(ms), 0) AS known, coalesce(sum(CASE WHEN ms > 0 THEN 0 ELSE 1 END), 0) AS unknown,
			(SELECT CAST(coalesce(avg(ms), 0) AS BIGINT) FROM (SELECT `+length+` AS ms FROM episodes) all_of_them WHERE ms > 0) AS mean
		FROM (
			SELECT `+length+` AS ms FROM episodes WHERE state IN (?, ?, ?, ?)
			UNION ALL SELECT `+length+` AS ms FROM episodes WHERE translation_wanted) those`,
		models.EpisodeQueued, models.EpisodeDownloading, models.EpisodeDownloaded, models.EpisodeTranscribing).Scan(ctx, &sum)
	if err != nil {
		return 0, err
	}
	left := sum.Known + sum.Unknown*sum.Mean
	for _, r := range running {
		if r.Kind == transcribeKind().name {
			done := r.Done
			if r.Total > 0 {
				done = min(done, r.Total)
			}
			left -= done
		}
	}
	return max(0, left), nil
}

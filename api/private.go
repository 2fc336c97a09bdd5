package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// Passages keeps what is private.
type Passages interface {
	// SetPrivate marks a passage, by the recording that its episode has now.
	SetPrivate(ctx context.Context, p models.Private) (models.Private, error)
	// LiftPrivate ends that a passage is private; by says who does.
	LiftPrivate(ctx context.Context, id int64, by string) (models.Private, error)
	// PrivateLog lists what was ever marked, the newest first, at most limit of those with a smaller number than before; 0: all.
	PrivateLog(ctx context.Context, before int64, limit int) ([]models.Private, error)
	// Original returns the current transcript as it was made, with what is private: for times alone.
	Original(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error)
}

// PrivateWish is a passage that shall be private.
type PrivateWish struct {
	StartMS int64      `json:"start_ms" minimum:"0" maximum:"1000000000" doc:"Where it begins" example:"12300"`
	EndMS   int64      `json:"end_ms,omitempty" minimum:"0" maximum:"1000000000" doc:"Where it ends; absent: it goes to the end of the recording. With start_ms 0 that is the whole episode" example:"54800"`
	Reason  string     `json:"reason,omitempty" maxLength:"500" doc:"For those who look after the archive"`
	Until   *time.Time `json:"until,omitempty" doc:"From then on it is private no longer; absent: until it is lifted"`
	// Instead is lifted once this one holds, so that there is no moment between the two.
	Instead int64 `json:"instead,omitempty" minimum:"0" doc:"Number of a passage that this one takes the place of: it is lifted once this one holds"`
}

// Private is a passage that is kept from everybody, for those who can change that.
type Private struct {
	ID           int64            `json:"id"`
	EpisodeID    models.EpisodeID `json:"episode_id"`
	EpisodeTitle string           `json:"episode_title,omitempty" doc:"Absent where the episode is no longer there"`
	ShowTitle    string           `json:"show_title,omitempty"`
	StartMS      int64            `json:"start_ms"`
	EndMS        int64            `json:"end_ms,omitempty" doc:"Absent: to the end of the recording"`
	Reason       string           `json:"reason,omitempty"`
	Until        *time.Time       `json:"until,omitempty" doc:"From then on it is private no longer; absent: until it is lifted"`
	By           string           `json:"by,omitempty" doc:"Who marked it; absent where nobody logs in"`
	At           *time.Time       `json:"at,omitempty" doc:"When it was marked"`
	Holds        bool             `json:"holds" doc:"It is kept from everybody now"`
	Elsewhere    bool             `json:"elsewhere,omitempty" doc:"It was marked in another episode that has the same recording, which is not for who asks: there it is lifted, and nothing else is told of it"`
	Lost         bool             `json:"lost" doc:"The recording was replaced after it was marked, so that nobody knows where the passage is: all of the episode is private until it is marked anew or lifted"`
	LiftedAt     *time.Time       `json:"lifted_at,omitempty"`
	LiftedBy     string           `json:"lifted_by,omitempty"`
}

// PrivateList is what is private in an episode.
type PrivateList struct {
	Passages []Private `json:"passages" doc:"In order of time"`
	Whole    bool      `json:"whole" doc:"Nothing of the episode can be heard or read"`
}

// Marked is a passage that has become private, and what stays of it elsewhere.
type Marked struct {
	Passage Private   `json:"passage"`
	Stays   []Staying `json:"stays" doc:"What cannot be called back"`
}

// Staying is where something of a private passage stays.
type Staying struct {
	Where string `json:"where" enum:"publisher,copies,exports,backups,archive,notes,search"`
	Says  string `json:"says" doc:"A sentence for people"`
}

// PrivateLog is the log of what was taken down.
type PrivateLog struct {
	Passages []Private `json:"passages" doc:"What was ever marked as private, the newest first"`
	Next     string    `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
}

type liftInput struct {
	ID      string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Passage int64  `path:"passage" minimum:"1" doc:"Number of a passage"`
}

func (s *server) registerPrivate(h huma.API) {
	list := asking(needWrite, get("list-private", "/api/v1/episodes/{id}/private", "What is private in an episode"))
	list.Errors = []int{http.StatusNotFound}
	register(s, h, list, s.privateList)

	mark := huma.Operation{
		OperationID: "set-private", Method: http.MethodPost, Path: "/api/v1/episodes/{id}/private", DefaultStatus: http.StatusCreated,
		Summary: "Keep a passage of an episode, or all of it, from everybody",
		Description: "Its words are taken out of what is read, searched and exported, and the audio that is served is silent there: for everybody, also for who marked it. " +
			"The answer says what cannot be called back.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}
	register(s, h, mark, s.setPrivate)

	lift := huma.Operation{
		OperationID: "lift-private", Method: http.MethodPost, Path: "/api/v1/episodes/{id}/private/{passage}/lift",
		Summary: "End that a passage is private: it is heard and read again",
		Errors:  []int{http.StatusNotFound},
	}
	register(s, h, lift, s.liftPrivate)

	log := asking(needAdmin, get("list-private-log", "/api/v1/private-log", "What was ever marked as private, by whom, why, and who lifted it"))
	log.Errors = []int{http.StatusUnprocessableEntity}
	register(s, h, log, s.privateLog)
}

func (s *server) privateList(ctx context.Context, in *episodeInput) (*struct{ Body PrivateList }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	passages, err := s.Catalogue.PrivateIn(ctx, []models.EpisodeID{e.ID})
	if err != nil {
		return nil, fmt.Errorf("reading what is private in episode %s: %w", in.ID, err)
	}
	out := &struct{ Body PrivateList }{PrivateList{Passages: []Private{}, Whole: models.Whole(models.Held(passages[e.ID], e.Media.SHA256, time.Now()))}}
	for _, p := range passages[e.ID] {
		told := newPrivate(p, e)
		switch err := s.marked(ctx, e, p); {
		case errors.Is(err, models.ErrNotFound):
			told = Private{ID: told.ID, EpisodeID: e.ID, StartMS: told.StartMS, EndMS: told.EndMS, Holds: told.Holds, Elsewhere: true}
		case err != nil:
			return nil, err
		}
		out.Body.Passages = append(out.Body.Passages, told)
	}
	return out, nil
}

func (s *server) setPrivate(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Body PrivateWish
},
) (*struct{ Body Marked }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p := models.Private{
		EpisodeID: e.ID, Span: models.Span{StartMS: in.Body.StartMS, EndMS: in.Body.EndMS}, Reason: models.Line(in.Body.Reason), By: callerOf(ctx).name,
	}
	if in.Body.Until != nil {
		p.Until = *in.Body.Until
	}
	if err := p.Check(time.Now()); err != nil {
		return nil, err
	}
	if p.Span, err = s.placed(ctx, e, p.Span); err != nil {
		return nil, err
	}
	if in.Body.Instead != 0 {
		if err := s.hasPassage(ctx, e, in.Body.Instead); err != nil {
			return nil, err
		}
	}
	if p, err = s.Owner.SetPrivate(ctx, p); err != nil {
		return nil, fmt.Errorf("marking a passage of episode %s as private: %w", in.ID, err)
	}
	if in.Body.Instead != 0 {
		if _, err := s.Owner.LiftPrivate(ctx, in.Body.Instead, p.By); err != nil {
			return nil, fmt.Errorf("lifting the passage %d of episode %s: %w", in.Body.Instead, in.ID, err)
		}
	}
	s.hush(ctx, e)
	stays := s.stays(e)
	if !s.seen(ctx) {
		stays = append(stays, Staying{"search", "The search index has not followed yet: it is found for some seconds more."})
	}
	return &struct{ Body Marked }{Marked{newPrivate(p, e), stays}}, nil
}

// placed returns a passage as its words are placed in the recording. Where the times are those of lines, it is all the lines that it
// meets; where nobody has compared them with the recording, only all of it can be kept.
func (s *server) placed(ctx context.Context, e models.Episode, span models.Span) (models.Span, error) {
	if span.StartMS == 0 && span.EndMS == 0 {
		return span, nil
	}
	t, err := s.Owner.Original(ctx, e.ID, models.TaskTranscribe)
	switch {
	case isNotFound(err) || err == nil && t.Source == models.TranscriptWhisper:
		return span, nil
	case err != nil:
		return span, fmt.Errorf("reading the transcript of episode %s: %w", e.ID, err)
	case e.Media.SHA256 != "" && t.Origin.Audio != e.Media.SHA256:
		return span, models.Explain(models.ErrConflict, "the times of the transcript were not compared with the recording yet, so that nobody knows where in it the passage is heard: "+
			"keep the whole episode private for now, or wait until it is transcribed")
	case t.Origin.Timing == models.TimingWords || t.Origin.Timing == models.TimingHeard:
		return span, nil
	}
	return t.Lines(span), nil
}

func (s *server) liftPrivate(ctx context.Context, in *liftInput) (*struct{ Body Private }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hasPassage(ctx, e, in.Passage); err != nil {
		return nil, err
	}
	p, err := s.Owner.LiftPrivate(ctx, in.Passage, callerOf(ctx).name)
	if err != nil {
		return nil, fmt.Errorf("lifting the passage %d of episode %s: %w", in.Passage, in.ID, err)
	}
	s.hush(ctx, e)
	s.seen(ctx)
	return &struct{ Body Private }{newPrivate(p, e)}, nil
}

// hasPassage says [models.ErrNotFound] where an episode has no private passage with a number, or it was marked in one that who asks does
// not see.
func (s *server) hasPassage(ctx context.Context, e models.Episode, id int64) error {
	passages, err := s.Catalogue.PrivateIn(ctx, []models.EpisodeID{e.ID})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(passages[e.ID], func(p models.Private) bool { return p.ID == id })
	if i < 0 {
		return fmt.Errorf("passage %d of episode %s: %w", id, e.ID, models.ErrNotFound)
	}
	return s.marked(ctx, e, passages[e.ID][i])
}

// marked says [models.ErrNotFound] where a passage that is private in an episode was marked in another one, with the same recording, that
// who asks does not see. One that is no longer there is nobody's but that of those who see its recording.
func (s *server) marked(ctx context.Context, e models.Episode, p models.Private) error {
	if p.EpisodeID == e.ID {
		return nil
	}
	_, err := s.everything.all.Episode(ctx, p.EpisodeID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = s.everything.episode(ctx, p.EpisodeID)
	}
	return err
}

// seen waits until searches see what was changed, and reports whether they do.
func (s *server) seen(ctx context.Context) bool {
	const patience = 10 * time.Second
	if s.Seen == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.Seen(ctx) == nil
}

// hush removes what was made for listeners of an episode and is not as it is to be now. It cannot be reached any more: that it could not
// be removed is no reason to say that nothing was done.
func (s *server) hush(ctx context.Context, e models.Episode) {
	held, err := s.heldOf(ctx, e)
	if err == nil && e.Media.Key != "" {
		err = s.Listening.Hold(e.Media, held)
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "what was made for listeners before cannot be removed", slog.String("episode", string(e.ID)), slog.Any("error", err))
	}
}

func (s *server) privateLog(ctx context.Context, in *Paged) (*struct{ Body PrivateLog }, error) {
	const list = "private"
	var before int64
	if err := readCursor(list, in.Cursor, &before, func() bool { return before > 0 }); err != nil {
		return nil, err
	}
	read, err := s.Owner.PrivateLog(ctx, before, in.Limit+1) // one more tells whether there are more
	if err != nil {
		return nil, fmt.Errorf("reading what was marked as private: %w", err)
	}
	read, next, err := cutPage(read, in.Limit, func(last models.Private) (string, error) { return cursorTo(list, last.ID) })
	if err != nil {
		return nil, err
	}
	ids := make([]models.EpisodeID, len(read))
	for i, p := range read {
		ids[i] = p.EpisodeID
	}
	episodes, err := s.Catalogue.EpisodesInShort(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the episodes of what was marked as private: %w", err)
	}
	titles, err := s.Catalogue.ShowTitles(ctx)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body PrivateLog }{PrivateLog{Passages: make([]Private, len(read)), Next: next}}
	for i, p := range read {
		e := episodes[p.EpisodeID]
		out.Body.Passages[i] = newPrivate(p, e)
		out.Body.Passages[i].ShowTitle = titles[e.ShowID]
	}
	return out, nil
}

func newPrivate(p models.Private, e models.Episode) Private {
	holds := p.Holds(time.Now())
	return Private{
		ID: p.ID, EpisodeID: p.EpisodeID, EpisodeTitle: e.Title, StartMS: p.StartMS, EndMS: p.EndMS, Reason: p.Reason, Until: known(p.Until), By: p.By,
		At: known(p.At), Holds: holds, Lost: holds && e.ID != "" && p.Lost(e.Media.SHA256), LiftedAt: known(p.LiftedAt), LiftedBy: p.LiftedBy,
	}
}

// stays says what of an episode's private passage cannot be called back.
func (s *server) stays(e models.Episode) []Staying {
	exports := "Files that were exported before still have it: write them anew with earshot export."
	if s.Exporting {
		exports = "The files in the folder of the automatic export are written anew within seconds. Files that were exported by hand, or into another folder, still have it."
	}
	out := []Staying{
		{"copies", "What was downloaded, copied, printed or played before stays with those who have it, and so does what podcast apps, feed readers and pages that are open now have fetched."},
		{"exports", exports},
		{"backups", "Backups that were made before still have it: an archive that is restored from one does not know that it is private."},
		{"archive", "The stored recording and transcript keep it, so that it can be lifted: whoever reads the data folder, the database or a bucket can read and hear it."},
		{"notes", "The title, the notes, the chapters and the picture are not changed: look whether they tell what is private."},
	}
	if e.Enclosure.Location.Remote() {
		where := cmp.Or(cameFrom(e.Enclosure.Location), "its server")
		out = slices.Insert(out, 0, Staying{"publisher", "The publisher's own recording and transcript at " + where + " stay as they are: ask the publisher to change them."})
	}
	return out
}

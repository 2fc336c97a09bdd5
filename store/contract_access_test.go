package store

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

func addUser(t *testing.T, s *Store, name string, role models.Role) {
	t.Helper()
	must(t, s.AddUser(t.Context(), models.User{Name: name, Role: role}, "hash of "+name))
}

// usersComeAndGo: the last admin stays, and a new password ends all sessions.
func usersComeAndGo(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	addUser(t, s, "ada", models.RoleAdmin)
	addUser(t, s, "bob", models.RoleReader)
	for _, u := range []models.User{{Name: "ada", Role: models.RoleReader}, {Name: "Eve", Role: models.RoleReader}, {Name: "", Role: models.RoleReader}, {Name: "eve", Role: "owner"}} {
		wantError(t, s.AddUser(ctx, u, "x"), models.ErrInvalid)
	}
	for _, err := range []error{s.SetRole(ctx, "ada", models.RoleEditor), s.RemoveUser(ctx, "ada"), s.SetRole(ctx, "bob", "owner")} {
		wantError(t, err, models.ErrInvalid)
	}
	for _, err := range []error{s.SetRole(ctx, "eve", models.RoleAdmin), s.RemoveUser(ctx, "eve"), s.SetPassword(ctx, "eve", "x")} {
		wantError(t, err, models.ErrNotFound)
	}
	must(t, s.AddSession(ctx, models.Session{ID: "1", Hash: "one", User: "bob", ExpiresAt: time.Now().Add(time.Hour)}))
	must(t, s.SetRole(ctx, "bob", models.RoleAdmin))
	if _, u, err := s.Session(ctx, "one"); err != nil || u.Role != models.RoleAdmin {
		t.Fatalf("after another role: %+v %v", u, err)
	}
	must(t, s.Rehash(ctx, "bob", "hash of bob", "newer"))
	must(t, s.Rehash(ctx, "bob", "hash of bob", "never")) // it is another one now
	if _, hash, err := s.Password(ctx, "bob"); err != nil || hash != "newer" {
		t.Fatalf("%q %v", hash, err)
	}
	if _, _, err := s.Session(ctx, "one"); err != nil {
		t.Fatalf("another form of the same password ended a session: %v", err)
	}
	must(t, s.AddToken(ctx, models.Token{ID: "of bob", Hash: "token of bob", User: "bob", Name: "a script", Scope: models.ScopeRead}))
	must(t, s.SetPassword(ctx, "bob", "another"))
	_, _, err := s.Session(ctx, "one")
	wantError(t, err, models.ErrNotFound)
	_, _, err = s.Token(ctx, "token of bob")
	must(t, err)
	must(t, s.AddToken(ctx, models.Token{ID: "of ada", Hash: "token of ada", User: "ada", Name: "a script", Scope: models.ScopeRead}))
	must(t, s.ResetPassword(ctx, "bob", "one more"))
	_, _, err = s.Token(ctx, "token of bob")
	wantError(t, err, models.ErrNotFound)
	_, _, err = s.Token(ctx, "token of ada")
	must(t, err)
	wantError(t, s.ResetPassword(ctx, "nobody", "x"), models.ErrNotFound)
	must(t, s.RemoveUser(ctx, "ada"))
	users, err := s.Users(ctx)
	must(t, err)
	if len(users) != 1 || users[0].Name != "bob" || users[0].CreatedAt.IsZero() {
		t.Fatalf("%+v", users)
	}
}

// sessionsEnd: by time, by not being used, one by one, and with their user.
func sessionsEnd(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	s.now = func() time.Time { return now }
	addUser(t, s, "ada", models.RoleAdmin)
	addUser(t, s, "bob", models.RoleReader)
	start := now
	begin := func(id, user string, lasts time.Duration) {
		t.Helper()
		must(t, s.AddSession(ctx, models.Session{ID: id, Hash: "hash " + id, User: user, Agent: "A\x00 browser", Address: "::1", ExpiresAt: now.Add(lasts)}))
	}
	gone := func(id string) {
		t.Helper()
		_, _, err := s.Session(ctx, "hash "+id)
		wantError(t, err, models.ErrNotFound)
	}
	begin("long", "bob", 90*24*time.Hour)
	begin("short", "bob", time.Hour)
	begin("idle", "bob", 90*24*time.Hour)
	wantError(t, s.AddSession(ctx, models.Session{ID: "x", Hash: "x", User: "eve"}), models.ErrNotFound)
	now = now.Add(time.Hour)
	gone("short")
	got, user, err := s.Session(ctx, "hash long")
	must(t, err)
	if got.User != "bob" || user.Name != "bob" || got.Agent != "A browser" || !got.CreatedAt.Equal(start) {
		t.Errorf("%+v of %+v", got, user)
	}
	now = now.Add(sessionIdle - time.Minute)
	gone("idle")
	if got, _, err = s.Session(ctx, "hash long"); err != nil || !got.SeenAt.Equal(start.Add(time.Hour)) {
		t.Fatalf("%+v %v", got, err)
	}
	if list, err := s.Sessions(ctx, "bob"); err != nil || len(list) != 1 || list[0].ID != "long" || !list[0].SeenAt.Equal(now) {
		t.Errorf("%+v %v", list, err)
	}
	wantError(t, s.EndSession(ctx, "ada", "long"), models.ErrNotFound)
	must(t, s.EndSession(ctx, "bob", "long"))
	gone("long")
	for i := range maxSessions + 1 {
		begin("many "+strings.Repeat("i", i), "ada", time.Hour)
		now = now.Add(time.Second)
	}
	gone("many ")
	if list, err := s.Sessions(ctx, "ada"); err != nil || len(list) != maxSessions {
		t.Errorf("%d sessions, %v", len(list), err)
	}
	begin("last", "bob", time.Hour)
	must(t, s.RemoveUser(ctx, "bob"))
	gone("last")
}

// tokensEnd: by time, by hand and with their user; none is for more than its user may do.
func tokensEnd(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	s.now = func() time.Time { return now }
	addUser(t, s, "ada", models.RoleAdmin)
	addUser(t, s, "bob", models.RoleEditor)
	day := models.Token{ID: "1", Hash: "one", User: "bob", Name: "a script", Scope: models.ScopeWrite, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
	ever := models.Token{ID: "2", Hash: "two", User: "bob", Name: "a reader", Scope: models.ScopeRead, CreatedAt: now}
	must(t, s.AddToken(ctx, day))
	must(t, s.AddToken(ctx, ever))
	for _, wrong := range []models.Token{
		{ID: "3", Hash: "3", User: "bob", Name: "", Scope: models.ScopeRead}, {ID: "3", Hash: "3", User: "bob", Name: "x", Scope: ""},
		{ID: "3", Hash: "3", User: "bob", Name: "x", Scope: models.ScopeAdmin},
	} {
		wantError(t, s.AddToken(ctx, wrong), models.ErrInvalid)
	}
	got, user, err := s.Token(ctx, "one")
	must(t, err)
	if !reflect.DeepEqual(got, day) || user.Role != models.RoleEditor {
		t.Errorf("got  %+v of %+v\nwant %+v", got, user, day)
	}
	now = now.Add(24 * time.Hour)
	_, _, err = s.Token(ctx, "one")
	wantError(t, err, models.ErrNotFound)
	_, _, err = s.Token(ctx, "two")
	must(t, err)
	if list, err := s.Tokens(ctx, ""); err != nil || len(list) != 2 || !list[1].UsedAt.Equal(now) || list[0].UsedAt.IsZero() {
		t.Errorf("%+v %v", list, err)
	}
	if users, err := s.Users(ctx); err != nil || !users[1].SeenAt.Equal(now) {
		t.Errorf("%+v %v", users, err)
	}
	wantError(t, s.RemoveToken(ctx, "ada", "2"), models.ErrNotFound)
	must(t, s.RemoveToken(ctx, "bob", "1"))
	must(t, s.RemoveUser(ctx, "bob"))
	_, _, err = s.Token(ctx, "two")
	wantError(t, err, models.ErrNotFound)
}

// hiddenShows: a status and a list without them are those of an archive that has none, and nothing else names them.
func hiddenShows(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	open, secret := aShow("Open"), aShow("Secret")
	open.VisibleTo = models.VisibleToEveryone
	episodes := episodesOf(open, 1)
	mustSave(t, s, open, episodes)
	without, err := s.Status(ctx)
	must(t, err)
	list, err := s.Episodes(ctx, models.EpisodeFilter{Limit: 10})
	must(t, err)

	hidden := mustSave(t, s, secret, offered(episodesOf(secret, 2))).NewEpisodes
	must(t, s.SetShowVisibility(ctx, secret.ID, models.VisibleToAdmins))
	wantError(t, s.SetShowVisibility(ctx, secret.ID, "nobody"), models.ErrInvalid)
	wantError(t, s.SetShowVisibility(ctx, "0000000000000000", models.VisibleToAdmins), models.ErrNotFound)
	for v, want := range map[models.Visibility][]models.ShowID{
		models.VisibleToAdmins: nil, models.VisibleToMembers: {secret.ID}, models.VisibleToEveryone: {secret.ID},
	} {
		if got, err := s.Hidden(ctx, v); err != nil || !slices.Equal(got, want) {
			t.Errorf("hidden from those who see what is for %s: %v %v", v, got, err)
		}
	}
	// One that failed, one that is the same recording as one of the open show.
	_, err = s.e.write.ExecContext(ctx, "UPDATE episodes SET state = 'failed', reason = 'secret' WHERE id = '"+string(hidden[0])+"'")
	must(t, err)
	got, err := s.Status(ctx, secret.ID)
	must(t, err)
	for kind, n := range got.Queue {
		if n == 0 {
			delete(got.Queue, kind)
		}
	}
	for state, n := range got.Episodes {
		if n == 0 {
			delete(got.Episodes, state)
		}
	}
	got.WaitingMS, without.WaitingMS = 0, 0
	if !reflect.DeepEqual(got, without) {
		t.Errorf("without the hidden show\n got %+v\nwant %+v", got, without)
	}
	if got, err := s.Episodes(ctx, models.EpisodeFilter{Hidden: []models.ShowID{secret.ID}, Limit: 10}); err != nil || len(got) != 1 || got[0].ID != list[0].ID {
		t.Errorf("%+v %v", got, err)
	}
	for id, warning := range map[models.EpisodeID]string{hidden[1]: "", episodes[0].ID: `short; this is the same recording as "x" of "Secret"`} {
		_, err = s.e.write.ExecContext(ctx, "UPDATE episodes SET media_sha256 = 'abc', media_warning = '"+warning+"' WHERE id = '"+string(id)+"'")
		must(t, err)
	}
	must(t, s.SetShowVisibility(ctx, secret.ID, models.VisibleToMembers))
	if e, err := s.Episode(ctx, episodes[0].ID); err != nil || e.Reason != "short; this is the same recording as another one in the archive" {
		t.Errorf("%q %v", e.Reason, err)
	}
	var name string
	must(t, s.write(ctx, "a test", func(ctx context.Context, tx bun.Tx) (err error) {
		name, err = twin(ctx, tx, episodes[0].ID, "abc")
		return err
	}))
	if name != "" {
		t.Errorf("a hidden show is named: %s", name)
	}
}

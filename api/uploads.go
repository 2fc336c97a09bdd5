package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/tus/tusd/v2/pkg/filestore"
	tus "github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	tuslog "golang.org/x/exp/slog" // the type that the library asks for

	"github.com/earshot/earshot/models"
)

// uploadsPath is where uploads are made, by the tus protocol (https://tus.io/protocols/resumable-upload, version 1.0.0).
const uploadsPath = "/api/v1/uploads"

const (
	defaultMaxUpload = 64 << 30 // bytes: two days of uncompressed stereo
	maxUnfinished    = 1000     // uploads that rest here and are not complete
	uploadPatience   = time.Minute
	sweepEvery       = time.Hour
)

// uploadID is the form of an upload's identifier; nothing else becomes part of a path.
var uploadID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Receiver takes complete uploads into the archive.
type Receiver interface {
	// Receive makes an episode of an upload, whose file stays where it is; doing it twice does no harm. An error that is
	// [models.ErrUnusable] or [models.ErrInvalid] says why the file will never be one.
	Receive(ctx context.Context, u models.Upload) (models.Received, error)
}

// UploadOptions says where uploads rest until they are in the archive.
type UploadOptions struct {
	Dir      string // made where it is missing; belongs to one process at a time
	Receiver Receiver
	Logger   *slog.Logger
	MaxBytes int64 // of one upload; 0 means 64 GiB
}

// Uploads takes files from browsers and programs, of any size, in pieces, and goes on where a broken one stopped. What is
// complete is in the archive, or is taken in by [Uploads.Run] after a crash.
type Uploads struct {
	o     UploadOptions
	shelf uploadShelf
	tus   *tus.UnroutedHandler
	turn  chan struct{} // taking in reads the whole file: one at a time
	seen  visible       // what those see who send files
}

// NewUploads opens the folder of uploads.
func NewUploads(o UploadOptions) (*Uploads, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxUpload
	}
	shelf, err := openUploadShelf(o.Dir)
	if err != nil {
		return nil, err
	}
	u := &Uploads{o: o, shelf: shelf, turn: make(chan struct{}, 1)}
	files := filestore.FileStore{Path: shelf.dir, DirModePerm: 0o750, FileModePerm: 0o640}
	composer := tus.NewStoreComposer()
	files.UseIn(composer)
	memorylocker.New().UseIn(composer)
	u.tus, err = tus.NewUnroutedHandler(tus.Config{
		StoreComposer: composer, BasePath: uploadsPath, MaxSize: o.MaxBytes, DisableDownload: true, DisableConcatenation: true,
		Cors: &tus.CorsConfig{Disable: true}, RespectForwardedHeaders: true, NetworkTimeout: uploadPatience,
		Logger:                    tuslog.New(tuslog.NewTextHandler(io.Discard, nil)), // accessLog has it
		PreUploadCreateCallback:   u.begin,
		PreFinishResponseCallback: u.finish,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing for uploads: %w", err)
	}
	return u, nil
}

// Run takes in the uploads that were complete when the program ended before, and then removes, every hour, what is left of
// those that nobody goes on with. It ends with ctx.
func (u *Uploads) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		u.sweep(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (u *Uploads) sweep(ctx context.Context) {
	complete, err := u.shelf.sweep(time.Now())
	if err != nil {
		u.o.Logger.WarnContext(ctx, "uploads cannot be looked through", slog.Any("error", err))
	}
	for _, up := range complete {
		if _, err := u.take(ctx, up); err != nil && ctx.Err() == nil {
			u.o.Logger.WarnContext(ctx, "an upload cannot be taken in yet", slog.String("upload", up.ID), slog.Any("error", err))
		}
	}
}

// begin checks an upload before its first byte.
func (u *Uploads) begin(e tus.HookEvent) (tus.HTTPResponse, tus.FileInfoChanges, error) {
	none, keep := tus.HTTPResponse{}, tus.FileInfoChanges{}
	if e.Upload.SizeIsDeferred {
		return none, keep, refuse(http.StatusBadRequest, "say how long the upload is, in Upload-Length")
	}
	if n, err := u.shelf.unfinished(); err != nil || n >= maxUnfinished {
		return none, keep, refuse(http.StatusServiceUnavailable, "too many uploads are unfinished: go on with those, or wait until they are forgotten")
	}
	if err := u.shelf.room(e.Upload.Size); err != nil {
		return none, keep, refuse(http.StatusInsufficientStorage, err.Error())
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	keep.ID = hex.EncodeToString(id)
	keep.MetaData = tus.MetaData{nameKey: shorten(e.Upload.MetaData[nameKey]), showKey: shorten(e.Upload.MetaData[showKey]), sumKey: shorten(e.Upload.MetaData[sumKey])}
	return none, keep, nil
}

// finish takes a complete upload in before its sender is told that all has arrived.
func (u *Uploads) finish(e tus.HookEvent) (tus.HTTPResponse, error) {
	ctx := context.WithoutCancel(e.Context) // a sender who leaves does not stop what is complete
	up, err := u.take(ctx, uploadOf(e.Upload))
	if err != nil {
		u.o.Logger.ErrorContext(ctx, "an upload cannot be taken in yet", slog.String("upload", e.Upload.ID), slog.Any("error", err))
		return tus.HTTPResponse{}, refuse(http.StatusInternalServerError, "all has arrived and is kept, but cannot be taken in yet; the server's log says why")
	}
	if hidden, err := u.hidden(ctx, up); err != nil || hidden {
		up.EpisodeID, up.Title = "", ""
	}
	body, err := json.Marshal(up)
	return tus.HTTPResponse{StatusCode: http.StatusOK, Body: string(body), Header: tus.HTTPHeader{"Content-Type": "application/json"}}, err
}

// take makes an episode of a complete upload and notes what became of it. Only what may pass is an error.
func (u *Uploads) take(ctx context.Context, up Upload) (Upload, error) {
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
	case <-ctx.Done():
		return up, ctx.Err()
	}
	if done, err := u.shelf.result(up.ID); err == nil {
		return done, nil
	}
	if whole, err := u.shelf.isWhole(up); err != nil {
		return up, err
	} else if !whole {
		up.State, up.Reason = UploadRefused, "what arrived is not the file that was announced, by its checksum: send it again"
		up.SHA256, up.UpdatedAt = "", time.Now().UTC() // the file of that checksum was not refused
		return up, u.shelf.settle(up)
	}
	got, err := u.o.Receiver.Receive(ctx, models.Upload{Path: u.shelf.path(up.ID), Name: up.Name, Show: up.Show})
	switch {
	case errors.Is(err, models.ErrUnusable), errors.Is(err, models.ErrInvalid):
		up.State, up.Reason = UploadRefused, err.Error()
	case err != nil:
		return up, err
	case got.Known:
		up.State, up.EpisodeID, up.Title = UploadKnown, string(got.EpisodeID), got.Title
	default:
		up.State, up.EpisodeID, up.Title = UploadAdded, string(got.EpisodeID), got.Title
	}
	up.UpdatedAt = time.Now().UTC()
	return up, u.shelf.settle(up)
}

// refuse is an answer of the tus handler.
func refuse(status int, detail string) error {
	body, err := json.Marshal(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		return err
	}
	return tus.Error{ErrorCode: http.StatusText(status), Message: detail, HTTPResponse: tus.HTTPResponse{
		StatusCode: status, Body: string(body), Header: tus.HTTPHeader{"Content-Type": "application/problem+json"},
	}}
}

// hidden reports whether an upload is part of a show that whoever asks does not see, or would be. Of one whose episode is gone
// nobody can tell: only those hear of it who see everything.
func (u *Uploads) hidden(ctx context.Context, up Upload) (bool, error) {
	shows, err := u.seen.hidden(ctx)
	if err != nil || callerOf(ctx).sees == models.VisibleToAdmins {
		return false, err
	}
	if up.EpisodeID == "" {
		return slices.Contains(shows, models.Collection(up.Show).ID), nil
	}
	e, err := u.seen.all.Episode(ctx, models.EpisodeID(up.EpisodeID))
	if errors.Is(err, models.ErrNotFound) {
		return true, nil
	}
	return err == nil && slices.Contains(shows, e.ShowID), err
}

// routes adds the tus operations, which are no operations of huma's: they stream.
func (u *Uploads) routes(r *gin.Engine, seen visible) {
	u.seen = seen
	serve := func(h http.HandlerFunc) gin.HandlerFunc {
		wrapped := http.StripPrefix(uploadsPath, u.tus.Middleware(h)) // what is left is the identifier
		return func(c *gin.Context) {
			if id := c.Param("id"); id != "" && !uploadID.MatchString(id) {
				writeProblem(c.Writer, http.StatusNotFound, "there is no such upload")
				return
			}
			renewDeadlines(c.Writer, uploadPatience) // tus renews the one for reading with what it reads
			wrapped.ServeHTTP(c.Writer, c.Request)
		}
	}
	one := uploadsPath + "/:id"
	r.OPTIONS(uploadsPath, serve(func(http.ResponseWriter, *http.Request) {}))
	r.POST(uploadsPath, serve(u.tus.PostFile))
	r.HEAD(one, u.known, serve(u.tus.HeadFile))
	r.PATCH(one, serve(u.tus.PatchFile))
	r.DELETE(one, serve(u.tus.DelFile))
}

// known answers for an upload that is in the archive already: a sender who missed the last answer asks how far it came.
func (u *Uploads) known(c *gin.Context) {
	if !uploadID.MatchString(c.Param("id")) {
		return
	}
	up, err := u.shelf.result(c.Param("id"))
	if err != nil {
		return
	}
	h := c.Writer.Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Upload-Length", strconv.FormatInt(up.Bytes, 10))
	h.Set("Upload-Offset", strconv.FormatInt(up.Bytes, 10))
	c.AbortWithStatus(http.StatusOK)
}

// registerUploads adds the reading operations.
func (s *server) registerUploads(h huma.API) {
	list := get("list-uploads", uploadsPath, "Uploads of the last days and what became of them, newest first")
	list.Description = "Uploads are made with the tus protocol, version 1.0.0 (https://tus.io): POST to this address with Upload-Length and " +
		"Upload-Metadata (filename, show for the title of a collection, sha256 to find it again by and to check what arrives), then PATCH what Location names until all has arrived. The answer to the last " +
		"piece is the upload as described here."
	list.Errors = []int{http.StatusInternalServerError}
	register(s, h, list, func(ctx context.Context, _ *struct{}) (*struct{ Body UploadList }, error) {
		all, err := s.Uploads.shelf.list()
		if err != nil {
			return nil, err
		}
		out := &struct{ Body UploadList }{UploadList{Uploads: []Upload{}}}
		for _, up := range all {
			hidden, err := s.Uploads.hidden(ctx, up)
			if err != nil {
				return nil, err
			}
			if !hidden {
				out.Body.Uploads = append(out.Body.Uploads, up)
			}
		}
		return out, nil
	})
	one := get("get-upload", uploadsPath+"/{id}", "One upload and what became of it")
	one.Errors = []int{http.StatusNotFound, http.StatusInternalServerError}
	register(s, h, one, func(ctx context.Context, in *struct {
		ID string `path:"id" pattern:"^[0-9a-f]{32}$" doc:"last part of the Location that the upload was given"`
	},
	) (*struct{ Body Upload }, error) {
		up, err := s.Uploads.shelf.upload(in.ID)
		if err != nil {
			return nil, err
		}
		hidden, err := s.Uploads.hidden(ctx, up)
		if err == nil && hidden {
			err = fmt.Errorf("upload %s: %w", in.ID, models.ErrNotFound)
		}
		return &struct{ Body Upload }{up}, err
	})
}

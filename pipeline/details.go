package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/chapters"
	"github.com/earshot/earshot/pipeline/cover"
	"github.com/earshot/earshot/pipeline/fetch"
)

// What a recording and its publisher tell beside the words is an ornament: where it cannot be had the rest goes on without.

// describe stores the chapters and the picture of a recording, before the recording itself is said to be here. The publisher's
// chapters count before those in the file.
func (p *Pipeline) describe(ctx context.Context, lease models.Lease, e models.Episode, media models.Media, info models.AudioInfo) error {
	show, err := p.o.Catalogue.Show(ctx, e.ShowID)
	if err != nil {
		return fmt.Errorf("reading the show of %q: %w", e.Title, err)
	}
	if err := p.showCover(ctx, lease, show, false); err != nil {
		return err
	}
	d := models.Details{Chapters: info.Chapters}
	if published := p.publishedChapters(ctx, show, e); len(published) > 0 {
		d.Chapters = published
	}
	if info.Picture >= 0 {
		if d.Cover, err = p.picture(ctx, e, media, info.Picture); err != nil {
			p.o.Logger.InfoContext(ctx, "the picture of a recording cannot be used", "episode_id", e.ID, "error", err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := p.o.Catalogue.SaveDetails(ctx, lease, e.ID, d); err != nil {
		return fmt.Errorf("storing what %q tells: %w", e.Title, err)
	}
	return nil
}

func (p *Pipeline) picture(ctx context.Context, e models.Episode, media models.Media, stream int) ([]byte, error) {
	f, err := p.o.Media.Open(ctx, media.Key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	original, err := p.o.Probe.For(called(e)).Picture(ctx, f, stream)
	if err != nil {
		return nil, err
	}
	return cover.Make(original)
}

// publishedChapters returns the publisher's chapters; none where there are none that can be read.
func (p *Pipeline) publishedChapters(ctx context.Context, show models.Show, e models.Episode) []models.Chapter {
	if e.ChaptersURL == "" {
		return nil
	}
	page, err := p.o.Fetch.Document(ctx, fetch.Recording{Location: models.Location(e.ChaptersURL), Access: show.Source.Access},
		"application/json+chapters, application/json;q=0.9, */*;q=0.1", "a file of chapters", chapters.MaxBytes)
	var found []models.Chapter
	if err == nil {
		found, err = chapters.Parse(page.Body)
	}
	if err != nil {
		p.o.Logger.InfoContext(ctx, "chapters cannot be used", "episode_id", e.ID, "from", models.Location(e.ChaptersURL), "error", err)
	}
	return found
}

// refreshChapters takes the publisher's chapters of an episode that is here: they may be other ones now.
func (p *Pipeline) refreshChapters(ctx context.Context, lease models.Lease, show models.Show, e models.Episode) error {
	found := p.publishedChapters(ctx, show, e)
	if len(found) == 0 || e.Media.Key == "" {
		return nil // its download reads them
	}
	if err := p.o.Catalogue.SaveChapters(ctx, lease, e.ID, found); err != nil {
		return fmt.Errorf("storing the chapters of %q: %w", e.Title, err)
	}
	return nil
}

// showCover fetches the picture of a show where it was not looked for yet, or again. Where there is none that can be used, that is
// remembered, so that not every episode asks for it.
func (p *Pipeline) showCover(ctx context.Context, lease models.Lease, show models.Show, again bool) error {
	if show.ImageURL == "" || show.CoverURL == show.ImageURL && !again {
		return nil
	}
	page, err := p.o.Fetch.Document(ctx, fetch.Recording{Location: models.Location(show.ImageURL), Access: show.Source.Access},
		"image/jpeg, image/png, image/webp, image/*;q=0.8", "a picture", cover.MaxBytes)
	var jpeg []byte
	if err == nil {
		jpeg, err = cover.Make(page.Body)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.o.Logger.InfoContext(ctx, "the cover of a show cannot be used", "show_id", show.ID, "from", models.Location(show.ImageURL), "error", err)
	}
	err = p.o.Catalogue.SaveShowCover(ctx, lease, show.ID, show.ImageURL, jpeg)
	if errors.Is(err, models.ErrNotFound) {
		return nil // it was removed meanwhile
	}
	if err != nil {
		return fmt.Errorf("storing the cover of %q: %w", show.Title, err)
	}
	return nil
}

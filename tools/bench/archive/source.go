package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/earshot/earshot/models"
)

// source is the archive as the index follows it. Episodes beyond the archive's own are added one by one (grow), as if they
// were being transcribed.
type source struct {
	a      *archive
	number map[models.EpisodeID]int

	mu      sync.Mutex
	changes []models.Change // by number; the newest of each episode
	grown   map[models.EpisodeID]models.Document
	read    int // times that an episode that grows was read
}

func newSource(a *archive) *source {
	s := &source{a: a, number: map[models.EpisodeID]int{}, grown: map[models.EpisodeID]models.Document{}}
	for i := range a.episodes {
		id := a.id(i)
		s.number[id] = i
		s.changes = append(s.changes, models.Change{Seq: int64(i + 1), EpisodeID: id})
	}
	return s
}

// Changes returns the changes after a sequence number.
func (s *source) Changes(_ context.Context, after int64, limit int) ([]models.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []models.Change
	for _, c := range s.changes {
		if c.Seq > after && len(out) < limit {
			out = append(out, c)
		}
	}
	return out, nil
}

// LastChange returns the last sequence number.
func (s *source) LastChange(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes[len(s.changes)-1].Seq, nil
}

// Document makes an episode up.
func (s *source) Document(_ context.Context, id models.EpisodeID) (models.Document, error) {
	s.mu.Lock()
	d, ok := s.grown[id]
	if ok {
		s.read++
	}
	s.mu.Unlock()
	if !ok {
		n, ok := s.number[id]
		if !ok {
			return d, fmt.Errorf("episode %s: %w", id, models.ErrNotFound)
		}
		d = s.a.document(n)
	}
	return d, nil
}

// grow puts an episode into the archive, or a newer state of it.
func (s *source) grow(d models.Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.changes[len(s.changes)-1].Seq + 1
	if _, again := s.grown[d.Episode.ID]; again {
		s.changes = s.changes[:len(s.changes)-1]
	}
	s.grown[d.Episode.ID] = d
	s.changes = append(s.changes, models.Change{Seq: seq, EpisodeID: d.Episode.ID})
}

func (s *source) grownRead() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

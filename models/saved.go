package models

// Saved says what storing a show and its episodes changed.
type Saved struct {
	New       []EpisodeID // in the order of the source
	Updated   int         // episodes whose title, notes or other details are different now
	Unchanged int
}

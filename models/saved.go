package models

// Saved tells what storing a show and its episodes changed, or would change.
type Saved struct {
	NewShow     bool
	NewEpisodes []EpisodeID // in the order they will be fetched: newest first
	Updated     int         // episodes whose published fields changed
	Unchanged   int
	Unwanted    int // episodes that the owner's choice leaves out
}

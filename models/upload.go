package models

// Upload is a file that somebody sent, complete.
type Upload struct {
	Path string // where it rests
	Name string // what its sender calls it: never a path here
	Show string // title of the collection that it belongs to, "" for the one of all recordings added one by one
}

// Received is what became of an upload.
type Received struct {
	EpisodeID EpisodeID
	Title     string
	Known     bool // the same recording was in the archive already
}

package models

// Weights is a model that speech can be transcribed with, or that finds speech, as those see it who choose one.
type Weights struct {
	Name        string
	Kind        string // "speech", or "vad" for one that finds where somebody speaks
	Languages   string // "multilingual", "english" or "any"; "" when unknown
	Bytes       int64  // of its file, about where it is not installed
	MemoryBytes int64  // what transcribing with it takes at least; 0 when unknown
	Installed   bool
	Source      string // of an installed one: which of the places that have models, or its owner; "" for others
	MadeFrom    string // the installed one that it was made from by quantising; "" when it was not
	Mirrored    bool   // the mirror can provide it, too
	Used        bool   // the settings name it, or need it
	Problem     string // why its file cannot be used and what to do; "" when nothing was found
}

// Pull is how far the fetching of a model has come.
type Pull struct {
	Name    string `json:"name"`
	Running bool   `json:"running" doc:"Otherwise it failed, or was stopped, and goes on from there when it is asked for again"`
	Stage   string `json:"stage" doc:"What is being done, for people" example:"downloading"`
	Done    int64  `json:"done" doc:"Bytes"`
	Total   int64  `json:"total" doc:"Bytes; 0 when unknown"`
	Note    string `json:"note,omitempty" doc:"What there is to tell meanwhile"`
	Problem string `json:"problem,omitempty" doc:"Why it failed and what to do"`
}

// Storage is how much the archive takes on this machine, in bytes.
type Storage struct {
	Recordings int64 `json:"recordings" doc:"Of all shows, each recording once; in a bucket where there is one"`
	Catalogue  int64 `json:"catalogue" doc:"Shows, episodes, transcripts and the queue"`
	Index      int64 `json:"index" doc:"Search index of this machine"`
	Models     int64 `json:"models"`
	Other      int64 `json:"other" doc:"What is being fetched or uploaded, and copies of recordings in a bucket"`
	Free       int64 `json:"free" doc:"Left on the disk of the data folder; 0 when unknown"`
	Disk       int64 `json:"disk" doc:"Size of that disk; 0 when unknown"`
}

package models

// Chapter is a part of a recording with a title. Stored as JSON: names of fields are for ever.
type Chapter struct {
	StartMS int64  `json:"start_ms"`
	EndMS   int64  `json:"end_ms,omitempty"` // 0: where the next one begins, or the recording ends
	Title   string `json:"title"`            // one line of plain text
	Link    string `json:"link,omitempty"`   // web page, "" or an absolute http(s) URL
}

// Details are what a recording and its publisher tell of it beside the words.
type Details struct {
	Chapters []Chapter
	Cover    []byte // a JPEG; nil: there is none
}

package models

// AudioInfo is what probing a media file tells. Everything in it comes from the file and is not to be trusted, except
// that text is valid UTF-8 without control characters.
type AudioInfo struct {
	Format      string // container as ffmpeg names it, for example "mp3" or "mov,mp4,m4a,3gp,3g2,mj2"
	Codec       string // of the first audio stream, for example "mp3"
	ContentType string // of the container, for example "audio/mpeg"
	DurationMS  int64  // as declared; 0 when the file does not say
	// Estimated: DurationMS is a guess from the bit rate or from another stream, so that a shorter audio proves nothing.
	Estimated  bool
	Channels   int
	SampleRate int   // Hz
	BitRate    int64 // bits a second; 0 unknown
	Video      bool  // there is a moving picture beside the audio
	Title      string
	Artist     string
	Album      string
	Date       string // as the file has it
	Comment    string
	Chapters   []Chapter
	Picture    int // number of the stream of the attached picture; -1: there is none
}

// Package audio reads untrusted media files: it tells what they hold and turns them into speech samples.
//
// All parsing of media happens in ffprobe and ffmpeg children. A child gets the opened file as its standard input and
// reads it, seekable, as file:/proc/self/fd/0 on Linux; elsewhere it gets the path behind the file protocol. In neither
// case can a file name, or what a file holds, make it open another file or a connection: protocols, containers and codecs
// are limited to lists that hold no playlist, no concatenation script and no picture format. A child runs under limits of
// memory, CPU time (scaled to the length of the audio), open files and written bytes where prlimit is installed, with a
// minimal environment, its complaints bounded, and dies with its parent or with the context.
//
// Samples are 16 kHz mono float32, full scale ±1, decoded by one thread so that every run gives the same bits. Sample n
// belongs to the time n/16 ms of the file's own timeline, the one a player shows: gaps are filled with silence and a late
// start is padded. Memory use does not depend on the length.
//
// A stereo recording may have one speaker a side, as recorders of calls and of interviews make them: sides.go listens to
// both sides before anything is decoded, balance.go judges what was heard.
//
// Invariants: a file that cannot be used gives an error of which errors.Is(err, models.ErrUnusable) holds, and whose text
// is one sentence that names the file; every other error (no ffmpeg, no memory, cancelled) may pass. A file that is
// damaged in parts gives what can be decoded, then a warning.
package audio

package source

import (
	"cmp"
	"path"
	"strings"
)

// kind is what a file's name says of it.
type kind int

const (
	unknown kind = iota // to be probed
	other               // no recording
)

// kindOf sorts out, by their ending, the files that stand beside recordings everywhere.
func kindOf(name string) kind {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".md", ".rst", ".rtf", ".doc", ".docx", ".odt", ".pdf", ".epub", ".html", ".htm", ".css", ".js", ".json", ".xml", ".rss", ".opml", ".yaml", ".yml", ".toml", ".ini", ".csv", ".tsv", ".log",
		".srt", ".vtt", ".ass", ".ssa", ".sub", ".lrc", ".ttml", ".rttm", ".textgrid", ".eaf",
		".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".bmp", ".tif", ".tiff", ".ico", ".heic", ".psd",
		".m3u", ".m3u8", ".pls", ".xspf", ".cue", ".nfo", ".sfv", ".md5", ".sha1", ".sha256", ".par2", ".url", ".lnk", ".db", ".part", ".crdownload", ".tmp",
		".zip", ".gz", ".tar", ".7z", ".rar", ".torrent", ".exe", ".sh", ".py", ".go", ".bat":
		return other
	default:
		return unknown
	}
}

// naturally compares names as people do: case does not count, and numbers count by their value ("2" before "10").
func naturally(a, b string) int {
	x, y := strings.ToLower(a), strings.ToLower(b)
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			var m, n string
			m, x = leadingDigits(x)
			n, y = leadingDigits(y)
			m, n = strings.TrimLeft(m, "0"), strings.TrimLeft(n, "0")
			if c := cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n)); c != 0 {
				return c
			}
			continue
		}
		if x[0] != y[0] {
			// A folder's files come before those of folders whose names go on.
			if x[0] == '/' || y[0] == '/' {
				return cmp.Compare(boolInt(y[0] == '/'), boolInt(x[0] == '/'))
			}
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func leadingDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

package audio

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/earshot/earshot/models"
)

// maxTag is the greatest length of a tag in code points; what is longer is not a title.
const maxTag = 500

// cleanTag makes a tag safe to show: valid UTF-8, no control characters, single spaces, bounded.
func cleanTag(s string) string { return models.ShortLine(s, maxTag) }

var complaintSource = regexp.MustCompile(`^\[[^\]]* @ (0x)?[0-9a-f]+\] *`)

// cleanComplaint strips a line of ffmpeg's from the parts that mean nothing to people; "" for lines of no use.
func cleanComplaint(line, input string) string {
	s := cleanTag(line)
	for {
		t := complaintSource.ReplaceAllString(s, "")
		if t == s {
			break
		}
		s = t
	}
	s = strings.TrimPrefix(s, input+": ")
	s = strings.ReplaceAll(s, input, "the file")
	if strings.HasPrefix(s, "Last message repeated") || strings.Contains(s, "not on whitelist") && strings.HasPrefix(s, "Codec") ||
		strings.HasPrefix(s, "Failed to open codec in") || strings.HasPrefix(s, "Consider increasing") {
		return ""
	}
	return strings.TrimRight(s, ". ")
}

// reason joins the complaints that say why a file cannot be read: the last one, and the one before where the last is
// only the general sentence that ffmpeg ends with.
func reason(lines []string) string {
	if len(lines) == 0 {
		return "ffmpeg does not say why"
	}
	last := lines[len(lines)-1]
	if len(lines) > 1 && generalComplaint(last) {
		return lines[len(lines)-2]
	}
	return last
}

func generalComplaint(s string) bool {
	switch s {
	case "Invalid data found when processing input", "Invalid argument", "Cannot allocate memory", "Conversion failed!":
		return true
	default:
		return strings.HasPrefix(s, "Error while ")
	}
}

// baseName is a file name as messages show it.
func baseName(path string) string { return cleanTag(filepath.Base(path)) }

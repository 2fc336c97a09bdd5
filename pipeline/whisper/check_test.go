package whisper

import (
	"strings"
	"testing"
)

func attemptOf(text string, logProb float64) decoded {
	var got decoded
	for w := range strings.FieldsSeq(text) {
		got.tokens = append(got.tokens, token{text: []byte(" " + w)})
	}
	got.logProbs = logProb * float64(len(got.tokens))
	return got
}

func TestFaults(t *testing.T) {
	speech := "And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
	for name, tc := range map[string]struct {
		got     decoded
		seconds float64
		bad     bool
	}{
		"speech":                {attemptOf(speech, -0.2), 11, false},
		"a short answer":        {attemptOf("Yes.", -0.4), 0.6, false},
		"no, no, no":            {attemptOf("No, no, no, no. That is not it.", -0.4), 3, false},
		"a loop of a phrase":    {attemptOf(speech+strings.Repeat(" and that is what we do", 6), -0.2), 20, true},
		"a loop of a word":      {attemptOf(strings.Repeat("the ", 30), -0.3), 14, true},
		"unsure":                {attemptOf(speech, -1.4), 11, true},
		"too much for its time": {attemptOf(speech, -0.2), 1, true},
		"hardly anything":       {attemptOf("you", -0.5), 13, true},
		"nothing in a breath":   {decoded{}, 0.5, false},
		"nothing in a speech":   {decoded{}, 10, true},
	} {
		if found, n := tc.got.faults(tc.seconds); (n > 0) != tc.bad || (len(found) > 0) != tc.bad {
			t.Errorf("%s: faults of weight %d, bad should be %v", name, n, tc.bad)
		}
	}
}

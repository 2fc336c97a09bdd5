package search

import "testing"

func TestEveryStemmerLoads(t *testing.T) {
	an := testAnalyzer(t)
	for lang := range stemmerNames() {
		if an.stem(lang, "x") == "" {
			t.Errorf("the stemmer of %s makes nothing of a word", lang)
		}
	}
	for _, c := range [][3]string{{"en", "budgets", "budget"}, {"de", "wiesen", "wies"}, {"pl", "zawody", "zawód"}, {"xx", "budgets", "budgets"}} {
		if got := an.stem(c[0], c[1]); got != c[2] {
			t.Errorf("the stem of %s %q is %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

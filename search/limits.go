package search

// Limits on a query. Text, words and parentheses beyond them are ignored; expansions beyond them leave out the rarest.
const (
	maxQueryRunes = 1000 // code points that are read
	maxLeaves     = 64   // words, phrases and filters
	maxDepth      = 16   // parentheses within parentheses
	defaultSlop   = 3    // of "phrase"~ without a number
	maxSlop       = 20   // other words that "phrase"~N lets in; more is read as this
	// minPrefix is the least number of letters before a *; scripts whose letters are words need one only.
	minPrefix      = 2
	maxPrefixWords = 1024 // words that a prefix stands for: the most frequent
	maxFuzzyWords  = 64   // words that a fuzzy word stands for: the nearest, then the most frequent
)

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

	// maxSounding is how many words of a query that matches nothing are looked for by their sound: whoever types more does
	// not look for a name. As many are looked at for another spelling.
	maxSounding     = 8
	maxSoundForms   = 8       // words of a sounds: phrase; a longer one is read as a phrase
	maxJoined       = 4       // words that may have been said as one
	maxSoundLetters = 32      // of a word or a name that is compared by sound
	maxSoundWords   = 64      // words that sound like one word: the nearest
	maxSoundHalves  = 24      // words that sound like one half of a name: the nearest
	maxSoundPairs   = 64      // pairs of words that sound like a name: the nearest
	maxSpellings    = 64      // ways to write one name that are known
	maxWidened      = 64      // ways to write the names of one query that are looked for beside those that were typed
	maxSoundBook    = 1 << 20 // words of an index that are known by sound; later ones are found by other kinds of queries only
)

// Package vocabulary makes the prompt that tells the decoder which names to expect in an episode.
//
// A decoder writes what it has seen in training: a name that it never saw becomes the words that sound like it. What the
// publisher wrote about an episode has those names spelled right. The prompt is made of them:
//
//	people of the episode and the show, and the show's author      (people)
//	the owner's own words, the show's before the archive's         (settings)
//	names that people set right or are sure of, up to a share      (rules and names; what was heard wrong never goes in)
//	names in the titles of the show and the episode, then in the notes and the show's description (names.go)
//
// from the most to the least important, until a budget of tokens is spent (prompt.go). They are written in the opposite
// order: whisper keeps the last 223 tokens of its prompt, and what stands last weighs most.
//
// A name is a capitalised word or phrase that is not in ordinary use. What is in ordinary use the decoder's own
// vocabulary tells (lexicon.go): a word that is one token in lower case needs no help. So there are no word lists for
// each language here. Scripts without capitals give no names; people and the owner's words still count.
//
// The result depends on its arguments alone. Published text is not trusted: it is bounded, reduced to plain text, and only
// names leave.
package vocabulary

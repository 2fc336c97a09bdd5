package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
)

// Sizes of a language, so that an hour of speech holds some 1,700 different words, a hundred hours some 30,000, and the
// hundred most frequent ones are more than half of all: about what transcripts of conversations hold.
const (
	lexemes       = 40_000
	namesOf       = 30_000
	stockPhrases  = 400
	zipfExponent  = 1.35
	zipfShift     = 5 // Mandelbrot's: flattens the very first ranks
	likelyNext    = 16
	inflectedFrom = 120 // ranks before it are function words
)

// vocabulary is a made-up language: words by rank, each with its inflections, and which words tend to follow which.
type vocabulary struct {
	code    string
	words   [][]string // by rank: the base form first, then inflections
	upTo    []float64  // cumulative probability by rank
	names   []string
	namesTo []float64
	phrases [][]int // ranks
	salt    uint64
}

// grammar is what tells languages apart: the words that every sentence is made of, in order of frequency, and how others
// are built.
type grammar struct {
	code, function, starts, vowels, ends, inflections string // "_" is nothing
}

func grammars() []grammar {
	return []grammar{
		{
			"en",
			`the and to of a that I it you in is so we was like this for they have on but what with be are not know do just there
			 about at or as if think can people one all my he when because how would from me really more some out had has them their
			 then your right get go now them she time very up who will been which kind well things way by could going other were
			 something want see thing lot also into our mean two work where say make here those than did only much yeah good over any
			 first actually got little these even most us her him new`,
			`b bl br c ch cl cr d dr f fl fr g gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w`,
			`a a e e i i o o u ea ee ai ou oa y`,
			`_ _ _ n r l t s d m nd nt st ck sh ng rd x p`,
			`_ _ _ _ _ _ s s s ed ed ing ing ly er`,
		},
		{
			"de",
			`und die der ich das ist wir es in zu nicht auch den so ein sie man mit auf dass aber war haben wie für im eine was
			 dann ja von noch da als wenn mal an hat sind mir schon oder um nur bei aus er mehr du diese kann also werden jetzt`,
			`b br d dr f fl g gl gr h j k kl kr l m n p pf r s sch schl sp st str t tr v w z`, `a a e e i o u ä ö ü ei au ie`,
			`_ _ n r l t s ch cht ng nd rt st lt ck`, `_ _ _ _ en en en e e er es st te`,
		},
		{
			"fr",
			`de la et le que les je des on est en pas un il une ça qui dans c'est à pour ce plus vous nous mais avec sur au bien
			 par être comme ou si fait tout même ils aussi très elle peut ont donc faire sont sans y deux quand`,
			`b bl br c ch cl cr d f fl fr g gr j l m n p pl pr qu r s t tr v`, `a a e e i o u é è ai ou eau oi`,
			`_ _ _ n r l t s c nt que ve se`, `_ _ _ _ s s s é er ent ement`,
		},
		{
			"es",
			`de que la y el en no es a los lo un se por una con las me para como pero más del su si al muy ya todo esto hay
			 porque yo está bien cuando eso nos son o ser así entonces qué hace sobre tiene le también`,
			`b br c ch cl d f fl fr g gr h j l ll m n p pl pr qu r s t tr v z`, `a a a e e e i o o u á í ó ie ue`,
			`_ _ _ n r l s d z`, `_ _ _ _ s s s ando ado ar ó mente`,
		},
	}
}

func newVocabulary(g grammar, seed uint64) *vocabulary {
	r := rand.New(rand.NewPCG(seed, hash(uint64(len(g.function)), 7))) //nolint:gosec // made up, not secret
	v := &vocabulary{code: g.code, salt: seed}
	seen := map[string]bool{}
	for _, w := range strings.Fields(g.function) {
		if !seen[w] {
			seen[w] = true
			v.words = append(v.words, []string{w})
		}
	}
	m := maker{r, strings.Fields(g.starts), strings.Fields(g.vowels), strings.Fields(g.ends)}
	endings := strings.Fields(g.inflections)
	for len(v.words) < lexemes {
		base := m.word(1 + r.IntN(1+min(3, (len(v.words)+1000)/2000)))
		if seen[base] {
			continue
		}
		seen[base] = true
		forms := make([]string, 0, len(endings))
		for _, e := range endings {
			forms = append(forms, base+strings.TrimPrefix(e, "_"))
		}
		v.words = append(v.words, forms)
	}
	for len(v.names) < namesOf {
		if w := m.word(2 + r.IntN(3)); !seen[w] {
			seen[w] = true
			v.names = append(v.names, strings.ToUpper(w[:1])+w[1:])
		}
	}
	v.upTo, v.namesTo = zipf(len(v.words)), zipf(len(v.names))
	for range stockPhrases {
		p := []int{v.rank(r.Float64())}
		for len(p) < 3+r.IntN(4) {
			p = append(p, v.next(p[len(p)-1], r))
		}
		v.phrases = append(v.phrases, p)
	}
	return v
}

// maker makes words of syllables.
type maker struct {
	r                    *rand.Rand
	starts, vowels, ends []string
}

func (m maker) word(syllables int) string {
	var b strings.Builder
	for range syllables {
		b.WriteString(m.starts[m.r.IntN(len(m.starts))])
		b.WriteString(m.vowels[m.r.IntN(len(m.vowels))])
	}
	return b.String() + strings.Trim(m.ends[m.r.IntN(len(m.ends))], "_")
}

// zipf returns cumulative probabilities of n ranks.
func zipf(n int) []float64 {
	out, sum := make([]float64, n), 0.0
	for i := range out {
		sum += math.Pow(float64(i+zipfShift), -zipfExponent)
		out[i] = sum
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func (v *vocabulary) rank(p float64) int {
	return min(sort.SearchFloat64s(v.upTo, p), len(v.upTo)-1)
}

func (v *vocabulary) name(p float64) string {
	return v.names[min(sort.SearchFloat64s(v.namesTo, p), len(v.names)-1)]
}

// next draws the word after a word: half of the time one of the few that like to follow it. Those are drawn by the same law
// as any word, so that the distribution of words stays what it is.
func (v *vocabulary) next(after int, r *rand.Rand) int {
	for {
		p := r.Float64()
		if r.IntN(2) == 0 {
			k := r.IntN(likelyNext)
			p = float64(hash(v.salt, uint64(after), uint64(k*k/likelyNext))>>11) / (1 << 53)
		}
		if w := v.rank(p); w != after {
			return w
		}
	}
}

// form draws an inflection.
func (v *vocabulary) form(rank int, r *rand.Rand) string {
	forms := v.words[rank]
	return forms[r.IntN(len(forms))]
}

// hash mixes numbers into one (splitmix64's finaliser).
func hash(parts ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		h = (h ^ p) + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// plain reports whether a word is written with the 26 letters only: the words that queries are made of, which every engine
// takes apart in the same way.
func plain(w string) bool {
	return w != "" && !slices.ContainsFunc([]byte(w), func(c byte) bool { return c < 'a' || c > 'z' })
}

package search

// How episodes are verified at the same time: so many after each other, in so many parts at most.
const (
	verifiedTogether = 64
	maxVerified      = 16
)

// verify keeps the documents in which the leaf really is, as the side tables say, and weighs those by how often that could
// not be told from the postings. It goes through them by episode: to look into another table takes longer than to look at a
// passage.
func (e *evaluation) verify(f *finder, weight []float64) error {
	candidates := f.docs
	f.docs = newBitset(e.v.docs)
	var eps []uint32
	e.episodesOf(candidates).each(func(ep uint32) { eps = append(eps, ep) })
	parts := min(1+len(eps)/verifiedTogether, maxVerified)
	found := make([]bitset, parts)
	if err := e.split(parts, func(e *evaluation, i int) error {
		found[i] = newBitset(e.v.docs)
		for _, ep := range eps[i*len(eps)/parts : (i+1)*len(eps)/parts] {
			if err := e.verifyIn(f, ep, candidates, found[i], weight); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, docs := range found {
		f.docs.or(docs)
	}
	return nil
}

// verifyIn is verify for one episode: it adds to the documents that are found. Passages that follow each other are looked at
// in one go.
func (e *evaluation) verifyIn(f *finder, episode uint32, candidates, found bitset, weight []float64) error {
	var where *spots // nil until it is needed
	docs := e.v.documents(episode)
	for n := 1; len(docs) > 0; docs, n = docs[n:], 1 {
		d := docs[0]
		if !candidates.has(d) {
			continue
		}
		if f.sure != nil && f.sure.has(d) {
			found.add(d)
			continue
		}
		if err := e.step(); err != nil {
			return err
		}
		if where == nil {
			t, err := e.table(episode)
			if err != nil {
				return err
			}
			where = e.in(f, t)
		}
		if where.sure && f.who == nil {
			found.add(d)
			continue
		}
		if e.v.passage[d] < 0 {
			if weight[d] = where.weightInHead(f.l.field); weight[d] > 0 {
				found.add(d)
			}
			continue
		}
		for weight[d] = 0; n < len(docs) && candidates.has(docs[n]) && e.v.passage[docs[n]] == e.v.passage[d]+int32(n); n++ {
			if f.sure != nil && f.sure.has(docs[n]) {
				break
			}
			weight[docs[n]] = 0
		}
		where.spoken(int(e.v.passage[d]), int(e.v.passage[docs[n-1]]), func(passage int, _ match) {
			at := docs[passage-int(e.v.passage[d])]
			weight[at]++
			found.add(at)
		})
	}
	return nil
}

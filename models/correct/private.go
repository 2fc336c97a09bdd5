package correct

import "github.com/earshot/earshot/models"

// hide takes the words out that are said in private stretches, and those that reach into one.
func (t *text) hide(private []models.Span) {
	if len(private) == 0 {
		return
	}
	kept := t.tokens[:0]
	begins, cut := false, false
	n := 0 // no stretch before it can hide anything any more: both are in order of time
	for _, k := range t.tokens {
		for n < len(private) && private[n].EndMS <= k.StartMS {
			n++
		}
		if n < len(private) && private[n].Meets(models.Span{StartMS: k.StartMS, EndMS: max(k.EndMS, k.StartMS+1)}) {
			t.touched[k.segment] = true
			begins, cut = begins || k.begins, true
			continue
		}
		if cut { // what comes after it is another segment
			k.begins, k.cut = true, true
			t.touched[k.segment] = true
		}
		k.begins = k.begins || begins
		begins, cut = false, false
		kept = append(kept, k)
	}
	t.tokens = kept
}

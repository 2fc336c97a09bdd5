package whisper

const (
	longestChunk  = 28 * SampleRate       // what whisper holds with padding: the more context, the better it hears
	shortestCut   = longestChunk * 4 / 10 // a chunk is cut at its longest pause after this
	longestGap    = 4 * SampleRate        // a longer silence ends a chunk: there is nothing to hear in it
	speechPadding = 200 * samplesMS       // audio kept before and after a chunk's speech
)

// chunk is a stretch of audio that is decoded on its own.
type chunk struct {
	audio   span      // what samples hold
	speech  []span    // the spans of speech within
	samples []float32 // owned by the chunk
}

func (c chunk) speechSamples() int64 {
	var n int64
	for _, s := range c.speech {
		n += s.len()
	}
	return n
}

// speechAfter is how many samples of speech there are from sample number at on.
func (c chunk) speechAfter(at int64) int64 {
	var n int64
	for _, s := range c.speech {
		n += max(s.end-max(s.start, at), 0)
	}
	return n
}

// chunker packs spans of speech into chunks, cut at pauses, and keeps the samples that they need. Its memory is bounded by
// two chunks: samples before the speech that waits are forgotten.
type chunker struct {
	finder  speechFinder
	samples []float32 // from sample number base on
	base    int64
	spans   []span // closed, not yet in a chunk
	lastEnd int64  // end of the last chunk's audio: chunks never overlap
}

// add takes samples with the probabilities of their frames (one for each 512 samples, the last one may be partial) and
// returns the chunks that are complete. The samples are copied.
func (c *chunker) add(samples, probs []float32) []chunk {
	c.samples = append(c.samples, samples...)
	var out []chunk
	for _, p := range probs {
		if s, ok := c.finder.frame(p); ok {
			out = c.push(s, out)
		}
	}
	if len(c.spans) > 0 && c.finder.pos-c.spans[len(c.spans)-1].end > longestGap && !c.finder.inSpeech {
		out = append(out, c.take(len(c.spans)))
	}
	c.forget()
	return out
}

// finish returns the chunks that are left when the recording ends.
func (c *chunker) finish() []chunk {
	var out []chunk
	if s, ok := c.finder.finish(); ok {
		s.end = min(s.end, c.base+int64(len(c.samples)))
		if s.len() > 0 {
			out = c.push(s, out)
		}
	}
	if len(c.spans) > 0 {
		out = append(out, c.take(len(c.spans)))
	}
	return out
}

func (c *chunker) push(s span, out []chunk) []chunk {
	c.spans = append(c.spans, s)
	for len(c.spans) > 1 {
		last := len(c.spans) - 1
		switch {
		case c.spans[last].start-c.spans[last-1].end > longestGap:
			out = append(out, c.take(last))
		case c.spans[last].end-c.spans[0].start > longestChunk:
			out = append(out, c.take(c.bestCut()))
		default:
			return out
		}
	}
	return out
}

// bestCut returns how many of the waiting spans, but the last, make the next chunk: those before the longest pause that
// leaves the chunk neither too short nor too long.
func (c *chunker) bestCut() int {
	best, longest := 1, int64(-1)
	for i := 1; i < len(c.spans); i++ {
		length := c.spans[i-1].end - c.spans[0].start
		if length > longestChunk {
			break
		}
		pause := c.spans[i].start - c.spans[i-1].end
		switch {
		case length >= shortestCut && pause >= longest:
			best, longest = i, pause
		case longest < 0:
			best = i
		}
	}
	return best
}

// take makes a chunk of the first n waiting spans.
func (c *chunker) take(n int) chunk {
	audio := span{c.spans[0].start - speechPadding, c.spans[n-1].end + speechPadding}
	if n < len(c.spans) {
		audio.end = min(audio.end, (c.spans[n-1].end+c.spans[n].start+1)/2)
	} else if c.finder.inSpeech {
		audio.end = min(audio.end, max(c.spans[n-1].end, (c.spans[n-1].end+c.finder.start+1)/2))
	}
	audio.start = max(audio.start, c.lastEnd, 0)
	audio.end = min(audio.end, c.base+int64(len(c.samples)))
	c.lastEnd = audio.end
	out := chunk{
		audio:   audio,
		speech:  append([]span(nil), c.spans[:n]...),
		samples: append([]float32(nil), c.samples[audio.start-c.base:audio.end-c.base]...),
	}
	c.spans = append(c.spans[:0], c.spans[n:]...)
	return out
}

// forget drops the samples that no chunk can need any more.
func (c *chunker) forget() {
	keep := c.finder.pos
	if c.finder.inSpeech {
		keep = c.finder.start
	}
	if len(c.spans) > 0 {
		keep = c.spans[0].start
	}
	keep = max(min(keep-speechPadding, c.base+int64(len(c.samples))), c.base)
	// Copying the rest down costs little: it happens once for each second of audio, and the rest is at most two chunks.
	c.samples = append(c.samples[:0], c.samples[keep-c.base:]...)
	c.base = keep
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/earshot/earshot/pipeline"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/calibrate"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

// capacity is what this machine has for the model that the settings name.
type capacity struct {
	c       *config
	weights *weights.Store
	engine  whisper.Engine
	cores   int
	// variants are the installed models that the setting leaves the choice of, those that fit into memory only.
	variants []string
	// fitting is how many decoders fit into memory, by model.
	fitting map[string]int
	memory  int64 // available, in bytes: the machine's, or the device's when it has its own
}

// capacity finds out what this machine has. It gives an error that says what to do when a model is not installed or does not
// fit into memory: loading it would end the process in the middle, or push everything else out of memory.
func (c *config) capacity(ctx context.Context) (*capacity, error) { return c.capacityFor(ctx, c.Model) }

// capacityFor is capacity for another model than the settings'.
func (c *config) capacityFor(ctx context.Context, model string) (*capacity, error) {
	m := &capacity{c: c, weights: c.weights(), cores: calibrate.Cores(), fitting: map[string]int{}}
	variants := m.weights.Variants(model)
	if _, err := pipeline.Request(m.weights, variants[0]); err != nil {
		return nil, err
	}
	o, err := transcriberOptions(c.log)
	if err != nil {
		return nil, err
	}
	if m.engine, err = whisper.AskEngine(ctx, o); err != nil {
		return nil, err
	}
	where := ""
	if m.memory, err = calibrate.AvailableMemory(ctx); err != nil {
		return nil, err
	}
	if m.engine.DeviceFree > 0 {
		m.memory, where = m.engine.DeviceFree, " on "+m.engine.Device
	}
	for _, name := range variants {
		if err = m.fit(name, where); err == nil {
			m.variants = append(m.variants, name)
		}
	}
	if len(m.variants) == 0 {
		return nil, err
	}
	return m, nil
}

// fit notes how many decoders of a model fit into memory.
func (m *capacity) fit(name, where string) error {
	f, err := m.weights.Footprint(name)
	if err != nil {
		return err
	}
	n := f.Fitting(m.memory, max(m.cores, m.c.Decoders))
	if n == 0 {
		installed, err := m.weights.List()
		if err != nil {
			return err
		}
		return weights.DoesNotFit(name, f, m.memory, where, installed)
	}
	m.fitting[name] = n
	return nil
}

// way decides how to decode: as the owner chose, or as measured on this machine, or, for the first time, by measuring now. It
// says to the owner what they should know.
func (m *capacity) way(ctx context.Context, tool *audio.Tool, say func(string)) (calibrate.Way, error) {
	if line := m.engine.Fallback(); line != "" {
		m.c.log.InfoContext(ctx, line)
		say(line)
	}
	name := m.variants[0]
	if chosen := m.c.Decoders; chosen > 0 {
		if fits := m.fitting[name]; fits < chosen {
			say(fmt.Sprintf("%s instead of %d: more do not fit into memory", count(fits, "decoder"), chosen))
		}
		return calibrate.Way{Model: name, Decoders: chosen, Threads: 1}.Within(m.fitting[name], max(m.cores, chosen)), nil
	}
	known, ok := calibrate.Load(m.c.Models, m.key())
	if !ok {
		say("measuring how this machine transcribes fastest (once, it takes some seconds)")
		var err error
		if known, err = m.measure(ctx, tool, nil); err != nil {
			if ctx.Err() != nil {
				return calibrate.Way{}, ctx.Err()
			}
			m.c.log.WarnContext(ctx, "calibrating failed, going on with one decoder for each core", "error", err)
			known.Best = calibrate.Way{Model: name, Decoders: m.cores, Threads: 1}
		}
	}
	best := known.Best.Within(m.fitting[known.Best.Model], m.cores)
	if best.Decoders < known.Best.Decoders {
		say(fmt.Sprintf("%s instead of %d: more do not fit into memory now", count(best.Decoders, "decoder"), known.Best.Decoders))
	}
	m.c.log.InfoContext(ctx, "transcribing", "model", best.Model, "decoders", best.Decoders, "threads", best.Threads, "device", m.engine.Device)
	return best, nil
}

// ways knows how to decode with the models that shows ask for in place of the archive's. What was found once holds for as long as the
// program runs: a model that is in memory would not find room beside itself.
type ways struct {
	c       *config
	archive calibrate.Way // as measured for the archive's model
	unload  func()        // gives the memory back that a model holds which is not being used

	mu    sync.Mutex
	known map[string]calibrate.Way
}

// with returns the way for a model: as measured for it, else as for the archive's, with no more decoders than fit into memory.
func (w *ways) with(ctx context.Context, model string) (pipeline.Way, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	way, ok := w.known[model]
	if !ok {
		w.unload()
		m, err := w.c.capacityFor(ctx, model)
		if err != nil {
			return pipeline.Way{}, err
		}
		way = w.archive
		if c, ok := calibrate.Load(w.c.Models, m.key()); ok && w.c.Decoders == 0 {
			way = c.Best
		}
		if !slices.Contains(m.variants, way.Model) {
			way.Model = m.variants[0]
		}
		way = way.Within(m.fitting[way.Model], max(m.cores, way.Decoders))
		w.c.log.InfoContext(ctx, "a show asks for a model", "model", way.Model, "decoders", way.Decoders, "threads", way.Threads)
		w.known[model] = way
	}
	return pipeline.Way(way), nil
}

// key is what a measurement holds for.
func (m *capacity) key() calibrate.Key {
	return calibrate.Key{Models: m.variants, Processor: m.engine.Processor, Cores: m.cores, Engine: m.engine.Name, Device: m.engine.Device}
}

// measure finds the fastest way and stores it. Rivals are measured too, but not chosen: the setting names another model.
func (m *capacity) measure(ctx context.Context, tool *audio.Tool, rivals []string) (calibrate.Calibration, error) {
	result := calibrate.Calibration{Key: m.key(), At: time.Now().UTC().Truncate(time.Second)}
	sample, err := calibrate.Sample(ctx, tool)
	if err != nil {
		return result, err
	}
	first := m.variants[0]
	ways := calibrate.Ways(first, m.cores, m.fitting[first], m.engine.GPU)
	b := m.bench(sample, ways)
	trials, best, err := b.Race(ctx, ways)
	if err != nil {
		return result, err
	}
	// What is fastest for one form of the weights is so for the others; these are compared in that way.
	others := append(slices.Clone(m.variants[1:]), rivals...)
	if len(others) > 0 {
		forms := []calibrate.Way{best}
		for _, name := range others {
			w := best
			w.Model = name
			forms = append(forms, w.Within(m.fitting[name], m.cores))
		}
		compared, winner, err := m.bench(sample, forms).Race(ctx, forms)
		if err != nil {
			return result, err
		}
		if slices.Contains(m.variants, winner.Model) {
			best = winner
		}
		trials = append(slices.DeleteFunc(trials, func(t calibrate.Trial) bool { return t.Way == compared[0].Way }), compared...)
	}
	result.Best, result.Trials = best, trials
	if err := calibrate.Save(m.c.Models, result); err != nil {
		m.c.log.WarnContext(ctx, "the calibration will be measured again the next time", "error", err)
	}
	return result, nil
}

// rivals are the models that are worth comparing with the one in use, for the owner's choice.
func (m *capacity) rivals() []string {
	var out []string
	for _, name := range m.weights.Rivals(m.variants[0]) {
		if !slices.Contains(m.variants, name) && m.fit(name, "") == nil {
			out = append(out, name)
		}
	}
	return out
}

// bench is what measuring some ways needs.
func (m *capacity) bench(sample []float32, ways []calibrate.Way) calibrate.Bench {
	var all int64
	for _, w := range ways {
		if f, err := m.weights.Footprint(w.Model); err == nil {
			all += f.Needs(w.Decoders)
		}
	}
	return calibrate.Bench{
		Sample: sample,
		New: func() (calibrate.Decoder, error) {
			o, err := transcriberOptions(m.c.log)
			o.Idle = time.Hour // until it is closed
			return whisper.NewTranscriber(o), err
		},
		Request:  func(model string) (whisper.Request, error) { return pipeline.Request(m.weights, model) },
		Together: all <= m.memory/2,
		Progress: func(w calibrate.Way) {
			m.c.log.Debug("measuring", "model", w.Model, "decoders", w.Decoders, "threads", w.Threads)
		},
	}
}

// table shows what was measured and what is used from now on.
func (m *capacity) table(result calibrate.Calibration) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s, %s; %s on %s; %s of memory available\n", m.engine.Processor, count(m.cores, "core"), m.engine.Name, m.engine.Device, humanSize(m.memory))
	if line := m.engine.Fallback(); line != "" {
		fmt.Fprintln(b, line)
	}
	trials := slices.Clone(result.Trials)
	slices.SortStableFunc(trials, func(a, b calibrate.Trial) int {
		return strings.Compare(a.Model, b.Model)
	})
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "MODEL\tDECODERS\tTHREADS EACH\tSPEED\t")
	for _, t := range trials {
		mark := ""
		if t.Way == result.Best {
			mark = "chosen"
		}
		speed := fmt.Sprintf("%.1f× real time", t.Speed)
		if t.Stopped {
			speed = "under " + speed
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\n", t.Model, t.Decoders, t.Threads, speed, mark)
	}
	_ = w.Flush() // to memory
	for _, t := range trials {
		if best := speedOf(trials, result.Best); !slices.Contains(m.variants, t.Model) && t.Speed > best*worthTelling {
			base := strings.TrimSuffix(t.Model, "-q8_0")
			fmt.Fprintf(b, "%s is %.0f %% faster here: with the setting model = %q the faster of the two is used\n", t.Model, (t.Speed/best-1)*100, base)
		}
	}
	if m.c.Decoders > 0 {
		fmt.Fprintf(b, "the setting decoders = %d goes before this\n", m.c.Decoders)
	}
	return b.String()
}

// worthTelling is how much faster another form of the weights must be to be recommended.
const worthTelling = 1.05

func speedOf(trials []calibrate.Trial, w calibrate.Way) float64 {
	for _, t := range trials {
		if t.Way == w {
			return t.Speed
		}
	}
	return 0
}

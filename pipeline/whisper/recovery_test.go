package whisper

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMemoryThatRunsOutHalvesTheDecoders(t *testing.T) {
	r := newRecovery(Request{Decoders: 4}, func(Window) error { return nil }, nil)
	killed := &death{cause: causeMemory, err: errors.New("killed")}
	for _, want := range []int{2, 1} {
		r.begin()
		_ = r.handle(event{Began: &work{StartMS: 1000, LengthMS: 5000}})
		if err := r.after(killed); err != nil || r.order.Decoders != want || len(r.order.Lost) != 0 {
			t.Fatalf("%v, %d decoders, lost %v: want %d and nothing lost while there are decoders to spare", err, r.order.Decoders, r.order.Lost, want)
		}
	}
	o := r.begin()
	if !slices.Equal(o.Alone, []int64{1000}) {
		t.Errorf("decoded alone: %v", o.Alone)
	}
	_ = r.handle(event{Began: &work{StartMS: 1000, LengthMS: 5000}})
	if err := r.after(killed); err != nil || len(r.order.Lost) != 1 || !strings.Contains(r.order.Lost[0].Reason, "memory") {
		t.Errorf("%v, lost %v", err, r.order.Lost)
	}
}

func TestOnlyTheChunkThatKillsAloneIsLost(t *testing.T) {
	var got []int64
	r := newRecovery(Request{Decoders: 2}, func(w Window) error { got = append(got, w.StartMS); return nil }, nil)
	crash := &death{cause: causeCrash, err: errors.New("crash")}
	began := func(at int64) { _ = r.handle(event{Began: &work{StartMS: at}}) }
	ended := func(at int64) { _ = r.handle(event{Ended: &work{StartMS: at}}) }
	window := func(at int64, lost bool) {
		if err := r.handle(event{Window: &Window{StartMS: at, CursorMS: at + 900, Lost: lost}}); err != nil {
			t.Fatal(err)
		}
	}
	r.begin()
	began(0)
	began(1000)
	ended(0) // decoded, but its window is not here
	began(2000)
	if err := r.after(crash); err != nil {
		t.Fatal(err)
	}
	if o := r.begin(); !slices.Equal(slices.Sorted(slices.Values(o.Alone)), []int64{1000, 2000}) || o.SkipMS != 0 {
		t.Fatalf("alone %v after %d ms", o.Alone, o.SkipMS)
	}
	began(0)
	ended(0)
	window(0, false)
	began(1000)
	ended(1000)
	window(1000, false)
	began(2000)
	if err := r.after(crash); err != nil {
		t.Fatal(err)
	}
	if o := r.begin(); len(o.Alone) != 0 || len(o.Lost) != 1 || o.Lost[0].StartMS != 2000 || o.SkipMS != 1900 {
		t.Fatalf("ordered %+v", o)
	}
	window(2000, true)
	if len(got) != 2 {
		t.Errorf("the lost chunk was handed out before a good one followed: %v", got)
	}
	window(3000, false)
	if !slices.Equal(got, []int64{0, 1000, 2000, 3000}) || r.order.SkipMS != 3900 {
		t.Errorf("windows at %v, going on at %d", got, r.order.SkipMS)
	}
}

func TestDeathsWithoutProgressEnd(t *testing.T) {
	crash := &death{cause: causeCrash, err: errors.New("crash")}
	r := newRecovery(Request{Decoders: 1}, nil, nil)
	n := 0
	for err := error(nil); err == nil; n++ {
		r.begin()
		err = r.after(crash)
	}
	if n != mostStarts {
		t.Errorf("a decoder that cannot start was started %d times", n)
	}
	r = newRecovery(Request{Decoders: 1}, nil, nil)
	n = 0
	for err := error(nil); err == nil; n++ {
		r.begin()
		_ = r.handle(event{Began: &work{StartMS: int64(n/2) * 1000}})
		err = r.after(crash)
	}
	if n != mostDeaths {
		t.Errorf("a decoder that dies of every chunk was started %d times", n)
	}
}

func TestPatience(t *testing.T) {
	p := patience{}.orDefaults(0)
	var slowest pace
	if got := p.allows(slowest, 10_000); got != 15*time.Minute {
		t.Errorf("the first chunk may take %v", got)
	}
	slowest.saw(500*time.Millisecond, 10_000)
	if got := p.allows(slowest, 10_000); got != time.Minute {
		t.Errorf("after a fast one, %v", got)
	}
	slowest.saw(time.Minute, 10_000)
	slowest.saw(time.Second, 10_000)
	if got, long := p.allows(slowest, 5000), p.allows(slowest, 60_000); got != 90*time.Minute || long != 2*got {
		t.Errorf("after one at six times its length, a short one may take %v and one of a minute %v, want 30 times what 30 s take, and twice that", got, long)
	}
}

func TestMemoryComplaintsAreRecognised(t *testing.T) {
	for said, want := range map[string]bool{
		"ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 123": true,
		"CUDA error: out of memory":         true,
		"what():  std::bad_alloc":           true,
		"GGML_ASSERT(n_past <= 224) failed": false,
		"":                                  false,
	} {
		if memoryShort(said) != want {
			t.Errorf("%q is taken for short memory: %v", said, !want)
		}
	}
}

package audio

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

const testRate = 16000

// turn is a stretch of a recording in which one side speaks, in seconds.
type turn struct {
	from, to float64
	left     bool
}

func turns(sec int) []turn {
	var out []turn
	for at, n := 0.5, 0; at < float64(sec)-1; n++ {
		length := []float64{3.1, 1.2, 4.5, 0.9}[n%4]
		out = append(out, turn{at, min(at+length, float64(sec)), n%2 == 0})
		at += length + 0.2
	}
	return out
}

// voices are two voices that take turns, in syllables, so that power comes and goes as in speech; and full-scale noise of its
// own for each side.
func voices(turns []turn, sec int) (left, right, leftNoise, rightNoise []float32) {
	r := rand.New(rand.NewPCG(1, 2))
	n := sec * testRate
	left, right, leftNoise, rightNoise = make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for _, t := range turns {
		side, pitch := right, 190.0
		if t.left {
			side, pitch = left, 110.0
		}
		for at := t.from; at < t.to; {
			syllable := 0.1 + 0.15*r.Float64()
			loud := 0.1 + 0.3*r.Float64()
			for i := int(at * testRate); i < int(min(at+syllable, t.to)*testRate); i++ {
				v, s := 0.0, float64(i)/testRate
				for h := 1.0; h <= 6; h++ {
					v += math.Sin(2*math.Pi*pitch*h*s) / h
				}
				side[i] = float32(loud * (v + 0.1*r.NormFloat64()) * math.Sin(math.Pi*(s-at)/syllable) / 2)
			}
			at += syllable + 0.06*r.Float64()
		}
	}
	for i := range n {
		leftNoise[i], rightNoise[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
	}
	return left, right, leftNoise, rightNoise
}

// recording encodes channels as name says.
func recording(t *testing.T, name string, args []string, channels ...[]float32) string {
	t.Helper()
	needFFmpeg(t)
	raw := make([]byte, 0, 4*len(channels)*len(channels[0]))
	for i := range channels[0] {
		for _, c := range channels {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(c[i]))
		}
	}
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("ffmpeg", slices.Concat([]string{"-v", "error", "-nostdin", "-f", "f32le", "-ar", strconv.Itoa(testRate),
		"-ac", strconv.Itoa(len(channels)), "-i", "-"}, args, []string{path})...)
	cmd.Stdin = bytes.NewReader(raw)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making %s: %v: %s", name, err, out)
	}
	return path
}

// mixed returns a·x + b·y, the factors in dB.
func mixed(x []float32, a float64, y []float32, b float64) []float32 {
	out := make([]float32, len(x))
	fa, fb := math.Pow(10, a/20), math.Pow(10, b/20)
	for i := range x {
		out[i] = float32(fa*float64(x[i]) + fb*float64(y[i]))
	}
	return out
}

const none = -200 // dB

func listenTo(t *testing.T, path string) Sides {
	t.Helper()
	s, err := New(Options{}).Sides(t.Context(), open(t, path))
	if err != nil {
		t.Fatal(filepath.Base(path), err)
	}
	return s
}

func TestOneSpeakerASide(t *testing.T) {
	const sec = 40
	said := turns(sec)
	l, r, nl, nr := voices(said, sec)
	early := append(slices.Clone(r[testRate/2:]), make([]float32, testRate/2)...) // begins while the left one still speaks
	for name, c := range map[string]struct{ left, right []float32 }{
		"clean":         {l, r},
		"noise":         {mixed(l, 0, nl, -50), mixed(r, 0, nr, -45)},
		"loud noise":    {mixed(l, 0, nl, -38), mixed(r, 0, nr, -50)},
		"leak":          {mixed(mixed(l, 0, r, -14), 0, nl, -60), mixed(mixed(r, 0, l, -18), 0, nr, -60)},
		"quiet":         {mixed(l, 0, nl, -70), mixed(r, -26, nr, -70)},
		"overlap":       {l, early},
		"added current": {mixed(l, 0, ones(len(l)), -20), r},
	} {
		codecs := []string{"a.mp3"}
		if name == "noise" {
			codecs = []string{"a.mp3", "a.wav", "a.ogg", "a.m4a"}
		}
		for _, codec := range codecs {
			t.Run(name+" "+codec, func(t *testing.T) {
				s := listenTo(t, recording(t, codec, nil, c.left, c.right))
				if !s.OneSpeaker() {
					t.Fatal("not taken for one speaker a side")
				}
				right, asked := 0, 0
				for _, u := range said {
					if name == "overlap" && !u.left {
						continue // it was moved
					}
					for ms := int64(u.from * 1000); ms+300 <= int64(u.to*1000); ms += 100 {
						asked++
						heard := s.Left(ms, ms+300)
						if heard > 30 && u.left || heard < -30 && !u.left {
							right++
						}
					}
				}
				want := asked * 98 / 100
				if name == "overlap" {
					want = asked * 75 / 100
				}
				if right < want {
					t.Errorf("%d of %d moments are on their side", right, asked)
				}
			})
		}
	}
}

func negative(x []float32) []float32 {
	out := make([]float32, len(x))
	for i := range x {
		out[i] = -x[i]
	}
	return out
}

func ones(n int) []float32 { return slices.Repeat([]float32{1}, n) }

func TestOtherStereoIsNotSplit(t *testing.T) {
	const sec = 40
	l, r, nl, nr := voices(turns(sec), sec)
	mono := mixed(l, 0, r, 0)
	late := append(make([]float32, 160), mono[:len(mono)-160]...) // 10 ms, as in a pair of microphones
	first := window(mono, 0, sec/2)
	rest := window(mono, sec/2, sec)
	for name, c := range map[string]struct{ left, right []float32 }{
		"the same twice":                  {mono, mono},
		"the same twice, one quieter":     {mono, mixed(mono, -25, nr, -70)},
		"negative":                        {mono, negative(mono)},
		"one side silent":                 {mono, make([]float32, len(mono))},
		"one side is noise":               {mixed(mono, 0, nl, -60), mixed(nr, -45, mono, none)},
		"both placed in the middle third": {mixed(l, 0, r, -6), mixed(r, 0, l, -6)},
		"a pair of microphones":           {mixed(mono, 0, nl, -55), mixed(late, -3, nr, -55)},
		"two who never stop":              {mono, append(slices.Clone(mono[len(mono)/3:]), mono[:len(mono)/3]...)},
		"noise":                           {mixed(nl, -20, mono, none), mixed(nr, -20, mono, none)},
		"silence":                         {make([]float32, sec*testRate), make([]float32, sec*testRate)},
		"a side that fails in the middle": {first, rest},
		"one word on the other side":      {mono, mixed(window(mono, 20, 20.3), 0, nr, -70)},
	} {
		t.Run(name, func(t *testing.T) {
			if s := listenTo(t, recording(t, "a.mp3", nil, c.left, c.right)); s.OneSpeaker() {
				t.Error("taken for one speaker a side")
			}
		})
	}
	for channels := range 8 {
		if n := channels + 1; n != 2 {
			all := make([][]float32, n)
			for i := range all {
				all[i] = [][]float32{l, r}[i%2]
			}
			if s := listenTo(t, recording(t, "a.wav", nil, all...)); s.OneSpeaker() || s.Mix != (Mix{}) {
				t.Errorf("%d channels: %+v", n, s.Mix)
			}
		}
	}
}

// window silences all but the seconds from from to to.
func window(x []float32, from, to float64) []float32 {
	out := make([]float32, len(x))
	copy(out[int(from*testRate):], x[int(from*testRate):int(to*testRate)])
	return out
}

func TestTheQuieterSideIsTurnedUp(t *testing.T) {
	const sec = 30
	l, r, nl, nr := voices(turns(sec), sec)
	for name, c := range map[string]struct {
		left, right []float32
		low, high   float64 // what the right side is turned up, more than the left one, in dB
	}{
		"as loud":               {l, r, 0, 0},
		"right quieter":         {mixed(l, 0, nl, -75), mixed(r, -30, nr, -75), 24, 33},
		"left quieter":          {mixed(l, -20, nl, -75), mixed(r, 0, nr, -75), -23, -17},
		"quieter, with a leak":  {mixed(l, 0, nl, -75), mixed(mixed(r, -12, l, -26), 0, nr, -75), 6, 12},
		"quieter, little above": {mixed(l, 0, nl, -75), mixed(r, -24, nr, -52), 15, 26},
	} {
		t.Run(name, func(t *testing.T) {
			s := listenTo(t, recording(t, "a.wav", nil, c.left, c.right))
			if !s.OneSpeaker() {
				t.Fatal("not taken for one speaker a side")
			}
			gain := 0.0
			if s.Mix != (Mix{}) {
				gain = 20 * math.Log10(s.Mix.Right/s.Mix.Left)
			}
			if gain < c.low || gain > c.high {
				t.Errorf("the right side is turned up by %.1f dB, want %.0f to %.0f", gain, c.low, c.high)
			}
		})
	}
}

func TestSidesThatCancelAreHeard(t *testing.T) {
	l, r, _, nr := voices(turns(20), 20)
	mono := mixed(l, 0, r, 0)
	for _, name := range []string{"a.wav", "a.mp3", "a.m4a"} {
		path := recording(t, name, nil, mono, mixed(negative(mono), 0, nr, -60))
		s, err := New(Options{}).DecodeMix(t.Context(), open(t, path), 0, listenTo(t, path).Mix)
		if err != nil {
			t.Fatal(err)
		}
		got, err := drain(s)
		_ = s.Close()
		if err != nil || power(got) < power(mono)/2 {
			t.Errorf("%s: power %.5f of %.5f, %v", name, power(got), power(mono), err)
		}
		plain, _, err := decode(t, New(Options{}), path, 0)
		if err != nil || power(plain) > power(mono)/20 {
			t.Errorf("%s: equal parts do not cancel (power %.5f): this test tests nothing", name, power(plain))
		}
	}
}

func power(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(max(len(x), 1))
}

func TestMixGivesEveryOneItsPart(t *testing.T) {
	l, r, _, _ := voices(turns(5), 5)
	path := recording(t, "a.wav", []string{"-c:a", "pcm_f32le"}, l, r)
	s, err := New(Options{}).DecodeMix(t.Context(), open(t, path), 1000, Mix{0.5, 12})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	got, err := drain(s)
	if err != nil || len(got) != len(l)-testRate {
		t.Fatalf("%d samples, %v", len(got), err)
	}
	for i, v := range got {
		if want := 0.5*l[i+testRate] + 12*r[i+testRate]; math.Abs(float64(v-want)) > 0.001 {
			t.Fatalf("sample %d is %f, want %f", i, v, want)
		}
	}
}

func TestSidesAreTheSameEachTime(t *testing.T) {
	l, r, nl, nr := voices(turns(20), 20)
	path := recording(t, "a.mp3", nil, mixed(l, 0, nl, -50), mixed(r, -20, nr, -50))
	a, b := listenTo(t, path), listenTo(t, path)
	if a.Mix != b.Mix || !slices.Equal(a.lean, b.lean) || len(a.lean) == 0 {
		t.Errorf("%+v and %+v", a.Mix, b.Mix)
	}
}

func TestMomentsOutsideTheRecordingAreSilent(t *testing.T) {
	s := Sides{lean: []int8{clearly, clearly, -clearly}}
	for _, c := range []struct{ from, to, want int64 }{
		{0, 2 * frameMS, 2 * frameMS}, {0, 10, 10}, {frameMS, 3 * frameMS, 0}, {-500, 500, frameMS}, {2 * frameMS, 1 << 40, -frameMS},
		{96, 1000, 0}, {1 << 60, 1 << 61, 0}, {math.MinInt64 / 2, -5, 0}, {50, 20, 0},
	} {
		if got := s.Left(c.from, c.to); got != c.want {
			t.Errorf("from %d to %d ms: %d, want %d", c.from, c.to, got, c.want)
		}
	}
	if got := (Sides{}).Left(0, 1000); got != 0 {
		t.Errorf("nothing was heard, yet %d", got)
	}
}

// Any sound at all must be measured without a panic, and what is said of it must be possible.
func FuzzBalance(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{150, 0, 150, 0, 0, 140, 0, 140}, 100))
	f.Add(bytes.Repeat([]byte{255, 255}, 300))
	f.Fuzz(func(t *testing.T, raw []byte) {
		frames := make([]levels, len(raw)/2)
		for i := range frames {
			frames[i] = levels{raw[2*i], raw[2*i+1]}
		}
		b := listen(frames)
		if b.left < 0 || b.right < 0 || b.even < 0 || b.left+b.right > b.sounding || b.even > b.sounding || b.sounding > len(frames) {
			t.Errorf("%+v of %d frames", b, len(frames))
		}
		m := b.mix()
		for _, v := range []float64{m.Left, m.Right} {
			if math.IsNaN(v) || v < 0 || v > 1e6 {
				t.Errorf("mix %+v", m)
			}
		}
		s := Sides{lean: b.lean(frames)}
		if d := int64(len(frames)) * frameMS; s.Left(0, d) > d || s.Left(0, d) < -d {
			t.Errorf("%d ms left of %d", s.Left(0, d), d)
		}
	})
}

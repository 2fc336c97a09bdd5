package calibrate

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWaysNeverTakeMoreThanTheCores(t *testing.T) {
	for _, tc := range []struct {
		cores, fitting int
		gpu            bool
		want           []Way
	}{
		{1, 8, false, []Way{{"m", 1, 1}}},
		{2, 8, false, []Way{{"m", 2, 1}, {"m", 1, 2}}},
		{2, 1, false, []Way{{"m", 1, 2}}},
		{4, 8, false, []Way{{"m", 4, 1}, {"m", 2, 2}, {"m", 1, 4}, {"m", 2, 1}}},
		{6, 4, false, []Way{{"m", 3, 2}, {"m", 1, 4}, {"m", 3, 1}}},
		{16, 64, false, []Way{{"m", 16, 1}, {"m", 8, 2}, {"m", 4, 4}, {"m", 2, 8}, {"m", 8, 1}}},
		{64, 2, false, []Way{{"m", 2, 8}}},
		{8, 8, true, []Way{{"m", 1, 1}, {"m", 2, 1}, {"m", 4, 1}}},
		{8, 1, true, []Way{{"m", 1, 1}}},
	} {
		got := Ways("m", tc.cores, tc.fitting, tc.gpu)
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%d cores, %d fit: %s", tc.cores, tc.fitting, d)
		}
	}
	for cores := 1; cores <= 200; cores++ {
		for _, fitting := range []int{1, 3, 1000} {
			for _, w := range Ways("m", cores, fitting, false) {
				if w.Decoders*w.Threads > cores || w.Decoders > fitting || w.Decoders < 1 || w.Threads < 1 {
					t.Errorf("%d cores, %d fit: %+v", cores, fitting, w)
				}
			}
		}
	}
}

func TestFewerDecodersWhereMemoryIsShortGetMoreThreads(t *testing.T) {
	for _, tc := range []struct{ was, want Way }{
		{Way{"m", 8, 1}, Way{"m", 2, 4}},
		{Way{"m", 2, 2}, Way{"m", 2, 2}},
		{Way{"m", 4, 2}, Way{"m", 2, 4}},
	} {
		if got := tc.was.Within(2, 8); got != tc.want {
			t.Errorf("%+v became %+v", tc.was, got)
		}
	}
}

func TestEquallyFastWaysAreDecidedByTheirOrder(t *testing.T) {
	trials := func(speeds ...float64) []Trial {
		var out []Trial
		for i, s := range speeds {
			out = append(out, Trial{Way: Way{"m", 8 >> i, 1 << i}, Speed: s})
		}
		return out
	}
	for _, tc := range []struct {
		trials []Trial
		want   int // decoders
	}{
		{trials(20, 20.5, 3), 8},
		{trials(20, 24, 24.1), 4},
		{trials(20), 8},
	} {
		if got := choose(tc.trials); got.Decoders != tc.want {
			t.Errorf("of %v: %+v", tc.trials, got)
		}
	}
}

func key(models ...string) Key {
	return Key{Models: models, Processor: "a processor", Cores: 4, Engine: "whisper.cpp 1", Device: "CPU"}
}

func TestACalibrationHoldsForWhatItWasMeasuredOn(t *testing.T) {
	dir := t.TempDir()
	c := Calibration{
		Key: key("base-q8_0", "base"), Best: Way{"base", 4, 1}, Trials: []Trial{{Way: Way{"base", 4, 1}, Speed: 21.5}},
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if _, ok := Load(dir, c.Key); ok {
		t.Error("something was found in an empty folder")
	}
	for range 2 { // again in place of the first
		if err := Save(dir, c); err != nil {
			t.Fatal(err)
		}
	}
	got, ok := Load(dir, c.Key)
	if d := cmp.Diff(c, got); !ok || d != "" {
		t.Error(ok, d)
	}
	for name, change := range map[string]func(*Key){
		"models":    func(k *Key) { k.Models = []string{"base-q8_0"} },
		"processor": func(k *Key) { k.Processor = "another" },
		"cores":     func(k *Key) { k.Cores = 8 },
		"engine":    func(k *Key) { k.Engine = "whisper.cpp 2" },
		"device":    func(k *Key) { k.Device = "Vulkan0: a card" },
	} {
		k := key("base-q8_0", "base")
		change(&k)
		if _, ok := Load(dir, k); ok {
			t.Errorf("it was found although the %s changed", name)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("files were left behind: %v", entries)
	}
}

func TestTheCalibrationFileStaysSmallAndADamagedOneIsReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(`{"version": 1, "calibrations": [{`), 0o600); err != nil {
		t.Fatal(err)
	}
	save := func(i int) Key {
		k := key("m" + strconv.Itoa(i))
		if err := Save(dir, Calibration{Key: k, Best: Way{k.Models[0], 2, 2}}); err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := save(0)
	if _, ok := Load(dir, first); !ok {
		t.Error("the first one was not found")
	}
	last := first
	for i := range mostEntries {
		last = save(i + 1)
	}
	if _, ok := Load(dir, first); ok {
		t.Error("the oldest one was kept")
	}
	if _, ok := Load(dir, last); !ok {
		t.Error("the last one was not found")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"version":1,"calibrations":[{"models":["m"],"cores":4,"best":{"model":"m","decoders":4,"threads":1}}]}`))
	f.Add([]byte(`{"version":1,"calibrations":[{"models":["m"],"cores":1,"best":{"model":"m","decoders":1000000,"threads":-1}}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read(bytes.NewReader(b))
		if err != nil && len(got.Calibrations) > 0 {
			t.Fatal("an error and a result")
		}
		for _, c := range got.Calibrations {
			if c.Best.Decoders < 1 || c.Best.Threads < 1 || c.Best.Decoders*c.Best.Threads > c.Cores {
				t.Fatalf("%+v would be used", c)
			}
		}
	})
}

func TestThereIsMemory(t *testing.T) {
	got, err := AvailableMemory(t.Context())
	if err != nil || got < 10e6 || got > 1<<50 {
		t.Errorf("%d bytes are available: %v", got, err)
	}
}

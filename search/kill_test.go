package search

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// roundVariable makes the test program the one that is killed, in a round of the test.
const roundVariable = "EARSHOT_SEARCH_ROUND"

// TestMain is also the process that the kill test kills: it follows an archive in the working directory.
func TestMain(m *testing.M) {
	round, err := strconv.Atoi(os.Getenv(roundVariable))
	if err != nil {
		os.Exit(m.Run())
	}
	if err := indexUntilKilled(context.Background(), ".", round); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// archiveOfRound is an archive as it is in a round of the test: from one round to the next episodes come, go, and change.
func archiveOfRound(round int) *archive {
	const episodes = 10
	a := generated(episodes, 14)
	docs, other := a.all(), generated(3*episodes, 15).all()
	r := rand.New(rand.NewPCG(5, 6))
	for range round {
		d := docs[r.IntN(episodes)]
		switch r.IntN(4) {
		case 0:
			a.remove(d.Episode.ID)
		case 1:
			a.put(other[r.IntN(len(other))])
		default:
			d.Transcript = other[r.IntN(len(other))].Transcript
			a.put(d)
		}
	}
	return a
}

// talkative is an archive that says when it is read, which is when its reader begins to write.
type talkative struct{ *archive }

func (s talkative) Document(ctx context.Context, id models.EpisodeID) (models.Document, error) {
	_, _ = fmt.Fprintln(os.Stdout, id)
	return s.archive.Document(ctx, id)
}

// indexUntilKilled looks whether what the process before left is right, catches up, and then replaces every episode and
// builds the index anew for as long as it lives.
func indexUntilKilled(ctx context.Context, dir string, round int) error {
	a := archiveOfRound(round)
	x, err := Open(ctx, dir, talkative{a}, Options{compactLeast: 1})
	if err != nil {
		return err
	}
	if aside, _ := filepath.Glob(filepath.Join(dir, damagedPrefix+"*")); len(aside) > 0 {
		return fmt.Errorf("the index did not open after a kill: %v", aside)
	}
	x.src = a           // reading for a comparison writes nothing
	var wrong []Finding // what opening mends counts as well: there should be nothing to mend
	if _, err := x.Check(ctx, CheckOptions{Found: func(f Finding) { wrong = append(wrong, f) }}); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the index is wrong after a kill: %v", wrong)
	}
	x.src = talkative{a}
	if err := x.CatchUp(ctx, nil); err != nil {
		return err
	}
	for n := round; ; n++ {
		if n%4 == 3 {
			if err := x.Reindex(ctx, nil); err != nil {
				return err
			}
		}
		for _, d := range a.all() {
			if err := x.renew(ctx, d.Episode.ID); err != nil {
				return err
			}
		}
	}
}

// TestKilledAtAnyMoment kills a process that indexes fifty times, while the archive changes from one to the next. Each
// process finds right what the one before left, and in the end all that the archive has is found.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	dir := filepath.Join(t.TempDir(), "index")
	r := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		if round%8 == 0 { // building from nothing is what takes long in life
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		killAfterReading(t, dir, round, 1+r.IntN(20), time.Duration(r.IntN(15_000))*time.Microsecond)
	}
	a := archiveOfRound(rounds)
	x := opened(t, dir, a, Options{})
	if aside, _ := filepath.Glob(filepath.Join(dir, damagedPrefix+"*")); len(aside) != 0 {
		t.Fatalf("the index did not open after a kill: %v", aside)
	}
	sound(t, x)
	assertLikeNew(t, x, a)
	o := newOracle(t, x, a.all())
	for range 20 {
		checkAgainst(t, x, o, phraseOf(r, o))
		checkAgainst(t, x, o, randomQuery(r, 2))
	}
}

// killAfterReading starts a process and kills it a moment after it has read so many episodes.
func killAfterReading(t *testing.T, dir string, round, episodes int, moment time.Duration) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), roundVariable+"="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range episodes {
		if !lines.Scan() {
			_ = cmd.Wait()
			t.Fatalf("in round %d the process ended by itself", round)
		}
	}
	kill := time.AfterFunc(moment, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	for lines.Scan() { // until it is dead
	}
	_ = cmd.Wait()
}

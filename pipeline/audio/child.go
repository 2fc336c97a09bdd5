package audio

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/earshot/earshot/pipeline/child"
)

// stderrBytes is how much of a child's complaints is kept: the last of them.
const stderrBytes = 8 << 10

// limits are the resources that a child may use.
type limits struct {
	memory int64         // bytes of address space
	cpu    time.Duration // processor time
	file   int64         // bytes that a file may grow to; 0: the child writes none
}

// command builds a child of program that reads f, hardened as the package comment says. The arguments may hold
// inputPlaceholder where the program wants the name of its input.
func (t *Tool) command(ctx context.Context, program string, f *os.File, l limits, args []string) (*exec.Cmd, error) {
	path, err := find(program)
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if a == inputPlaceholder {
			args[i] = inputName(f)
		}
	}
	argv := append([]string{path}, args...)
	if t.prlimit != "" {
		argv = append([]string{
			t.prlimit,
			"--as=" + strconv.FormatInt(l.memory, 10),
			"--cpu=" + strconv.FormatInt(int64(l.cpu/time.Second), 10),
			"--fsize=" + strconv.FormatInt(l.file, 10), "--nofile=64", "--core=0", "--",
		}, argv...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = f
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C", "LC_ALL=C"}
	cmd.WaitDelay = 2 * time.Second
	return cmd, nil
}

// inputPlaceholder stands for the input's name until the platform is asked for it.
const inputPlaceholder = "\x00input"

// complaints returns what a child complained of, cleaned of addresses and of the input's technical name, without repetitions.
func complaints(t *child.Tail, f *os.File) []string {
	var lines []string
	seen := map[string]bool{}
	for line := range strings.Lines(t.String()) {
		s := cleanComplaint(line, inputName(f))
		if s != "" && !seen[s] {
			seen[s] = true
			lines = append(lines, s)
		}
	}
	return lines
}

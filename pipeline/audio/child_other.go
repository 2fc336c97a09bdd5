//go:build !linux

package audio

import (
	"os"
	"path/filepath"
)

// inputName gives the path behind the file protocol, so that it is never taken for an address.
func inputName(f *os.File) string {
	if abs, err := filepath.Abs(f.Name()); err == nil {
		return "file:" + abs
	}
	return "file:" + f.Name()
}

// outputName gives the path, as inputName does.
func outputName(f *os.File) string { return inputName(f) }

// diedOfItsInput cannot be told portably: -1 is the exit code of a process that a signal ended.
func diedOfItsInput(*os.ProcessState) bool { return false }

func signalled(ps *os.ProcessState) bool { return ps.ExitCode() == -1 }

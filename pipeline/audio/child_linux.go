package audio

import (
	"os"
	"syscall"
)

// inputName names the child's standard input so that it opens it anew, seekable and from its start.
func inputName(*os.File) string { return "file:/proc/self/fd/0" }

// outputName names the file that a child gets as its fourth, so that it can seek in what it has written.
func outputName(*os.File) string { return "file:/proc/self/fd/3" }

// diedOfItsInput reports whether a child ended by signal did so because of what it read: it crashed, or used up its
// processor time. Reading the file again would end the same way.
func diedOfItsInput(ps *os.ProcessState) bool {
	ws, ok := ps.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return false
	}
	switch ws.Signal() { //nolint:exhaustive // all others come from outside
	case syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGFPE, syscall.SIGILL, syscall.SIGBUS, syscall.SIGXCPU:
		return true
	default:
		return false
	}
}

// signalled reports whether a child was ended by a signal.
func signalled(ps *os.ProcessState) bool {
	ws, ok := ps.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled()
}

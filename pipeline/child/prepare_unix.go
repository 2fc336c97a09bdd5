//go:build unix && !linux

package child

import (
	"os/exec"
	"syscall"
)

// Prepare makes a child be out of reach of a terminal's interrupt, and be killed together with its own children.
func Prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

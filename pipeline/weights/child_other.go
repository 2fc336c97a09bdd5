//go:build unix && !linux

package weights

import (
	"os/exec"
	"syscall"
)

// setChildAttributes makes a child be killed together with its own children.
func setChildAttributes(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

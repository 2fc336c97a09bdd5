package whisper

import (
	"os/exec"
	"syscall"
)

// endWithParent has the kernel kill the child when its parent dies. Elsewhere the child sees its input end without a last
// frame, and stops.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

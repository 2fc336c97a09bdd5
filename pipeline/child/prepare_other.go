//go:build !unix

package child

import "os/exec"

// Prepare has nothing to do here.
func Prepare(*exec.Cmd) {}

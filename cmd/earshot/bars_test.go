package main

import (
	"testing"
	"time"
)

// Numbers of changes are not what an owner counts: only how long it will take is said of them.
func TestABarOfChangesSaysNoSpeed(t *testing.T) {
	if got := describe(unitChanges, 100, 100, 300, 10*time.Second); got != "  20s left" {
		t.Errorf("it says %q", got)
	}
}

package calibrate

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/shirou/gopsutil/v4/mem"
)

// Cores is how many threads may be busy at a time: the processors that this process may run on, or fewer where its
// container's quota is smaller (Go 1.25 and later keep GOMAXPROCS at that), or what the owner set in GOMAXPROCS.
func Cores() int { return runtime.GOMAXPROCS(0) }

// AvailableMemory is how many bytes can be had without swapping, or what is left of the container's limit where that is
// less.
func AvailableMemory(ctx context.Context) (int64, error) {
	vm, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return 0, fmt.Errorf("finding out how much memory there is: %w", err)
	}
	available := int64(vm.Available)
	if limit, err := memlimit.FromCgroup(); err == nil { // no limit, or no cgroups: the machine's memory counts
		available = min(available, max(int64(limit)-ownMemory(), 0))
	}
	return available, nil
}

// ownMemory is what this process holds, about.
func ownMemory() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

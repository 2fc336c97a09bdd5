package whisper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"

	"github.com/earshot/earshot/pipeline/child"
)

// Engine tells what the decoders compute with.
type Engine struct {
	Name      string `json:"name"`      // as in models.Report, for example "whisper.cpp 1.9.1"
	Device    string `json:"device"`    // as in models.Report, for example "CPU (OpenBLAS)"
	Processor string `json:"processor"` // for example "AMD EPYC"
	// Wanted is the kind of device that the program was built for: "CUDA", "Vulkan" or "Metal"; "" for the processor alone.
	Wanted string `json:"wanted,omitempty"`
	GPU    bool   `json:"gpu"` // Device is one that whisper.cpp computes on in place of the processor
	// DeviceFree is the free memory in bytes of a device that has memory of its own; 0 otherwise.
	DeviceFree int64 `json:"device_free,omitempty"`
}

// Fallback says that the device that the program was built for is not there; "" when all is as it should be.
func (e Engine) Fallback() string {
	if e.Wanted == "" || e.GPU {
		return ""
	}
	return fmt.Sprintf("no %s device was found: transcribing on the CPU", e.Wanted)
}

// DescribeArgument makes the child's program write an [Engine] as JSON in place of decoding.
const DescribeArgument = "--describe"

const (
	describeTimeout = 30 * time.Second // a graphics driver may take seconds to start
	maxDescription  = 1 << 16
)

// AskEngine starts a child of these options, with [DescribeArgument] behind its arguments, and returns what it tells. It is a
// child's work because a driver that crashes takes its process with it.
func AskEngine(ctx context.Context, o Options) (Engine, error) {
	ctx, stop := context.WithTimeoutCause(ctx, describeTimeout, errors.New("it did not answer in time"))
	defer stop()
	cmd := exec.CommandContext(ctx, o.Command[0], append(slices.Clone(o.Command[1:]), DescribeArgument)...)
	cmd.Env = append(slices.Clone(o.Env), "GGML_NO_BACKTRACE=1", "GOTRACEBACK=none")
	var e Engine
	p, err := child.Start(cmd, stderrBytes)
	if err != nil {
		return e, fmt.Errorf("asking the decoder for its device: %w", err)
	}
	defer p.Stdout.Close()
	err = json.NewDecoder(io.LimitReader(p.Stdout, maxDescription)).Decode(&e)
	if waitErr := p.Wait(); waitErr != nil {
		err = waitErr
	}
	switch {
	case ctx.Err() != nil:
		return e, fmt.Errorf("asking the decoder for its device: %w", context.Cause(ctx))
	case err != nil && p.Stderr.String() != "":
		return e, fmt.Errorf("asking the decoder for its device: %w: %s", err, p.Stderr)
	case err != nil:
		return e, fmt.Errorf("asking the decoder for its device: %w", err)
	}
	return e, nil
}

//go:build stub

package whisper

import (
	"context"
	"errors"
	"io"
)

// Serve says that this program cannot decode.
func Serve(context.Context, io.Reader, io.Writer) error {
	return errors.New("this program was built without whisper.cpp (tag stub) and cannot transcribe: build it with make build")
}

// Describe has nothing to tell.
func Describe() Engine { return Engine{Device: "none"} }

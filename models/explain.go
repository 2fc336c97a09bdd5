package models

import (
	"errors"
	"fmt"
)

// explained is an error whose text is a sentence for people and whose kind is one of this package's errors.
type explained struct {
	kind error
	err  error
}

func (e *explained) Error() string   { return e.err.Error() }
func (e *explained) Unwrap() []error { return []error{e.kind, e.err} }

// Explain returns an error that reads as the formatted sentence and of which errors.Is(err, kind) holds, so that the
// kind's own word ("unusable") need not stand in the sentence. The format may wrap further errors with %w.
func Explain(kind error, format string, args ...any) error {
	return &explained{kind: kind, err: fmt.Errorf(format, args...)}
}

// Explanation returns the sentence of the [Explain] that err wraps, without what was being done around it, or err's own text.
func Explanation(err error) string {
	if e := (*explained)(nil); errors.As(err, &e) {
		return e.Error()
	}
	return err.Error()
}

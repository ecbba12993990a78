package endpoint

import (
	"fmt"
	"runtime/debug"
)

// A PanicError is what layers see of a call that panicked, and what [Recover]
// returns. Its code is [Internal] and nothing of it is ever sent to a caller.
// It does not unwrap to Value: a panic with a declared error is a defect, not
// an answer.
type PanicError struct {
	Value any    // of the panic; nil when the goroutine left by runtime.Goexit
	Stack []byte // of the goroutine, from where it panicked
}

// NewPanicError returns the error of a panic with the value v, with the stack of
// the goroutine. For authors of transports, who call it where they recover.
func NewPanicError(v any) *PanicError {
	return &PanicError{Value: v, Stack: debug.Stack()}
}

// Error says that the call panicked, and with what.
func (e *PanicError) Error() string {
	if e.Value == nil {
		return "the call left its goroutine"
	}
	return fmt.Sprintf("panic: %v", e.Value)
}

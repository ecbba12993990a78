package shell

import (
	"errors"
	"fmt"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
)

// Failure returns the error of a call that a client could not make. Its text, for logs,
// is made as by fmt.Errorf. Its message is the general one of the code, because a
// server may relay it: its caller must not read about a server further in as if it
// were about this one.
func Failure(code endpoint.Code, format string, args ...any) *endpoint.Error {
	// See decision 162.
	return endpoint.Errorf(code, "%w", fmt.Errorf(format, args...))
}

// errNilContext is the error of a call with a nil context.
var errNilContext = Failure(endpoint.Internal, "the context of the call is nil")

// RejectsHandshake reports whether a peer sends the alert of TLS with this text because
// it does not accept the certificate of this process, or misses one, or finds nothing
// that both sides speak.
func RejectsHandshake(alert string) bool {
	return strings.Contains(alert, "certificate") || strings.Contains(alert, "handshake failure") || strings.Contains(alert, "protocol version")
}

// Unreadable returns err, with which a codec failed to read a response, with a text
// that does not speak of a request, as the codec's own does. The text names the faults
// or, if there are none, the cause. The result does not match codec.ErrInvalid, which
// is the error of a request.
func Unreadable(err error) error {
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok || !errors.Is(e, codec.ErrInvalid) {
		return bounds.Quiet(err)
	}
	return bounds.Quiet(&unreadable{e.Violations(), e.Unwrap()})
}

// unreadable is a codec.ErrInvalid of a response.
type unreadable struct {
	faults []endpoint.Violation
	cause  error // may be nil
}

func (u *unreadable) Unwrap() error { return u.cause }

func (u *unreadable) Error() string {
	switch {
	case len(u.faults) == 0 && u.cause != nil:
		return u.cause.Error()
	case len(u.faults) == 0:
		return "not valid"
	}
	faults := make([]string, min(len(u.faults), bounds.Faults))
	for i := range faults {
		f := &u.faults[i]
		faults[i] = strings.TrimSpace(f.Pointer + f.Parameter + " " + f.Detail)
	}
	return strings.Join(faults, "; ")
}

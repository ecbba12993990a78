package shell

import (
	"cmp"
	"errors"

	"github.com/typedkit/endpoint"
)

// Remote returns the coded error of err as an error that came over a wire: it is made
// from what a peer answered, by code of the user's. It has the identity, the message and
// the details of the coded error, and matches what err matches.
func Remote(err error) *endpoint.Error {
	e := endpoint.ErrorOf(err)
	if e.Remote() {
		return e
	}
	return remote(e, e.Code(), cmp.Or(e.Unwrap(), err))
}

// RemoteAs is Remote with another code. e is not nil.
func RemoteAs(e *endpoint.Error, code endpoint.Code) *endpoint.Error {
	return remote(e, code, cmp.Or(e.Unwrap(), error(e)))
}

// remote returns a remote error with the contents of e, and with a code and a cause.
func remote(e *endpoint.Error, code endpoint.Code, cause error) *endpoint.Error {
	out := endpoint.FromWire(code, e.Domain(), e.Reason(), e.Message()).WithCause(cause).
		WithViolations(e.Violations()...).WithHelp(e.Help()...).WithRetryAfter(e.RetryAfter())
	for k, v := range e.Meta() {
		out = out.WithMeta(k, v)
	}
	return out
}

// FromDecoder returns the error with which a decoder of the user's answers a call: the
// coded error in err, as a remote one. ok is false if err only reports that the response
// cannot be read, as an error without a code does, and one of code InvalidArgument or
// Internal.
func FromDecoder(err error) (e *endpoint.Error, ok bool) {
	// See decision 149.
	e, ok = errors.AsType[*endpoint.Error](err)
	if !ok || e == nil || e.Code() == endpoint.InvalidArgument || e.Code() == endpoint.Internal {
		return nil, false
	}
	return Remote(err), true
}

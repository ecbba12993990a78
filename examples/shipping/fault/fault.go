// Package fault collects what is wrong with a request.
package fault

import "github.com/typedkit/endpoint"

// ErrInvalidArgument is the error of a request that makes no sense. Its violations name
// what is wrong.
var ErrInvalidArgument = endpoint.Define(endpoint.InvalidArgument, "shipping", "INVALID_ARGUMENT", "invalid argument")

// Faults are what is wrong with a request. The zero Faults are none.
type Faults []endpoint.Violation

// Check adds a fault unless ok. pointer is that of a member of the request, such as
// "/origin".
func (f *Faults) Check(ok bool, pointer, detail string) {
	if !ok {
		*f = append(*f, endpoint.Violation{Pointer: pointer, Detail: detail})
	}
}

// Err returns ErrInvalidArgument with the faults, or nil if there are none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return ErrInvalidArgument.WithViolations(f...)
}

// Package voyage knows the voyages of the carriers.
package voyage

import (
	"slices"

	"github.com/typedkit/endpoint"
)

// ErrUnknown is the error of a number that is not one of All.
var ErrUnknown = endpoint.Define(endpoint.InvalidArgument, "shipping", "UNKNOWN_VOYAGE", "unknown voyage")

// A Number identifies a voyage.
type Number string

// All returns the numbers of the voyages. Those that begin with 0 are the ones that the
// routing service knows.
func All() []Number {
	return []Number{"0100S", "0200T", "0300A", "0301S", "0400S", "V100", "V300", "V400"}
}

// Check returns ErrUnknown if the number is not that of a voyage. pointer names the member
// of the request that has the number.
func Check(number Number, pointer string) error {
	if slices.Contains(All(), number) {
		return nil
	}
	return ErrUnknown.WithViolations(endpoint.Violation{Pointer: pointer, Detail: "is not a known voyage"})
}

// Package construct collects what is wrong with the arguments of constructors, for
// package observe and those below it.
package construct

import (
	"errors"
	"fmt"
)

// Faults are those of one call of a constructor.
type Faults struct {
	by   string
	errs []error
}

// By returns the Faults of a constructor, such as "observe: NewLogger".
func By(constructor string) Faults { return Faults{by: constructor} }

// Check notes a fault unless ok, and returns ok.
func (f *Faults) Check(ok bool, format string, args ...any) bool {
	if !ok {
		f.errs = append(f.errs, fmt.Errorf(f.by+": "+format, args...))
	}
	return ok
}

// Err returns the faults, joined, or nil.
func (f *Faults) Err() error { return errors.Join(f.errs...) }

// Options applies opts to what is being made. A nil option is a fault.
func Options[T, O any](f *Faults, made T, opts []O, apply func(O, T)) {
	for i, o := range opts {
		if any(o) == nil {
			f.Check(false, "option %d is nil", i)
			continue
		}
		apply(o, made)
	}
}

// Unmade returns the fault of a value that no constructor made.
func Unmade(name, constructor string) error {
	return fmt.Errorf("%s: make it with %s", name, constructor)
}

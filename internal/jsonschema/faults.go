package jsonschema

import (
	"errors"
	"fmt"
	"slices"
)

// Faults are what is wrong with a document.
type Faults struct{ all []error }

// Add adds a fault once.
func (f *Faults) Add(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(f.all, func(known error) bool { return known.Error() == err.Error() }) {
		f.all = append(f.all, err)
	}
}

// Join returns all faults, joined, or nil.
func (f *Faults) Join() error { return errors.Join(f.all...) }

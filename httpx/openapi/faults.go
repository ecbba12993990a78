package openapi

import (
	"errors"
	"fmt"
	"slices"
)

// faults are what is wrong with a document.
type faults struct{ all []error }

// add adds a fault once.
func (f *faults) add(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(f.all, func(known error) bool { return known.Error() == err.Error() }) {
		f.all = append(f.all, err)
	}
}

func (f *faults) join() error { return errors.Join(f.all...) }

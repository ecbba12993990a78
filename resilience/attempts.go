package resilience

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// attemptsError is the error of a call that was tried several times. It is the
// last one's in everything but errors.Is, which finds each: an Unwrap that gave
// all of them would let an earlier one decide the code whenever the last has
// none, and the mark of one that was never sent stand for one that was.
// See decision 43.
type attemptsError struct {
	last    error // with a code
	earlier []error
	text    string // of the last
}

// join returns the error of a call whose attempts ended with errs.
func join(errs []error) error {
	n := len(errs) - 1
	if n == 0 {
		return errs[0]
	}
	e := &attemptsError{last: errs[n], earlier: errs[:n], text: errs[n].Error()}
	if _, ok := errors.AsType[*endpoint.Error](e.last); !ok {
		// The code of an error without one is read off with errors.Is.
		e.last = endpoint.ErrorOf(e.last)
	}
	if slices.ContainsFunc(e.earlier, endpoint.ServerFault) {
		e.last = mark.Joined(e.last)
	}
	return e
}

// Error has the texts of all attempts, the last first.
func (e *attemptsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (before that: ", e.text)
	for i, err := range e.earlier {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
	}
	b.WriteString(")")
	return b.String()
}

// Unwrap returns the error of the last attempt.
func (e *attemptsError) Unwrap() error { return e.last }

// Is says that one of the earlier attempts' errors is target.
func (e *attemptsError) Is(target error) bool {
	for _, err := range e.earlier {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

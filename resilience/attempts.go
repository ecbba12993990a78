package resilience

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// keptAttempts is how many errors of the first attempts, and of the last ones, the error
// of a call keeps. Retries may go on for days.
const keptAttempts = 4

// attempts has the errors of the attempts of a call, in constant memory.
type attempts struct {
	errs    []error // of the first keptAttempts and of the last ones
	dropped int     // those between
	blamed  bool    // a dropped one counted against the server
}

// add adds the error of an attempt.
func (a *attempts) add(err error) {
	if len(a.errs) == 2*keptAttempts {
		a.blamed = a.blamed || endpoint.ServerFault(a.errs[keptAttempts])
		a.errs = slices.Delete(a.errs, keptAttempts, keptAttempts+1)
		a.dropped++
	}
	a.errs = append(a.errs, err)
}

// attemptsError is the error of a call that was tried several times. It is the
// last one's in everything but errors.Is, which finds each: an Unwrap that gave
// all of them would let an earlier one decide the code whenever the last has
// none, and the mark of one that was never sent stand for one that was.
// See decision 43.
type attemptsError struct {
	last    error // with a code
	earlier []error
	dropped int    // after the first keptAttempts
	text    string // of the last
}

// join returns the error of a call whose attempts ended with errs.
func join(errs ...error) error {
	a := attempts{errs: errs}
	return a.join()
}

// join returns the error of the call.
func (a *attempts) join() error {
	n := len(a.errs) - 1
	if n == 0 {
		return a.errs[0]
	}
	e := &attemptsError{last: a.errs[n], earlier: a.errs[:n], dropped: a.dropped, text: a.errs[n].Error()}
	if _, ok := errors.AsType[*endpoint.Error](e.last); !ok {
		// The code of an error without one is read off with errors.Is.
		e.last = endpoint.ErrorOf(e.last)
	}
	if a.blamed || slices.ContainsFunc(e.earlier, endpoint.ServerFault) {
		e.last = mark.Joined(e.last)
	}
	return e
}

// Error has the texts of the attempts, the last first.
func (e *attemptsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (before that: ", e.text)
	for i, err := range e.earlier {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
		if i == keptAttempts-1 && e.dropped > 0 {
			fmt.Fprintf(&b, "; %d more", e.dropped)
		}
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

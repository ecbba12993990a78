package mark

import "errors"

// retried is the error of a call that was repeated in vain.
type retried struct{ error }

// Unwrap returns the error without the mark.
func (e *retried) Unwrap() error { return e.error }

// Retried marks err, with which a call failed that was repeated, or could not be because
// there were too many repeats. It returns nil for nil.
func Retried(err error) error {
	if err == nil {
		return nil
	}
	return &retried{err}
}

// WasRetried reports whether err has the mark, or was made of an error that has it.
func WasRetried(err error) bool {
	_, ok := errors.AsType[*retried](err)
	return ok
}

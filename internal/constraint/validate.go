package constraint

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

type validator interface{ Validate() error }

// validates returns the check by the method Validate of t, or nil if t has none.
func validates(t reflect.Type) check {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface || !reflect.PointerTo(t).Implements(reflect.TypeFor[validator]()) {
		return nil
	}
	return func(w *walk, p unsafe.Pointer) {
		if w.zero || w.full() {
			return
		}
		if err := reflect.NewAt(t, p).Interface().(validator).Validate(); err != nil {
			w.invalid(err)
		}
	}
}

// invalid adds what Validate returned: each violation of an error that has some, else the
// text of each error that is joined.
func (w *walk) invalid(err error) {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil && len(e.Violations()) > 0 {
		for _, v := range e.Violations() {
			w.failAt(v.Pointer, bounds.Line(v.Detail))
		}
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			w.invalid(err)
		}
		return
	}
	text := err.Error()
	if e, ok := err.(*endpoint.Error); ok && e != nil { //nolint:errorlint // one that is wrapped is part of a text
		text = e.Message()
	}
	w.fail(bounds.Line(text))
}

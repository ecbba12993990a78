package scalar

import (
	"errors"
	"reflect"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

// Reason returns the text for the caller if a method of type t, such as its
// UnmarshalText, rejects a value with err. For an *endpoint.Error that was not read from
// a peer it is the details of its violations, or its message if it has none. Otherwise
// it lists the type's Values, and is "" if there are none. The result is one line of at
// most 1 KiB. t may be nil if the type is not known. See decision 157.
func Reason(t reflect.Type, err error) string {
	reason := spoken(err)
	if reason == "" {
		reason = allowed(t)
	}
	return bounds.Line(reason)
}

// spoken returns the text in err that is meant for the caller.
func spoken(err error) string {
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok || e == nil || e.Remote() {
		return ""
	}
	var details []string
	for _, v := range e.Violations() {
		details = append(details, v.Detail)
	}
	if len(details) > 0 {
		return strings.Join(details, "; ")
	}
	return e.Message()
}

// allowed returns the values that type t lists in its method Values, as a sentence.
func allowed(t reflect.Type) string {
	if t == nil {
		return ""
	}
	lister, ok := reflect.TypeAssert[interface{ Values() []string }](reflect.New(t))
	if !ok {
		return ""
	}
	values := lister.Values()
	if len(values) == 0 {
		return ""
	}
	return "must be one of " + strings.Join(values, ", ")
}

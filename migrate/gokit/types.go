package gokit

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"github.com/typedkit/endpoint"
)

// ErrType is the error of a call in which a request or a response of go-kit is of another
// type than the typed endpoint has. Its cause names both types.
var ErrType = endpoint.Define(endpoint.Internal, "endpoint", "WRONG_TYPE", "internal error")

// as returns v as a T, or an [ErrType].
func as[T any](v any, what string) (T, error) {
	if t, ok := v.(T); ok {
		return t, nil
	}
	return *new(T), mismatch(v, reflect.TypeFor[T](), what)
}

// mismatch returns the error for a v that is not of the type want. It is nil if v stands for the
// zero value of want.
func mismatch(v any, want reflect.Type, what string) error {
	_, empty := v.(struct{}) // of endpoint.Nop
	switch {
	case want == reflect.TypeFor[endpoint.Empty]() && (v == nil || empty):
		return nil
	case v == nil && want.Kind() == reflect.Interface:
		return nil
	}
	got, wanted := fmt.Sprintf("%T", v), want.String()
	if v == nil {
		got = "nil"
	} else if got == wanted { // of packages with the same name
		got, wanted = withPath(reflect.TypeOf(v)), withPath(want)
	}
	return wrongType("the " + what + " is " + got + ", want " + wanted)
}

// withPath returns the name of the type with the path of its package, or of that of its element.
func withPath(t reflect.Type) string {
	element := t
	for element.Name() == "" && (element.Kind() == reflect.Pointer || element.Kind() == reflect.Slice) {
		element = element.Elem()
	}
	return fmt.Sprintf("%v of %s", t, element.PkgPath())
}

func wrongType(text string) error { return ErrType.WithCause(errors.New("gokit: " + text)) }

// recoverAssertion recovers from the panic of an assertion on the type of the request or of the
// response, such as req.(SumRequest), with which endpoints of go-kit begin. req and resp are the
// names of these types; "" is none. All other panics go on. It must be deferred. See decision 207.
func recoverAssertion(err *error, req, resp string) {
	v := recover()
	if v == nil {
		return
	}
	failed, ok := v.(*runtime.TypeAssertionError)
	switch {
	case ok && isOf(failed, req):
		*err = wrongType("the request: " + failed.Error())
	case ok && isOf(failed, resp):
		*err = wrongType("the response: " + failed.Error())
	default:
		panic(v)
	}
}

// isOf reports whether the assertion was made on a value of the named type.
func isOf(failed *runtime.TypeAssertionError, name string) bool {
	text := failed.Error()
	return name != "" && (strings.Contains(text, " "+name+" ") || strings.Contains(text, " "+name+","))
}

// typeName returns the name of v's type as package runtime writes it.
func typeName(v any) string {
	if v == nil {
		return "nil"
	}
	return reflect.TypeOf(v).String()
}

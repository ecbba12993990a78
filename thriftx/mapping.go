package thriftx

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
)

// A Mapping converts the requests of a method to the struct of its arguments, and back.
// Make one with [Map]. D is the type of the domain, M that of the arguments, a pointer to
// a generated struct.
type Mapping[D any, M thrift.TStruct] struct{ form *form }

// Map returns the Mapping of two functions, which run on every call and must be safe for
// concurrent use. Neither function may be nil.
//
// An error of from with a code keeps it; any other error of from is InvalidArgument.
// Arguments that the caller left out are zero: a default that the IDL gives to an argument
// does not apply.
func Map[D any, M thrift.TStruct](to func(v D) M, from func(m M) (D, error)) Mapping[D, M] {
	f := newForm(reflect.TypeOf(to).In(0), reflect.TypeFor[M](), to == nil || from == nil, "Map")
	f.write = func(v any) thrift.TStruct { return to(*v.(*D)) }
	f.read = func(m thrift.TStruct, into any) (err error) {
		*into.(*D), err = from(m.(M))
		return err
	}
	return Mapping[D, M]{f}
}

// A ResultMapping converts the outcome of a method, which is a response or an error that
// the IDL declares, to the struct of its result, and back. Make one with [MapResult]. D is
// the type of the domain, M that of the result, a pointer to a generated struct.
type ResultMapping[D any, M thrift.TStruct] struct{ form *form }

// MapResult returns the ResultMapping of two functions, which run on every call and must
// be safe for concurrent use. Neither function may be nil.
//
// A server calls to with a response and nil, and with each error that the operation
// declares. For an error, to returns a result that has an exception, or nil if the IDL has
// none for it: the error then goes out as a TApplicationException.
//
// A client calls from with each result. An error of from is the error of the call: with a
// code, one that the server answered, which is Remote and matches by errors.Is; without a
// code it is Internal, because the response cannot be read. To get the details of an
// exception, from adds them with [endpoint.Error.WithMeta].
func MapResult[D any, M thrift.TStruct](to func(v D, err error) M, from func(m M) (D, error)) ResultMapping[D, M] {
	f := newForm(reflect.TypeOf(to).In(0), reflect.TypeFor[M](), to == nil || from == nil, "MapResult")
	f.write = func(v any) thrift.TStruct { return to(*v.(*D), nil) }
	f.fail = func(err error) thrift.TStruct { return to(*new(D), err) }
	f.read = func(m thrift.TStruct, into any) (err error) {
		*into.(*D), err = from(m.(M))
		return err
	}
	return ResultMapping[D, M]{f}
}

// A form is a Mapping or a ResultMapping without its types.
type form struct {
	typ     reflect.Type                           // of the values
	message reflect.Type                           // of the generated struct, without the pointer
	write   func(v any) thrift.TStruct             // of the value that v points to
	fail    func(err error) thrift.TStruct         // of an error; nil for arguments
	read    func(m thrift.TStruct, into any) error // into the value that into points to
	err     error                                  // of the construction
}

func newForm(typ, message reflect.Type, lacks bool, constructor string) *form {
	f := &form{typ: typ}
	switch {
	case lacks:
		f.err = fmt.Errorf("%s of %s: a function is nil", constructor, typ)
	case message.Kind() != reflect.Pointer || message.Elem().Kind() != reflect.Struct:
		f.err = fmt.Errorf("%s of %s: %s is not a pointer to a generated struct", constructor, typ, message)
	default:
		f.message = message.Elem()
	}
	return f
}

// formOf returns f, or what stands for a zero mapping.
func formOf(f *form, what string) *form {
	if f == nil {
		return &form{err: fmt.Errorf("the mapping of the %s is zero", what)}
	}
	return f
}

// create returns an empty struct to read into.
func (f *form) create() thrift.TStruct { return reflect.New(f.message).Interface().(thrift.TStruct) }

// exception returns the result that has err as a declared exception, or nil.
func (f *form) exception(err error) thrift.TStruct {
	if f == nil || f.fail == nil {
		return nil
	}
	if m := f.fail(err); !isNil(m) {
		return m
	}
	return nil
}

// errNoStruct is the fault of a mapping that returns nil for a value.
var errNoStruct = errors.New("the mapping returned nil")

func isNil(m thrift.TStruct) bool { return m == nil || reflect.ValueOf(m).IsNil() }

// hasCode reports whether err has a code of its own.
func hasCode(err error) bool {
	e, ok := errors.AsType[*endpoint.Error](err)
	return ok && e != nil
}

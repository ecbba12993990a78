package grpcx

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/constraint"
	"google.golang.org/protobuf/proto"
)

// A Mapping says how a type of the domain is written as a message of protobuf,
// and how it is read back. Make one with [Map]. D is the type of the domain, M
// that of the message, a pointer to a generated struct.
type Mapping[D any, M proto.Message] struct{ form *form }

// Map returns the Mapping of two functions, which run on every call and must be
// safe for concurrent use.
//
// An error of from that has a code, by endpoint.Define, endpoint.Errorf or the package
// status of gRPC, keeps it. On a client it is then an error that the server answered:
// it is Remote, and errors.Is finds its identity, so that from can make an error of a
// reply that has one in a field. An error without a code is InvalidArgument on a
// server, which was sent the message, and Internal on a client.
func Map[D any, M proto.Message](to func(v D) M, from func(m M) (D, error)) Mapping[D, M] {
	f := mapped(reflect.TypeOf(to), to, from)
	f.write = func(v any) proto.Message { return f.to.(func(D) M)(*v.(*D)) }
	f.read = func(m proto.Message, into any) (err error) {
		*into.(*D), err = f.from.(func(M) (D, error))(m.(M))
		return err
	}
	return Mapping[D, M]{f}
}

var protoMessage = reflect.TypeFor[proto.Message]()

// form is how the values of a type go over the wire: as messages of protobuf,
// perhaps through a Mapping, or in one of some formats.
type form struct {
	typ     reflect.Type     // of the values
	message reflect.Type     // of the messages; nil for formats
	formats []codecFormat    // compiled for typ; nil for protobuf
	rules   *constraint.Plan // of requests
	err     error

	// Of a Mapping.
	to, from any
	write    func(v any) proto.Message             // of the value that v points to
	read     func(m proto.Message, into any) error // into the value that into points to
}

// mapped returns the form of a Mapping of to, a function of type t, and from.
func mapped(t reflect.Type, to, from any) *form {
	f := &form{typ: t.In(0), message: t.Out(0), to: to, from: from}
	f.err = checkMessage(f.message)
	if reflect.ValueOf(to).IsNil() || reflect.ValueOf(from).IsNil() {
		f.err = errors.Join(f.err, fmt.Errorf("the Mapping of %s lacks a function; make it with Map", f.typ))
	}
	return f
}

// ofMapping returns a form of a Mapping for one method, which may be zero.
func ofMapping(f *form, t reflect.Type) *form {
	if f == nil {
		return &form{typ: t, write: func(any) proto.Message { return nil }, err: fmt.Errorf("the Mapping of %s lacks a function; make it with Map", t)}
	}
	own := *f
	return &own
}

// direct returns the form of values that are messages of protobuf themselves, or
// of plain ones.
func direct(t reflect.Type) *form {
	f := &form{typ: t}
	switch {
	case t.Implements(protoMessage):
		f.message = t
		f.err = checkMessage(t)
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(protoMessage):
		f.err = fmt.Errorf("%s is a message of protobuf by value; use *%s", t, t)
	}
	return f
}

// isMapped reports whether the values have a Mapping.
func (f *form) isMapped() bool { return f.write != nil }

// create returns a message to read into.
func (f *form) create() proto.Message {
	return reflect.New(f.message.Elem()).Interface().(proto.Message)
}

// encode returns the message of the value that v points to.
func (f *form) encode(v any) any {
	if f.isMapped() {
		return f.write(v)
	}
	return reflect.ValueOf(v).Elem().Interface()
}

// decode decodes a message into the value that into points to.
func (f *form) decode(m proto.Message, into any) error {
	if f.isMapped() {
		return f.read(m, into)
	}
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(m))
	return nil
}

// checkRules returns what is wrong with a request that is the message m.
func (f *form) checkRules(m proto.Message) error {
	if f.rules == nil {
		return nil
	}
	p := reflect.New(f.typ)
	p.Elem().Set(reflect.ValueOf(m))
	return f.rules.Check(p.Interface(), nil)
}

// checkMessage returns why no message of type t can be made, or nil.
func checkMessage(t reflect.Type) error {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("%s is not a pointer to a generated message of protobuf", t)
	}
	m, ok := reflect.TypeAssert[proto.Message](reflect.New(t.Elem()))
	if !ok || !hasDescriptor(m) {
		return fmt.Errorf("%s is not a generated message of protobuf", t)
	}
	return nil
}

// hasDescriptor reports whether m has a descriptor. It has none for types whose zero value is of no use, such as
// dynamicpb's.
func hasDescriptor(m proto.Message) (ok bool) {
	defer func() { _ = recover() }()
	return m.ProtoReflect().Descriptor() != nil
}

// invalid is the error of a request that a Mapping refuses.
func invalid(err error) error {
	err = coded(err)
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return err
	}
	return ErrInvalidRequest.WithCause(err)
}

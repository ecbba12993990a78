package grpcx

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint"
	"google.golang.org/protobuf/proto"
)

// A Mapping says how a type of the domain is written as a message of protobuf,
// and how it is read back. Make one with [Map]. D is the type of the domain, M
// that of the message, a pointer to a generated struct.
type Mapping[D any, M proto.Message] struct {
	to   func(v D) M
	from func(m M) (D, error)
}

// Map returns the Mapping of two functions, which run on every call and must be
// safe for concurrent use. An error of from is the caller's fault on a server
// (InvalidArgument, unless it has a code of its own), and the server's on a
// client.
func Map[D any, M proto.Message](to func(v D) M, from func(m M) (D, error)) Mapping[D, M] {
	return Mapping[D, M]{to: to, from: from}
}

var protoMessage = reflect.TypeFor[proto.Message]()

// form is what is known of a wire without the type of its values.
type form struct {
	typ     reflect.Type  // of the values
	message reflect.Type  // of the messages; nil for formats
	formats []codecFormat // compiled for typ; nil for protobuf
	mapped  bool
	err     error
}

// wire is how values of type D go over the wire: as messages of protobuf,
// perhaps through a Mapping, or in one of some formats.
type wire[D any] struct {
	form

	create func() proto.Message // a message to read into
	value  func(m proto.Message) (D, error)
	encode func(v D) proto.Message
}

// direct is the wire of values that are messages of protobuf themselves, or of
// plain ones.
func direct[D any]() *wire[D] {
	w := &wire[D]{typ: reflect.TypeFor[D]()}
	switch t := w.typ; {
	case t.Implements(protoMessage):
		w.message = t
		w.err = checkMessage(t)
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(protoMessage):
		w.err = fmt.Errorf("%s is a message of protobuf by value; use *%s", t, t)
	}
	w.value = func(m proto.Message) (D, error) { return any(m).(D), nil }
	w.encode = func(v D) proto.Message { return any(v).(proto.Message) }
	w.createFrom(w.message)
	return w
}

// through is the wire of values with a Mapping.
func through[D any, M proto.Message](mapping Mapping[D, M]) *wire[D] {
	w := &wire[D]{typ: reflect.TypeFor[D](), message: reflect.TypeFor[M](), mapped: true}
	w.err = checkMessage(w.message)
	if mapping.to == nil || mapping.from == nil {
		w.err = errors.Join(w.err, fmt.Errorf("the Mapping of %s lacks a function; make it with Map", w.typ))
	}
	w.value = func(m proto.Message) (D, error) { return mapping.from(any(m).(M)) }
	w.encode = func(v D) proto.Message { return mapping.to(v) }
	w.createFrom(w.message)
	return w
}

func (w *wire[D]) createFrom(message reflect.Type) {
	if message == nil || w.err != nil {
		return
	}
	elem := message.Elem()
	w.create = func() proto.Message { return reflect.New(elem).Interface().(proto.Message) }
}

// checkMessage says why no message of type t can be made.
func checkMessage(t reflect.Type) error {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("%s is no pointer to a generated message of protobuf", t)
	}
	m, ok := reflect.TypeAssert[proto.Message](reflect.New(t.Elem()))
	if !ok || !hasDescriptor(m) {
		return fmt.Errorf("%s is no generated message of protobuf", t)
	}
	return nil
}

// hasDescriptor is false for types whose zero value is of no use, such as
// dynamicpb's.
func hasDescriptor(m proto.Message) (ok bool) {
	defer func() { _ = recover() }()
	return m.ProtoReflect().Descriptor() != nil
}

// invalid is the error of a request that a Mapping refuses.
func invalid(err error) error {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return err
	}
	return ErrInvalidRequest.WithCause(err)
}

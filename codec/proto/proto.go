// Package proto is the codec of protobuf's messages, in the binary format and in
// ProtoJSON. Types that are no messages are the business of other codecs.
package proto

import (
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shape"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// maxDepth is how deeply messages may be nested in what is read, as in the
// libraries of protobuf for other languages.
const maxDepth = 100

// Format returns the format of application/protobuf, for pointers to messages. A
// peer that says application/x-protobuf is served by
// codec.As(proto.Format(), "application/x-protobuf") beside it.
//
// Fields that a message does not have are kept, whatever [codec.Options] say:
// they have numbers and no names, so none is there by a slip, and protobuf
// promises them to whoever passes a message on. Required fields of proto2 must be
// there. A nil pointer is written as the empty message, and so is a struct without
// members, such as endpoint.Empty. Within one build, equal messages are equal
// bytes.
func Format() codec.Compiler { return binary{} }

// See decision 32.
type binary struct{ of kind }

func (binary) MediaType() string { return "application/protobuf" }

func (binary) Compile(t reflect.Type, _ codec.Options) (codec.Format, error) {
	k, err := kindOf(t)
	return binary{k}, err
}

func (b binary) Append(dst []byte, v any) ([]byte, error) {
	m, err := b.of.message(v, false)
	if err != nil {
		return dst, err
	}
	out, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, m)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// See decision 54.
func (b binary) Decode(src []byte, v any) error {
	m, err := b.of.message(v, true)
	if err != nil {
		return err
	}
	// A message of nothing but defaults is no bytes, so an empty body is one.
	if err := (proto.UnmarshalOptions{AllowPartial: true, RecursionLimit: maxDepth}).Unmarshal(src, m); err != nil {
		return invalid("", "not a valid message of protobuf", err)
	}
	return complete(m)
}

// complete finds required fields that are missing.
func complete(m proto.Message) error {
	if err := proto.CheckInitialized(m); err != nil {
		return invalid("", "a required field is missing", err)
	}
	return nil
}

func invalid(pointer, detail string, cause error) error {
	v := endpoint.Violation{Pointer: pointer, Detail: detail}
	return codec.ErrInvalid.WithViolations(v).WithCause(mark.Unshown(cause))
}

// kind is what one type is to protobuf.
type kind uint8

const (
	unknown   kind = iota // before Compile
	message               // a pointer to a message
	nothing               // a struct without members: the empty message
	noMessage             // none of these
)

var messageType = reflect.TypeFor[proto.Message]()

// kindOf returns the kind of a type, and why it has no form.
func kindOf(t reflect.Type) (kind, error) {
	switch {
	case t.Kind() == reflect.Pointer && t.Implements(messageType):
		return message, nil
	case reflect.PointerTo(t).Implements(messageType):
		return noMessage, fmt.Errorf("%s: a message of protobuf is passed by its pointer, *%s", t, t)
	case isEmpty(t):
		return nothing, nil
	}
	return noMessage, fmt.Errorf("%s: it is no message of protobuf", t)
}

// isEmpty says that a type is a struct that nothing is to be written of, such as
// endpoint.Empty and requests of parameters alone.
func isEmpty(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || shape.TakesAny(t) {
		return false
	}
	members, err := shape.Members(t)
	return len(members) == 0 && err == nil
}

// message returns the message behind v, which points to a pointer to it, or to
// an empty struct. With fill it makes one where there is none.
func (k kind) message(v any, fill bool) (proto.Message, error) {
	p := reflect.ValueOf(v).Elem()
	if k == unknown {
		var err error
		if k, err = kindOf(p.Type()); err != nil {
			return nil, err
		}
	}
	if k == nothing {
		return &emptypb.Empty{}, nil
	}
	if fill && p.IsNil() {
		p.Set(reflect.New(p.Type().Elem()))
	}
	return p.Interface().(proto.Message), nil
}

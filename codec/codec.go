package codec

import (
	"fmt"
	"reflect"
)

// A Codec writes and reads values of type T. It is safe for concurrent use.
type Codec[T any] interface {
	// MediaType returns the type and subtype of what is written, without
	// parameters: "application/json".
	MediaType() string
	// Append appends v to dst and returns the longer slice. With an error it
	// returns dst at its old length.
	Append(dst []byte, v T) ([]byte, error)
	// Decode reads all of src into v and keeps no part of src. The error of
	// input that is merely bad is an *endpoint.Error of code InvalidArgument
	// whose violations say where. A client whose response cannot be read answers
	// Internal; an error of a code other than these two becomes that of the call.
	Decode(src []byte, v *T) error
}

// A Format writes and reads values of every type that it has a form for. Its
// methods are those of [Codec] for values behind pointers, so that nothing is
// boxed. It is safe for concurrent use.
type Format interface {
	// MediaType is as in Codec.
	MediaType() string
	// Append appends the value that v points to.
	Append(dst []byte, v any) ([]byte, error)
	// Decode reads all of src into the value that v points to.
	Decode(src []byte, v any) error
}

// A Compiler is a Format that prepares itself for one type, at construction.
type Compiler interface {
	Format
	// Compile returns the format for values of type t alone. Its error names
	// each part of t that the format has no form for.
	Compile(t reflect.Type, opts Options) (Format, error)
}

// Options are the choices of whoever compiles a [Format].
type Options struct {
	// AllowUnknown ignores members that t does not have, as clients do, so
	// that a server may add some. Without it they are faults.
	AllowUnknown bool
	// NullIsZero reads null as the zero value of a type that has no null, as
	// clients do, since many servers write null for what is not set. Without it
	// such a null is a fault. Pointers, slices, maps, any, [Optional] and types
	// that read themselves from the format have a null.
	NullIsZero bool
	// Partly has Decode read all that is valid even if it fails with ErrInvalid, so that
	// more can be said of the message than what is in the violations. For authors of
	// transports. A Format may do so in any case, or not at all.
	Partly bool
	// Shadows is the user's type that t stands for, if t is not a type of the
	// user's own: t has its fields but for those that are no part of the text,
	// and neither its name nor its methods.
	Shadows reflect.Type
}

// Of returns f as a codec of one type. Its error names each part of T that f has
// no form for.
func Of[T any](f Format, opts Options) (Codec[T], error) {
	if c, ok := f.(Compiler); ok {
		compiled, err := c.Compile(reflect.TypeFor[T](), opts)
		if err != nil {
			return nil, fmt.Errorf("codec: %s: %w", f.MediaType(), err)
		}
		f = compiled
	}
	return typed[T]{f}, nil
}

// typed is a Format for one type.
type typed[T any] struct{ Format }

func (c typed[T]) Append(dst []byte, v T) ([]byte, error) { return c.Format.Append(dst, &v) }
func (c typed[T]) Decode(src []byte, v *T) error          { return c.Format.Decode(src, v) }

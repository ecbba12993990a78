// Package avro is the codec of Avro, in the single-object encoding, on
// github.com/twmb/avro. It is a module of its own, because it brings that library.
package avro

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/twmb/avro"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/mark"
)

// MediaType is the media type of the format.
const MediaType = "application/avro"

// Format returns the format of application/avro: a message is Avro's single-object
// encoding, which is two bytes of a mark, the fingerprint of the schema that it was written
// with, and the value.
//
// The schema of a type is the one that [Schema] gives for it, or else the one of
// [SchemaOf]. A message that was written with another schema is read if [Reads] names that
// schema, and is a fault otherwise. So whoever changes a schema deploys the readers first.
// The choices of [codec.Options] mean nothing to Avro.
//
// A field has the name of its tag avro, such as `avro:"name"`, or else its Go name. A field
// with the name "-" is left out. The tag json is not read.
//
// The input bounds the memory that decoding uses. It is a fault if a length or a count exceeds
// the remaining bytes, values are nested more than 1000 deep, more than 4096 items take no
// bytes, or data follow the value. Compile returns wrong options as errors.
func Format(opts ...Option) codec.Compiler {
	f := &format{given: map[reflect.Type]given{}}
	for _, o := range opts {
		if o == nil {
			f.faults = append(f.faults, errors.New("avro: a nil option"))
			continue
		}
		o.apply(f)
	}
	return f
}

// format is a Format. With typ it is one for a single type.
type format struct {
	given  map[reflect.Type]given
	faults []error

	typ     reflect.Type
	write   *avro.Schema
	readers map[fingerprint]*avro.Schema // by the schema of the writer
}

// fingerprint is the CRC-64-AVRO of a schema as the header of a message has it.
type fingerprint [8]byte

func (*format) MediaType() string { return MediaType }

// Compile returns the format for values of type t alone.
func (f *format) Compile(t reflect.Type, opts codec.Options) (codec.Format, error) {
	if len(f.faults) > 0 {
		return nil, errors.Join(f.faults...)
	}
	own := t
	if opts.Shadows != nil {
		own = opts.Shadows
	}
	g := f.given[own]
	if g.schema == nil {
		inferred, err := inferred(t, nameOf(own))
		if err != nil {
			return nil, err
		}
		g.schema = inferred
	}
	if err := fits(g.schema, t); err != nil {
		return nil, err
	}
	c := &format{typ: t, write: g.schema, readers: map[fingerprint]*avro.Schema{printOf(g.schema): g.schema}}
	for i, writer := range g.reads {
		resolved, err := avro.Resolve(writer, g.schema)
		if err != nil {
			return nil, fmt.Errorf("%s: Reads: schema %d: %w", own, i, err)
		}
		c.readers[printOf(writer)] = resolved
	}
	return c, nil
}

// Append writes the value that v points to.
func (f *format) Append(dst []byte, v any) ([]byte, error) {
	if f.write == nil {
		c, err := f.Compile(reflect.TypeOf(v).Elem(), codec.Options{})
		if err != nil {
			return dst, err
		}
		return c.Append(dst, v)
	}
	out, err := f.write.AppendSingleObject(dst, v)
	if err != nil {
		return dst, fmt.Errorf("avro: %w", err)
	}
	return out, nil
}

// Decode reads src into the value that v points to.
func (f *format) Decode(src []byte, v any) error {
	if f.write == nil {
		c, err := f.Compile(reflect.TypeOf(v).Elem(), codec.Options{})
		if err != nil {
			return err
		}
		return c.Decode(src, v)
	}
	header, rest, err := avro.SingleObjectFingerprint(src)
	if err != nil {
		return invalid("", "not a single-object encoding of Avro", err)
	}
	schema, ok := f.readers[header]
	if !ok {
		return invalid("", "written with the schema "+text(header)+", which is not known", nil)
	}
	rest, err = schema.Decode(rest, v)
	switch {
	case err != nil:
		return explain(err)
	case len(rest) > 0:
		return invalid("", "followed by more bytes", nil)
	}
	return nil
}

// explain returns the fault of a value that cannot be read, with its place.
func explain(err error) error {
	var pointer string
	if at, ok := errors.AsType[*avro.SemanticError](err); ok && at.Field != "" {
		pointer = "/" + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(at.Field, "~", "~0"), "/", "~1"), ".", "/")
	}
	if _, ok := errors.AsType[*avro.ShortBufferError](err); ok {
		return invalid(pointer, "ends too early", err)
	}
	return invalid(pointer, "not a value of the schema", err)
}

func invalid(pointer, detail string, cause error) error {
	v := endpoint.Violation{Pointer: pointer, Detail: detail}
	return codec.ErrInvalid.WithViolations(v).WithCause(mark.Unshown(cause))
}

// nameOf returns the name of the record of a type, without its type arguments.
func nameOf(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return cmp.Or(name, "Record")
}

// fits returns an error for each part of a schema that a type has no place for.
func fits(s *avro.Schema, t reflect.Type) error {
	c := &checker{names: map[string]*avro.SchemaNode{}, seen: map[seenAt]bool{}}
	root := s.Root()
	c.check(root, t, nameOf(t))
	return errors.Join(c.faults...)
}

// checker compares a schema with a type.
type checker struct {
	names  map[string]*avro.SchemaNode // of records
	seen   map[seenAt]bool
	faults []error
}

type seenAt struct {
	name string
	typ  reflect.Type
}

func (c *checker) fault(place, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %w", place, fmt.Errorf(format, args...)))
}

func (c *checker) check(n *avro.SchemaNode, t reflect.Type, place string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface || isText(t) {
		return
	}
	switch n.Type {
	case "record", "error":
		c.names[fullName(n)] = n
		c.record(n, t, place)
	case "array":
		if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
			c.fault(place, "the schema has an array, and %s is not a slice", t)
			return
		}
		c.check(n.Items, t.Elem(), place+"[]")
	case "map":
		if t.Kind() != reflect.Map {
			c.fault(place, "the schema has a map, and %s is not one", t)
			return
		}
		c.check(n.Values, t.Elem(), place+"[]")
	case "union":
		for i := range n.Branches {
			if n.Branches[i].Type != "null" && len(n.Branches) == 2 {
				c.check(&n.Branches[i], t, place)
			}
		}
	default:
		if record, ok := c.names[n.Type]; ok {
			c.record(record, t, place)
		}
	}
}

// record checks that each field of a record has one of the struct.
func (c *checker) record(n *avro.SchemaNode, t reflect.Type, place string) {
	if c.seen[seenAt{fullName(n), t}] || t.Kind() == reflect.Map {
		return
	}
	c.seen[seenAt{fullName(n), t}] = true
	if t.Kind() != reflect.Struct {
		c.fault(place, "the schema has the record %s, and %s is not a struct", n.Name, t)
		return
	}
	fields := fieldsOf(t)
	for i := range n.Fields {
		f := &n.Fields[i]
		at := slices.IndexFunc(fields, func(sf field) bool { return sf.name == f.Name })
		if at < 0 {
			c.fault(place, "the schema has the field %s, which %s lacks", f.Name, t)
			continue
		}
		c.check(&f.Type, fields[at].typ, place+"."+f.Name)
	}
}

func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" || strings.Contains(n.Name, ".") {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

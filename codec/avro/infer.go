package avro

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/twmb/avro"
	"github.com/typedkit/endpoint/codec"
)

// inference makes a schema of a type.
type inference struct {
	names  map[string]reflect.Type // of records and fixed types
	faults []error
}

func (in *inference) fault(place, format string, args ...any) *avro.SchemaNode {
	in.faults = append(in.faults, fmt.Errorf("%s: %w", place, fmt.Errorf(format, args...)))
	return &avro.SchemaNode{Type: "null"}
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isText reports whether a type writes and reads itself as a text.
func isText(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(textMarshaler) && p.Implements(textUnmarshaler)
}

// node returns the schema of a type at a place. name is that of its record.
func (in *inference) node(t reflect.Type, name, place string) *avro.SchemaNode {
	switch {
	case t == timeType:
		return &avro.SchemaNode{Type: "long", LogicalType: "timestamp-micros"}
	case isOptional(t):
		return in.fault(place, "a codec.Optional has no form in Avro; use a pointer")
	case t.Kind() != reflect.Pointer && isText(t):
		return &avro.SchemaNode{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return &avro.SchemaNode{Type: "boolean"}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16:
		return &avro.SchemaNode{Type: "int"}
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return &avro.SchemaNode{Type: "long"}
	case reflect.Float32:
		return &avro.SchemaNode{Type: "float"}
	case reflect.Float64:
		return &avro.SchemaNode{Type: "double"}
	case reflect.String:
		return &avro.SchemaNode{Type: "string"}
	case reflect.Pointer:
		return in.nullable(t, place)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &avro.SchemaNode{Type: "bytes"}
		}
		return &avro.SchemaNode{Type: "array", Items: in.node(t.Elem(), nameOf(t.Elem()), place+"[]")}
	case reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return in.fixed(t, place)
		}
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return &avro.SchemaNode{Type: "map", Values: in.node(t.Elem(), nameOf(t.Elem()), place+"[]")}
		}
		return in.fault(place, "the keys of %s are not strings", t)
	case reflect.Struct:
		return in.record(t, name, place)
	}
	return in.fault(place, "%s has no form in Avro", t)
}

func (in *inference) nullable(t reflect.Type, place string) *avro.SchemaNode {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return &avro.SchemaNode{Type: "union", Branches: []avro.SchemaNode{{Type: "null"}, *in.node(t, nameOf(t), place)}}
}

func (in *inference) fixed(t reflect.Type, place string) *avro.SchemaNode {
	name := t.Name()
	if name == "" {
		name = fmt.Sprintf("fixed_%d", t.Len())
	}
	if known, ok := in.define(name, t, place); !ok {
		return known
	}
	return &avro.SchemaNode{Type: "fixed", Name: name, Size: t.Len()}
}

// define adds a named type. ok is false if it has been defined: then known refers to it.
func (in *inference) define(name string, t reflect.Type, place string) (known *avro.SchemaNode, ok bool) {
	other, again := in.names[name]
	switch {
	case !again:
		in.names[name] = t
		return nil, true
	case other == t:
		return &avro.SchemaNode{Type: name}, false
	}
	return in.fault(place, "%s and %s have the same name in Avro; give the schema", other, t), false
}

func (in *inference) record(t reflect.Type, name, place string) *avro.SchemaNode {
	if known, ok := in.define(name, t, place); !ok {
		return known
	}
	record := &avro.SchemaNode{Type: "record", Name: name}
	names := map[string]bool{}
	for _, f := range fieldsOf(t) {
		at := place + "." + f.goName
		if f.options != "" {
			in.fault(at, "the tag avro has the option %s, which needs a given schema", f.options)
			continue
		}
		if names[f.name] {
			in.fault(at, "two fields have the name %s", f.name)
			continue
		}
		names[f.name] = true
		node := in.node(f.typ, nameOf(f.typ), at)
		sf := avro.SchemaField{Name: f.name, Type: *node, HasDefault: node.Type == "union"} // of null
		record.Fields = append(record.Fields, sf)
	}
	return record
}

// A field is one of a struct, or of a struct embedded in it.
type field struct {
	name, goName string
	options      string // of the tag
	typ          reflect.Type
}

// fieldsOf returns the fields of a struct by the rules of the library.
func fieldsOf(t reflect.Type) []field { return appendFields(nil, t, map[reflect.Type]bool{}) }

func appendFields(all []field, t reflect.Type, seen map[reflect.Type]bool) []field {
	if seen[t] {
		return all
	}
	seen[t] = true
	for sf := range t.Fields() {
		name, options, _ := strings.Cut(sf.Tag.Get("avro"), ",")
		if name == "-" {
			continue
		}
		embedded := sf.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		inline := sf.Anonymous && name == "" || options == "inline"
		switch {
		case inline && embedded.Kind() == reflect.Struct && embedded != timeType && !isText(embedded):
			all = appendFields(all, embedded, seen)
			continue
		case !sf.IsExported():
			continue
		case name == "":
			name = sf.Name
		}
		all = append(all, field{name, sf.Name, options, sf.Type})
	}
	return all
}

var codecPath = reflect.TypeFor[codec.Options]().PkgPath()

func isOptional(t reflect.Type) bool {
	return t.PkgPath() == codecPath && strings.HasPrefix(t.Name(), "Optional[")
}

package avro

import (
	"fmt"
	"reflect"

	"github.com/twmb/avro"
)

// An Option is an option of [Format].
type Option interface{ apply(f *format) }

type option func(f *format)

func (o option) apply(f *format) { o(f) }

// given is what options say of one type.
type given struct {
	schema *avro.Schema // nil for the inferred one
	reads  []*avro.Schema
}

// Schema gives the schema of the values of type T, as JSON, in place of the one that is
// made of the type: Schema(Text{}, `{"type":"record",…}`). The value is not used. The names
// of the schema's fields must be those of T; a field that T lacks is an error of Compile.
// So is a schema that cannot be read, and a second one for a type.
func Schema[T any](_ T, schema string) Option {
	t := reflect.TypeFor[T]()
	return option(func(f *format) { f.setSchema(t, schema) })
}

// Reads names schemas, as JSON, with which values of type T may have been written, beside
// the schema of the type: those of an older version. A value is read by the rules of Avro
// for the schema of a reader: fields are matched by name or alias, what the type does not
// have is skipped, and what the writer did not have is the field's default. A schema
// that cannot be read in this way is an error of Compile. Several Reads add up. The value
// is not used.
func Reads[T any](_ T, schemas ...string) Option {
	t := reflect.TypeFor[T]()
	return option(func(f *format) { f.addReads(t, schemas) })
}

func (f *format) setSchema(t reflect.Type, schema string) {
	g := f.given[t]
	if g.schema != nil {
		f.fault("Schema of %s: there are two", t)
	}
	if s := f.parse("Schema", t, schema); s != nil {
		g.schema = s
	}
	f.given[t] = g
}

func (f *format) addReads(t reflect.Type, schemas []string) {
	g := f.given[t]
	for _, schema := range schemas {
		if s := f.parse("Reads", t, schema); s != nil {
			g.reads = append(g.reads, s)
		}
	}
	f.given[t] = g
}

func (f *format) parse(option string, t reflect.Type, schema string) *avro.Schema {
	s, err := avro.Parse(schema)
	if err != nil {
		f.fault("%s of %s: %w", option, t, err)
		return nil
	}
	return s
}

func (f *format) fault(text string, args ...any) {
	f.faults = append(f.faults, fmt.Errorf("avro: "+text, args...))
}

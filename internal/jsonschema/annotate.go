package jsonschema

import (
	"reflect"
	"strconv"

	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

// Annotate adds what the tags doc, deprecated, example and default of a field say. t is the struct, and
// quoted reports whether a number is within a text.
func (s *Schemas) Annotate(o *Object, t reflect.Type, sf reflect.StructField, request, quoted bool) {
	o.SetText("description", sf.Tag.Get("doc"))
	if text, ok := sf.Tag.Lookup("deprecated"); ok {
		if text != "true" {
			s.Faults.Add("%s: field %s: tag deprecated %q: want true", t, sf.Name, text)
		}
		o.Set("deprecated", true)
	}
	if text, ok := sf.Tag.Lookup("default"); ok && request {
		if v, fault := valueOf(sf, text); fault == "" {
			o.Set("default", asWritten(v, quoted))
		}
	}
	if text, ok := sf.Tag.Lookup("example"); ok {
		s.Example(o, t, sf, text, quoted)
	}
}

// Example adds the example of a field.
func (s *Schemas) Example(o *Object, t reflect.Type, sf reflect.StructField, text string, quoted bool) {
	v, fault := valueOf(sf, text)
	if fault != "" {
		s.Faults.Add("%s: field %s: tag example %q: %s", t, sf.Name, text, fault)
		return
	}
	o.Set("examples", List(asWritten(v, quoted)))
}

func asWritten(v any, quoted bool) any {
	if n, ok := v.(interface{ String() string }); ok && quoted {
		return n.String()
	}
	return v
}

// valueOf returns the value of a field that a tag spells: a text as in a query, or JSON for a
// type that has no such form. fault is why it is none.
func valueOf(sf reflect.StructField, text string) (value any, fault string) {
	v := reflect.New(sf.Type)
	target := inside(v)
	if sc, ok := scalar.Of(target.Type()); ok {
		fault = sc.Parse(target, text)
	} else {
		fault = decode(target, text)
	}
	if fault == "" {
		fault = constraint.Explain(sf, v.Elem())
	}
	if fault != "" {
		return nil, fault
	}
	out, err := codec.JSON().Append(nil, target.Addr().Interface())
	if err != nil {
		return nil, err.Error()
	}
	if value, err = Parse(out); err != nil {
		return nil, err.Error()
	}
	return value, ""
}

// inside returns what is behind the pointer or the Optional in the field that v points to.
func inside(v reflect.Value) reflect.Value {
	target := v.Elem()
	if _, ok := shape.InsideOptional(target.Type()); ok {
		return reflect.ValueOf(v.Interface().(shape.Optional).Target()).Elem()
	}
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		return target.Elem()
	}
	return target
}

func decode(v reflect.Value, text string) (fault string) {
	f, err := codec.JSON().Compile(v.Type(), codec.Options{})
	if err == nil {
		err = f.Decode([]byte(text), v.Addr().Interface())
	}
	if err == nil {
		return ""
	}
	return "it is not JSON for " + v.Type().String() + ", but " + strconv.Quote(err.Error())
}

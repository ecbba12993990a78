package codec

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

// Form returns the format of application/x-www-form-urlencoded, for structs
// whose fields are tagged form:"name": single values as in a query, pointers and
// [Optional] for those that may be absent, slices for repeated ones. Embedded
// structs are part of theirs. required:"true" asks that a field is there;
// the zero value of a field tagged default is left out;
// fields that the struct does not have are errors unless
// [Options.AllowUnknown] is set.
func Form() Compiler { return &formFormat{} }

type formFormat struct {
	fields  []formField // nil before Compile
	lenient bool
}

type formField struct {
	name     string
	index    []int
	elem     reflect.Type
	scalar   scalar.Scalar
	pointer  bool
	slice    bool
	optional bool
	required bool
	hasDef   bool // it has a default, which its zero value leaves to the server
}

func (*formFormat) MediaType() string { return "application/x-www-form-urlencoded" }

func (*formFormat) Compile(t reflect.Type, opts Options) (Format, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s: a form is a struct with fields tagged form", t)
	}
	f := &formFormat{lenient: opts.AllowUnknown, fields: []formField{}}
	if faults := f.compile(t, nil); len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return f, nil
}

func (f *formFormat) compile(t reflect.Type, index []int) []error {
	var faults []error
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(append([]int(nil), index...), i)
		name, tagged := sf.Tag.Lookup("form")
		switch {
		case !tagged && sf.Tag.Get("json") == "-":
		case !tagged && (sf.Anonymous || sf.Tag.Get("json") == ",embed") && sf.Type.Kind() == reflect.Struct:
			faults = append(faults, f.compile(sf.Type, at)...)
		case !sf.IsExported():
			if tagged {
				faults = append(faults, fmt.Errorf("field %s is tagged form and not exported", sf.Name))
			}
		case name == "":
			faults = append(faults, fmt.Errorf("field %s has no tag form with a name", sf.Name))
		default:
			if err := f.add(sf, at, name); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return faults
}

func (f *formFormat) add(sf reflect.StructField, at []int, name string) error {
	field := formField{name: name, index: at, elem: sf.Type, required: sf.Tag.Get("required") == "true"}
	_, field.hasDef = sf.Tag.Lookup("default")
	s, ok := scalar.Of(sf.Type)
	if inner, is := shape.InsideOptional(sf.Type); is {
		field.optional, field.elem = true, inner
		s, ok = scalar.Of(inner)
	} else if !ok && (sf.Type.Kind() == reflect.Pointer || sf.Type.Kind() == reflect.Slice) {
		field.pointer, field.slice = sf.Type.Kind() == reflect.Pointer, sf.Type.Kind() == reflect.Slice
		field.elem = sf.Type.Elem()
		s, ok = scalar.Of(field.elem)
	}
	if !ok {
		return fmt.Errorf("field %s: the kind %s has no form as a field of a form", sf.Name, sf.Type)
	}
	for i := range f.fields {
		if f.fields[i].name == name {
			return fmt.Errorf("field %s: the name %q is taken", sf.Name, name)
		}
	}
	field.scalar = s
	f.fields = append(f.fields, field)
	return nil
}

// of returns f, or f compiled for the type of a value.
func (f *formFormat) of(v reflect.Value) (*formFormat, error) {
	if f.fields != nil {
		return f, nil
	}
	compiled, err := f.Compile(v.Type(), Options{})
	if err != nil {
		return nil, err
	}
	return compiled.(*formFormat), nil
}

func (f *formFormat) Append(dst []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v).Elem()
	f, err := f.of(value)
	if err != nil {
		return dst, err
	}
	out := dst
	for i := range f.fields {
		texts, err := f.fields[i].texts(value)
		if err != nil {
			return dst, err
		}
		for _, text := range texts {
			if len(out) > len(dst) {
				out = append(out, '&')
			}
			out = append(out, url.QueryEscape(f.fields[i].name)+"="+url.QueryEscape(text)...)
		}
	}
	return out, nil
}

func (f *formField) texts(v reflect.Value) ([]string, error) {
	field := v.FieldByIndex(f.index)
	switch {
	case f.hasDef && field.IsZero():
		return nil, nil
	case f.slice:
		var out []string
		for i := range field.Len() {
			text, err := f.scalar.Format(field.Index(i))
			if err != nil {
				return nil, err
			}
			out = append(out, text)
		}
		return out, nil
	case f.pointer && field.IsNil():
		return nil, nil
	case f.pointer:
		field = field.Elem()
	case f.optional:
		value, ok := field.Addr().Interface().(shape.Optional).Peek()
		if !ok {
			return nil, nil
		}
		field = reflect.ValueOf(value).Elem()
	}
	text, err := f.scalar.Format(field)
	return []string{text}, err
}

func (f *formFormat) Decode(src []byte, v any) error {
	value := reflect.ValueOf(v).Elem()
	f, err := f.of(value)
	if err != nil {
		return err
	}
	d := formDecoding{f: f, v: value, seen: make([]bool, len(f.fields))}
	for pair := range strings.SplitSeq(string(src), "&") {
		if d.full() {
			break
		}
		if pair != "" {
			d.pair(pair)
		}
	}
	for i := range f.fields {
		if f.fields[i].required && !d.seen[i] {
			d.add(f.fields[i].name, "missing")
		}
	}
	if len(d.found) > 0 {
		return ErrInvalid.WithViolations(d.found...).WithCause(mark.Partly(nil))
	}
	return nil
}

type formDecoding struct {
	f     *formFormat
	v     reflect.Value
	seen  []bool
	found []endpoint.Violation
}

// full reports whether as many faults were found as an answer lists.
func (d *formDecoding) full() bool { return len(d.found) >= bounds.Faults }

func (d *formDecoding) add(name, detail string) {
	if d.full() {
		return
	}
	pointer := ""
	if name != "" {
		pointer = "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	d.found = append(d.found, endpoint.Violation{Pointer: bounds.Pointer(pointer), Detail: detail})
}

func (d *formDecoding) pair(pair string) {
	name, text, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	text, err2 := url.QueryUnescape(text)
	if err != nil || err2 != nil || strings.Contains(pair, ";") {
		d.add("", "not valid percent-encoding")
		return
	}
	for i := range d.f.fields {
		if d.f.fields[i].name == name {
			d.set(i, text)
			return
		}
	}
	if !d.f.lenient {
		d.add(strings.ToValidUTF8(name, "\ufffd"), "unknown field")
	}
}

func (d *formDecoding) set(i int, text string) {
	f := &d.f.fields[i]
	field := d.v.FieldByIndex(f.index)
	if d.seen[i] && !f.slice {
		d.add(f.name, "more than one value")
		return
	}
	d.seen[i] = true
	target := field
	switch {
	case f.slice:
		target = reflect.New(f.elem).Elem()
	case f.pointer:
		field.Set(reflect.New(f.elem))
		target = field.Elem()
	case f.optional:
		target = reflect.ValueOf(field.Addr().Interface().(shape.Optional).Target()).Elem()
	}
	if detail := f.scalar.Parse(target, text); detail != "" {
		d.add(f.name, detail)
		return
	}
	if f.slice {
		field.Set(reflect.Append(field, target))
	}
}

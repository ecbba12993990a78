package jsonschema

import (
	"encoding"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/shape"
)

// Schemas makes the schemas of types, by the rules by which json/v2 writes and reads them.
type Schemas struct {
	Components Components
	Given      map[reflect.Type]*Object // by the option Schema
	Faults     *Faults
}

// A Use is how a value of a type is used.
type Use struct {
	Form  Form
	Text  bool // it is a single text: a parameter, or a field of a form
	Rules constraint.Rules
}

// plain returns the use of a part of the value, which has no rules of a field.
func (u Use) plain() Use { return Use{Form: u.Form, Text: u.Text} }

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	valueType    = reflect.TypeFor[jsontext.Value]()
)

// known are types with a form of their own that is known.
func known(t reflect.Type) *Object {
	switch t {
	case timeType:
		return Typed("string").Set("format", "date-time")
	case durationType:
		return Typed("string").Set("pattern", `^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`).Set("examples", List("1.5s"))
	case shape.NumberType:
		return Typed("number")
	case valueType:
		return &Object{}
	case reflect.TypeFor[big.Int]():
		return Typed("integer")
	case reflect.TypeFor[netip.Addr]():
		return Typed("string").Set("pattern", `^([0-9A-Fa-f:.]+(%.+)?)?$`)
	case reflect.TypeFor[netip.Prefix]():
		return Typed("string").Set("pattern", `^([0-9A-Fa-f:.]+/[0-9]{1,3})?$`)
	case reflect.TypeFor[netip.AddrPort]():
		return Typed("string").Set("pattern", `^([0-9A-Fa-f:.\[\]]+(%[^\]]+\])?:[0-9]{1,5})?$`)
	}
	return nil
}

// Typed returns the schema of a type of JSON.
func Typed(name string) *Object { return new(Object).Set("type", name) }

// Of returns the schema of a value of type t.
func (s *Schemas) Of(t reflect.Type, u Use) *Object {
	if inner, ok := shape.InsideOptional(t); ok {
		return s.nullable(s.Of(inner, u), u)
	}
	if t.Kind() == reflect.Pointer {
		return s.nullable(s.Of(t.Elem(), u), u)
	}
	if o := s.whole(t, u); o != nil {
		return o
	}
	if s.isComponent(t, u) {
		return s.refer(t, u)
	}
	own, inner := u.Rules.For(t)
	o := s.kind(t, Use{u.Form, u.Text, inner})
	for _, k := range own.Keywords(t) {
		setKeyword(o, k)
	}
	return o
}

// whole returns the schema of a type that writes itself, or nil if t is none.
func (s *Schemas) whole(t reflect.Type, u Use) *Object {
	if o := s.Given[t]; o != nil {
		return Clone(o)
	}
	if u.Text && t == reflect.TypeFor[big.Int]() {
		return Typed("string").Set("pattern", "^[-+]?[0-9]+$")
	}
	if o := known(t); o != nil {
		return o
	}
	if !constraint.HasOwnForm(t) {
		return nil
	}
	p := reflect.PointerTo(t)
	for _, own := range []reflect.Type{
		reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Unmarshaler](),
	} {
		if !u.Text && p.Implements(own) {
			return &Object{} // whatever its methods write
		}
	}
	if !u.Text && !writesText(p) {
		return &Object{}
	}
	return textType(t)
}

func writesText(p reflect.Type) bool {
	return p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextAppender]())
}

// textType returns the schema of a type that writes itself as a text.
func textType(t reflect.Type) *Object {
	o := Typed("string")
	if t.Kind() == reflect.Array && t.Len() == 16 && t.Name() == "UUID" {
		return o.Set("format", "uuid")
	}
	if l, ok := reflect.TypeAssert[interface{ Values() []string }](reflect.New(t)); ok && len(l.Values()) > 0 {
		o.Set("enum", texts(l.Values()))
	}
	return o
}

func texts(all []string) []any {
	var values []any
	for _, s := range all {
		values = append(values, s)
	}
	return values
}

// isComponent reports whether a type has a name in the document.
func (s *Schemas) isComponent(t reflect.Type, u Use) bool {
	if t.Name() == "" || t.PkgPath() == "" || u.Text {
		return false
	}
	switch t.Kind() {
	case reflect.Struct:
		return true
	case reflect.String:
		return u.Rules.IsEmpty() && constraint.Values(t) != nil
	case reflect.Slice, reflect.Array, reflect.Map:
		return leadsTo(t.Elem(), t, map[reflect.Type]bool{})
	}
	return false
}

// leadsTo reports whether a value of type t may have one of type target in it, by slices,
// arrays, maps and pointers alone.
func leadsTo(t, target reflect.Type, seen map[reflect.Type]bool) bool {
	if t == target {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return leadsTo(t.Elem(), target, seen)
	}
	return false
}

// refer returns the reference to a component, beside which are the rules of a field.
func (s *Schemas) refer(t reflect.Type, u Use) *Object {
	c := s.Components.of(t, u.Form, func(c *Component) {
		if t.Kind() == reflect.Struct {
			c.schema = &Object{} // which leads back to itself, perhaps
			*c.schema = *s.Structure(t, u.plain(), nil)
			return
		}
		own, inner := constraint.Rules{}.For(t)
		c.schema = &Object{}
		*c.schema = *s.kind(t, Use{Form: u.Form, Rules: inner})
		for _, k := range own.Keywords(t) {
			setKeyword(c.schema, k)
		}
	})
	o := new(Object).Set("$ref", c)
	own, _ := u.Rules.For(t)
	for _, k := range own.Keywords(t) {
		if k.Name != "enum" {
			setKeyword(o, k)
		}
	}
	return o
}

// setKeyword adds a rule. A pattern that only RE2 understands goes under another name.
func setKeyword(o *Object, k constraint.Keyword) {
	name := k.Name
	if text, ok := k.Value.(string); ok && name == "pattern" && !isPortable(text) {
		name = "x-re2-pattern"
	}
	o.Set(name, k.Value)
}

// kind returns the schema of a value by its kind.
func (s *Schemas) kind(t reflect.Type, u Use) *Object {
	switch t.Kind() {
	case reflect.Bool:
		return Typed("boolean")
	case reflect.String:
		return Typed("string")
	case reflect.Float32:
		return Typed("number").Set("format", "float")
	case reflect.Float64:
		return Typed("number").Set("format", "double")
	case reflect.Slice, reflect.Array:
		return s.list(t, u)
	case reflect.Map:
		return s.mapping(t, u)
	case reflect.Struct:
		return s.Structure(t, u, nil)
	case reflect.Interface:
		return &Object{}
	}
	return integer(t)
}

// integer returns the schema of an integer. Bounds of 64 bits are left to the format: many
// tools read numbers as float64, which rounds them.
func integer(t reflect.Type) *Object {
	o := Typed("integer")
	switch t.Kind() {
	case reflect.Int8, reflect.Int16:
		return o.Set("format", "int32").Set("minimum", -1<<(t.Bits()-1)).Set("maximum", 1<<(t.Bits()-1)-1)
	case reflect.Int32:
		return o.Set("format", "int32").Set("minimum", -1<<31).Set("maximum", 1<<31-1)
	case reflect.Int, reflect.Int64:
		return o.Set("format", "int64")
	case reflect.Uint8, reflect.Uint16:
		return o.Set("format", "int32").Set("minimum", 0).Set("maximum", 1<<t.Bits()-1)
	case reflect.Uint32:
		return o.Set("format", "int64").Set("minimum", 0).Set("maximum", 1<<32-1)
	}
	return o.Set("format", "uint64").Set("minimum", 0)
}

func (s *Schemas) list(t reflect.Type, u Use) *Object {
	if e := t.Elem(); e.Kind() == reflect.Uint8 && e.PkgPath() == "" {
		encoding := "base64"
		if u.Text {
			encoding = "base64url"
		}
		return Typed("string").Set("format", "byte").Set("contentEncoding", encoding)
	}
	o := Typed("array").Set("items", s.Of(t.Elem(), u))
	if t.Kind() == reflect.Array {
		o.Set("minItems", t.Len()).Set("maxItems", t.Len())
	}
	return o
}

func (s *Schemas) mapping(t reflect.Type, u Use) *Object {
	o := Typed("object")
	if k := t.Key(); !constraint.HasOwnForm(k) {
		switch k.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			o.Set("propertyNames", new(Object).Set("pattern", "^-?[0-9]+$"))
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			o.Set("propertyNames", new(Object).Set("pattern", "^[0-9]+$"))
		}
	}
	return o.Set("additionalProperties", s.Of(t.Elem(), u))
}

// nullable returns the schema of the value or null. A parameter is never null.
func (s *Schemas) nullable(o *Object, u Use) *Object {
	if u.Text || len(o.Members) == 0 {
		return o
	}
	kind, ok := o.Get("type")
	if !ok {
		if options, ok := o.Get("anyOf"); ok && isNullable(options) {
			return o
		}
		return new(Object).Set("anyOf", List(o, Typed("null")))
	}
	if name, ok := kind.(string); ok {
		o.Set("type", List(name, "null"))
		if values, ok := o.Get("enum"); ok {
			o.Set("enum", append(slices.Clone(values.([]any)), nil))
		}
	}
	return o
}

func isNullable(anyOf any) bool {
	for _, v := range anyOf.([]any) {
		if kind, _ := v.(*Object).Get("type"); kind == "null" {
			return true
		}
	}
	return false
}

// Clone returns an object with the same members.
func Clone(o *Object) *Object { return &Object{slices.Clone(o.Members)} }

package openapi

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

// schemas makes the schemas of types, by the rules by which json/v2 writes and reads them.
type schemas struct {
	components components
	given      map[reflect.Type]*object // by the option Schema
	faults     *faults
}

// A use is how a value of a type is used.
type use struct {
	form  form
	text  bool // it is a single text: a parameter, or a field of a form
	rules constraint.Rules
}

// plain returns the use of a part of the value, which has no rules of a field.
func (u use) plain() use { return use{form: u.form, text: u.text} }

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	valueType    = reflect.TypeFor[jsontext.Value]()
)

// known are types with a form of their own that is known.
func known(t reflect.Type) *object {
	switch t {
	case timeType:
		return typed("string").set("format", "date-time")
	case durationType:
		return typed("string").set("pattern", `^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`).set("examples", list("1.5s"))
	case shape.NumberType:
		return typed("number")
	case valueType:
		return &object{}
	case reflect.TypeFor[big.Int]():
		return typed("integer")
	case reflect.TypeFor[netip.Addr]():
		return typed("string").set("pattern", `^([0-9A-Fa-f:.]+(%.+)?)?$`)
	case reflect.TypeFor[netip.Prefix]():
		return typed("string").set("pattern", `^([0-9A-Fa-f:.]+/[0-9]{1,3})?$`)
	case reflect.TypeFor[netip.AddrPort]():
		return typed("string").set("pattern", `^([0-9A-Fa-f:.\[\]]+(%[^\]]+\])?:[0-9]{1,5})?$`)
	}
	return nil
}

func typed(name string) *object { return new(object).set("type", name) }

// of returns the schema of a value of type t.
func (s *schemas) of(t reflect.Type, u use) *object {
	if inner, ok := shape.InsideOptional(t); ok {
		return s.nullable(s.of(inner, u), u)
	}
	if t.Kind() == reflect.Pointer {
		return s.nullable(s.of(t.Elem(), u), u)
	}
	if o := s.whole(t, u); o != nil {
		return o
	}
	if s.isComponent(t, u) {
		return s.refer(t, u)
	}
	own, inner := u.rules.For(t)
	o := s.kind(t, use{u.form, u.text, inner})
	for _, k := range own.Keywords(t) {
		setKeyword(o, k)
	}
	return o
}

// whole returns the schema of a type that writes itself, or nil if t is none.
func (s *schemas) whole(t reflect.Type, u use) *object {
	if o := s.given[t]; o != nil {
		return clone(o)
	}
	if u.text && t == reflect.TypeFor[big.Int]() {
		return typed("string").set("pattern", "^[-+]?[0-9]+$")
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
		if !u.text && p.Implements(own) {
			return &object{} // whatever its methods write
		}
	}
	if !u.text && !writesText(p) {
		return &object{}
	}
	return textType(t)
}

func writesText(p reflect.Type) bool {
	return p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextAppender]())
}

// textType returns the schema of a type that writes itself as a text.
func textType(t reflect.Type) *object {
	o := typed("string")
	if t.Kind() == reflect.Array && t.Len() == 16 && t.Name() == "UUID" {
		return o.set("format", "uuid")
	}
	if l, ok := reflect.TypeAssert[interface{ Values() []string }](reflect.New(t)); ok && len(l.Values()) > 0 {
		o.set("enum", texts(l.Values()))
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
func (s *schemas) isComponent(t reflect.Type, u use) bool {
	if t.Name() == "" || t.PkgPath() == "" || u.text {
		return false
	}
	switch t.Kind() {
	case reflect.Struct:
		return true
	case reflect.String:
		return u.rules.IsEmpty() && constraint.Values(t) != nil
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
func (s *schemas) refer(t reflect.Type, u use) *object {
	c := s.components.of(t, u.form, func(c *component) {
		if t.Kind() == reflect.Struct {
			c.schema = &object{} // which leads back to itself, perhaps
			*c.schema = *s.structure(t, u.plain(), nil)
			return
		}
		own, inner := constraint.Rules{}.For(t)
		c.schema = &object{}
		*c.schema = *s.kind(t, use{form: u.form, rules: inner})
		for _, k := range own.Keywords(t) {
			setKeyword(c.schema, k)
		}
	})
	o := new(object).set("$ref", c)
	own, _ := u.rules.For(t)
	for _, k := range own.Keywords(t) {
		if k.Name != "enum" {
			setKeyword(o, k)
		}
	}
	return o
}

// setKeyword adds a rule. A pattern that only RE2 understands goes under another name.
func setKeyword(o *object, k constraint.Keyword) {
	name := k.Name
	if text, ok := k.Value.(string); ok && name == "pattern" && !isPortable(text) {
		name = "x-re2-pattern"
	}
	o.set(name, k.Value)
}

// kind returns the schema of a value by its kind.
func (s *schemas) kind(t reflect.Type, u use) *object {
	switch t.Kind() {
	case reflect.Bool:
		return typed("boolean")
	case reflect.String:
		return typed("string")
	case reflect.Float32:
		return typed("number").set("format", "float")
	case reflect.Float64:
		return typed("number").set("format", "double")
	case reflect.Slice, reflect.Array:
		return s.list(t, u)
	case reflect.Map:
		return s.mapping(t, u)
	case reflect.Struct:
		return s.structure(t, u, nil)
	case reflect.Interface:
		return &object{}
	}
	return integer(t)
}

// integer returns the schema of an integer. Bounds of 64 bits are left to the format: many
// tools read numbers as float64, which rounds them.
func integer(t reflect.Type) *object {
	o := typed("integer")
	switch t.Kind() {
	case reflect.Int8, reflect.Int16:
		return o.set("format", "int32").set("minimum", -1<<(t.Bits()-1)).set("maximum", 1<<(t.Bits()-1)-1)
	case reflect.Int32:
		return o.set("format", "int32").set("minimum", -1<<31).set("maximum", 1<<31-1)
	case reflect.Int, reflect.Int64:
		return o.set("format", "int64")
	case reflect.Uint8, reflect.Uint16:
		return o.set("format", "int32").set("minimum", 0).set("maximum", 1<<t.Bits()-1)
	case reflect.Uint32:
		return o.set("format", "int64").set("minimum", 0).set("maximum", 1<<32-1)
	}
	return o.set("format", "uint64").set("minimum", 0)
}

func (s *schemas) list(t reflect.Type, u use) *object {
	if e := t.Elem(); e.Kind() == reflect.Uint8 && e.PkgPath() == "" {
		encoding := "base64"
		if u.text {
			encoding = "base64url"
		}
		return typed("string").set("format", "byte").set("contentEncoding", encoding)
	}
	o := typed("array").set("items", s.of(t.Elem(), u))
	if t.Kind() == reflect.Array {
		o.set("minItems", t.Len()).set("maxItems", t.Len())
	}
	return o
}

func (s *schemas) mapping(t reflect.Type, u use) *object {
	o := typed("object")
	if k := t.Key(); !constraint.HasOwnForm(k) {
		switch k.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			o.set("propertyNames", new(object).set("pattern", "^-?[0-9]+$"))
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			o.set("propertyNames", new(object).set("pattern", "^[0-9]+$"))
		}
	}
	return o.set("additionalProperties", s.of(t.Elem(), u))
}

// nullable returns the schema of the value or null. A parameter is never null.
func (s *schemas) nullable(o *object, u use) *object {
	if u.text || len(o.members) == 0 {
		return o
	}
	kind, ok := o.get("type")
	if !ok {
		if options, ok := o.get("anyOf"); ok && isNullable(options) {
			return o
		}
		return new(object).set("anyOf", list(o, typed("null")))
	}
	if name, ok := kind.(string); ok {
		o.set("type", list(name, "null"))
		if values, ok := o.get("enum"); ok {
			o.set("enum", append(slices.Clone(values.([]any)), nil))
		}
	}
	return o
}

func isNullable(anyOf any) bool {
	for _, v := range anyOf.([]any) {
		if kind, _ := v.(*object).get("type"); kind == "null" {
			return true
		}
	}
	return false
}

func clone(o *object) *object { return &object{slices.Clone(o.members)} }

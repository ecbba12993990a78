package jsonschema

import (
	"encoding/json/jsontext"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/shape"
)

// Structure returns the schema of a struct. hidden are the tags of fields that are no members.
func (s *Schemas) Structure(t reflect.Type, u Use, hidden []string) *Object {
	o := Typed("object")
	members, err := shape.Members(t)
	if err != nil {
		s.Faults.Add("%s: %w", t, err)
	}
	properties := &Object{}
	var required []any
	folded := false
	for _, m := range members {
		sf := t.FieldByIndex(m.Index)
		if HasTag(sf, hidden) {
			continue
		}
		folded = folded || m.Folded
		properties.Set(m.Name, s.property(t, sf, m, u))
		if u.isRequired(t, m) {
			required = append(required, m.Name)
		}
	}
	if len(properties.Members) > 0 {
		o.Set("properties", properties)
	}
	if len(required) > 0 {
		o.Set("required", required)
	}
	switch rest := s.rest(t, u); {
	case rest != nil:
		o.Set("additionalProperties", rest)
	case u.Form == Strict && !folded:
		o.Set("additionalProperties", false)
	}
	return o
}

// HasTag reports whether a field has one of the tags.
func HasTag(sf reflect.StructField, tags []string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool {
		_, ok := sf.Tag.Lookup(tag)
		return ok
	})
}

// isRequired reports whether a member is always there: in a request if its tag says so, and
// in a response unless something omits it.
func (u Use) isRequired(t reflect.Type, m shape.Member) bool {
	if u.Form != Sent {
		return m.Required
	}
	return !m.OmitZero && !m.OmitEmpty && !behindPointer(t, m.Index)
}

// behindPointer reports whether a field is in a struct that is embedded by a pointer.
func behindPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// property returns the schema of a member.
func (s *Schemas) property(t reflect.Type, sf reflect.StructField, m shape.Member, u Use) *Object {
	inner := Use{Form: u.Form, Rules: constraint.RulesOf(sf)}
	typ := m.Type
	if u.Form == Sent && (m.OmitZero || m.OmitEmpty) && typ.Kind() == reflect.Pointer {
		typ = typ.Elem() // a nil is omitted
	}
	o := s.Of(typ, inner)
	if m.Stringed {
		o = s.stringed(typ, inner)
	}
	s.Annotate(o, t, sf, u.Form != Sent, m.Stringed)
	return o
}

// stringed returns the schema of a number within a text. Rules of numbers have no form there.
func (s *Schemas) stringed(t reflect.Type, u Use) *Object {
	elem := t
	for elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	o := Typed("string")
	switch k := elem.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		o.Set("pattern", "^-?(0|[1-9][0-9]*)$")
	case k >= reflect.Uint && k <= reflect.Uintptr:
		o.Set("pattern", "^(0|[1-9][0-9]*)$")
	case k == reflect.Float32, k == reflect.Float64:
		o.Set("pattern", `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	default:
		return s.Of(t, u)
	}
	if values, ok := s.Of(elem, u).Get("enum"); ok {
		var quoted []any
		for _, v := range values.([]any) {
			quoted = append(quoted, string(v.(jsontext.Value)))
		}
		o.Set("enum", quoted)
	}
	if elem != t {
		return s.nullable(o, u)
	}
	return o
}

// rest returns the schema of members that no field has, or nil if there are none.
func (s *Schemas) rest(t reflect.Type, u Use) any {
	for sf := range t.Fields() {
		_, embedded, _ := shape.MemberOf(sf)
		switch {
		case embedded == nil:
		case embedded == valueType:
			return true
		case embedded.Kind() == reflect.Map:
			return s.Of(embedded.Elem(), Use{Form: u.Form})
		case embedded.Kind() == reflect.Struct && embedded != t:
			if rest := s.rest(embedded, u); rest != nil {
				return rest
			}
		}
	}
	return nil
}

package openapi

import (
	"encoding/json/jsontext"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/shape"
)

// structure returns the schema of a struct. hidden are the tags of fields that are no members.
func (s *schemas) structure(t reflect.Type, u use, hidden []string) *object {
	o := typed("object")
	members, err := shape.Members(t)
	if err != nil {
		s.faults.add("%s: %w", t, err)
	}
	properties := &object{}
	var required []any
	folded := false
	for _, m := range members {
		sf := t.FieldByIndex(m.Index)
		if hasTag(sf, hidden) {
			continue
		}
		folded = folded || m.Folded
		properties.set(m.Name, s.property(t, sf, m, u))
		if u.isRequired(t, m) {
			required = append(required, m.Name)
		}
	}
	if len(properties.members) > 0 {
		o.set("properties", properties)
	}
	if len(required) > 0 {
		o.set("required", required)
	}
	switch rest := s.rest(t, u); {
	case rest != nil:
		o.set("additionalProperties", rest)
	case u.form == read1 && !folded:
		o.set("additionalProperties", false)
	}
	return o
}

func hasTag(sf reflect.StructField, tags []string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool {
		_, ok := sf.Tag.Lookup(tag)
		return ok
	})
}

// isRequired reports whether a member is always there: in a request if its tag says so, and
// in a response unless something omits it.
func (u use) isRequired(t reflect.Type, m shape.Member) bool {
	if u.form != sent {
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
func (s *schemas) property(t reflect.Type, sf reflect.StructField, m shape.Member, u use) *object {
	inner := use{form: u.form, rules: constraint.RulesOf(sf)}
	typ := m.Type
	if u.form == sent && (m.OmitZero || m.OmitEmpty) && typ.Kind() == reflect.Pointer {
		typ = typ.Elem() // a nil is omitted
	}
	o := s.of(typ, inner)
	if m.Stringed {
		o = s.stringed(typ, inner)
	}
	s.annotate(o, t, sf, u.form != sent, m.Stringed)
	return o
}

// stringed returns the schema of a number within a text. Rules of numbers have no form there.
func (s *schemas) stringed(t reflect.Type, u use) *object {
	elem := t
	for elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	o := typed("string")
	switch k := elem.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		o.set("pattern", "^-?(0|[1-9][0-9]*)$")
	case k >= reflect.Uint && k <= reflect.Uintptr:
		o.set("pattern", "^(0|[1-9][0-9]*)$")
	case k == reflect.Float32, k == reflect.Float64:
		o.set("pattern", `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	default:
		return s.of(t, u)
	}
	if values, ok := s.of(elem, u).get("enum"); ok {
		var quoted []any
		for _, v := range values.([]any) {
			quoted = append(quoted, string(v.(jsontext.Value)))
		}
		o.set("enum", quoted)
	}
	if elem != t {
		return s.nullable(o, u)
	}
	return o
}

// rest returns the schema of members that no field has, or nil if there are none.
func (s *schemas) rest(t reflect.Type, u use) any {
	for sf := range t.Fields() {
		_, embedded, _ := shape.MemberOf(sf)
		switch {
		case embedded == nil:
		case embedded == valueType:
			return true
		case embedded.Kind() == reflect.Map:
			return s.of(embedded.Elem(), use{form: u.form})
		case embedded.Kind() == reflect.Struct && embedded != t:
			if rest := s.rest(embedded, u); rest != nil {
				return rest
			}
		}
	}
	return nil
}

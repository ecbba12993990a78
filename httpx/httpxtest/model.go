package httpxtest

import (
	"encoding"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"reflect"
	"slices"
	"time"

	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/shape"
)

// kind is the form of a value in JSON.
type kind uint8

const (
	unknown kind = iota // of a type that writes itself
	object
	mapping
	list
	text
	integer
	number
	boolean
	base64Text
	moment // a time
)

// A node is the form of the values of a type, with the rules that are about them.
type node struct {
	kind     kind
	typ      reflect.Type
	rules    constraint.Rules
	nullable bool
	stringed bool // a number within a text
	members  []member
	elem     *node // of a list or a map
	open     bool  // an object takes members that are not its own
}

type member struct {
	name     string
	required bool
	mayLack  bool // an answer may be without it
	node     *node
}

// A modeler makes nodes. Those of structs are kept, because a type may lead back to itself.
type modeler struct {
	request bool
	structs map[reflect.Type]*node
}

func newModeler(request bool) *modeler {
	return &modeler{request: request, structs: map[reflect.Type]*node{}}
}

// of returns the form of a value of type t by the rules of a field of that type.
func (m *modeler) of(t reflect.Type, r constraint.Rules) *node {
	own, within := r.For(t)
	if inner, ok := shape.InsideOptional(t); ok {
		return nullable(m.of(inner, within))
	}
	if t.Kind() == reflect.Pointer && !writesItself(t.Elem()) {
		return nullable(m.of(t.Elem(), within))
	}
	n := &node{typ: t, rules: own, kind: kindOf(t)}
	switch n.kind {
	case list:
		n.nullable = t.Kind() == reflect.Slice
		n.elem = m.of(t.Elem(), within)
	case mapping:
		n.nullable = true
		n.elem = m.of(t.Elem(), within)
	case object:
		return m.object(t)
	case base64Text:
		n.nullable = t.Kind() == reflect.Slice
	}
	return n
}

// nullable returns n with null among its values.
func nullable(n *node) *node {
	c := *n
	c.nullable = true
	return &c
}

func (m *modeler) object(t reflect.Type) *node {
	if n, ok := m.structs[t]; ok {
		return n
	}
	n := &node{kind: object, typ: t, open: shape.TakesAny(t)}
	m.structs[t] = n
	n.members = m.membersOf(t, nil)
	return n
}

// membersOf returns the members of a struct but those at the indexes in without.
func (m *modeler) membersOf(t reflect.Type, without [][]int) []member {
	all, _ := shape.Members(t)
	var members []member
	for _, sm := range all {
		if slices.ContainsFunc(without, func(index []int) bool { return slices.Equal(index, sm.Index) }) {
			continue
		}
		sf := t.FieldByIndex(sm.Index)
		c := member{name: sm.Name, required: sm.Required, mayLack: sm.OmitZero || sm.OmitEmpty || len(sm.Index) > 1}
		if form, ok := sf.Tag.Lookup("form"); ok && m.request && form != "" {
			c.name = form
		}
		c.node = m.of(sf.Type, constraint.RulesOf(sf))
		if sm.Stringed {
			s := *c.node
			s.stringed = true
			c.node = &s
		}
		members = append(members, c)
	}
	return members
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	rawType      = reflect.TypeFor[jsontext.Value]()

	ownForms = []reflect.Type{
		reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}
)

func writesItself(t reflect.Type) bool {
	return t == durationType || t == rawType || t == shape.NumberType || shape.IsMessage(reflect.PointerTo(t)) || slices.ContainsFunc(ownForms, reflect.PointerTo(t).Implements)
}

func kindOf(t reflect.Type) kind {
	switch {
	case t == timeType:
		return moment
	case writesItself(t):
		return unknown
	}
	switch t.Kind() {
	case reflect.Struct:
		return object
	case reflect.Map:
		return mapping
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Elem().PkgPath() == "" {
			return base64Text
		}
		return list
	case reflect.String:
		return text
	case reflect.Bool:
		return boolean
	case reflect.Float32, reflect.Float64:
		return number
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return integer
	}
	return unknown
}

// zeroOf returns the JSON of the zero value of a type that writes itself, or null.
func zeroOf(t reflect.Type) any {
	if t == durationType {
		return "1s"
	}
	value, err := parse(jsonOf(reflect.New(t).Elem()))
	if err != nil {
		return nil
	}
	return value
}

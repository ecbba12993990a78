package codec

import (
	"encoding"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/typedkit/endpoint/internal/shape"
)

// surveyed is what a type needs of the JSON format.
type surveyed struct {
	hooks    bool // it has a duration or an any
	nullless bool // it has a member or an item that cannot be null
	required bool // it has a member tagged required

	seen   map[reflect.Type]bool
	faults []error
}

// survey looks through a type for what JSON has no form for. place is the name of the
// type in faults.
func survey(t reflect.Type, place string) (surveyed, error) {
	s := surveyed{seen: map[reflect.Type]bool{}}
	s.visit(t, place)
	return s, errors.Join(s.faults...)
}

func (s *surveyed) fault(place, format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	valueType    = reflect.TypeFor[jsontext.Value]()
)

// hasNull reports whether null is a value of t in JSON: t has a nil in Go, is an
// Optional, or reads itself from JSON. See decision 158.
func hasNull(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	_, optional := shape.InsideOptional(t)
	switch {
	case optional:
		return true
	case t == timeType, t == shape.NumberType:
		return false
	case p.Implements(reflect.TypeFor[json.UnmarshalerFrom]()), p.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return true
	case p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return false
	}
	return shape.HasNil(t)
}

func (s *surveyed) visit(t reflect.Type, place string) {
	if s.seen[t] {
		return
	}
	s.seen[t] = true
	s.nullless = s.nullless || !hasNull(t)
	if t == durationType {
		s.hooks = true
		return
	}
	if inner, ok := shape.InsideOptional(t); ok {
		s.visit(inner, place)
		return
	}
	if shape.IsMessage(t) || shape.IsMessage(reflect.PointerTo(t)) {
		s.fault(place, "a message of protobuf has its own form in JSON: that of the package codec/proto")
		return
	}
	if shape.HasOwnForm(t) {
		return
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		s.fault(place, "a %s has no form in JSON", t.Kind())
	case reflect.Interface:
		if t.NumMethod() > 0 {
			s.fault(place, "an interface with methods has no form in JSON")
		}
		s.hooks = true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		s.visit(t.Elem(), place)
	case reflect.Map:
		s.visitKey(t.Key(), place)
		s.visit(t.Elem(), place)
	case reflect.Struct:
		s.visitStruct(t, place)
	}
}

func (s *surveyed) visitKey(k reflect.Type, place string) {
	if shape.HasOwnForm(k) {
		return
	}
	switch k.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return
	}
	s.fault(place, "a map with keys of kind %s has no form in JSON", k.Kind())
}

// See decision 15.
func (s *surveyed) visitStruct(t reflect.Type, place string) {
	fields, err := shape.Members(t)
	if err != nil {
		s.fault(place, "%v", err)
	}
	if err := shape.Check(t); err != nil {
		s.fault(place, "%v", err)
	}
	for _, f := range fields {
		if f.Required {
			s.required = true
		}
		if _, ok := shape.InsideOptional(f.Type); ok && !f.OmitZero {
			s.fault(place+"."+f.GoName, "an Optional member needs the tag option omitzero")
		}
		s.visit(f.Type, place+"."+f.GoName)
	}
}

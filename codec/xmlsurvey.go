package codec

import (
	"encoding"
	"encoding/xml"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint/internal/shape"
)

// xmlSurvey looks through a type for what XML has no form for.
type xmlSurvey struct {
	seen   map[reflect.Type]bool
	faults []error
}

var (
	ownXML = []reflect.Type{
		reflect.TypeFor[xml.Marshaler](), reflect.TypeFor[xml.Unmarshaler](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}
	xmlNameType = reflect.TypeFor[xml.Name]()
)

// hasOwnXML says that t writes or reads itself in XML.
func hasOwnXML(t reflect.Type) bool {
	return slices.ContainsFunc(ownXML, reflect.PointerTo(t).Implements)
}

func indirect(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// namesRoot says that t is a struct with a field XMLName, also of a struct in it.
func namesRoot(t reflect.Type, seen map[reflect.Type]bool) bool {
	t = indirect(t)
	if t.Kind() != reflect.Struct || seen[t] {
		return false
	}
	seen[t] = true
	for f := range t.Fields() {
		if f.Name == "XMLName" || f.Anonymous && namesRoot(f.Type, seen) {
			return true
		}
	}
	return false
}

func (s *xmlSurvey) fault(place, format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

func (s *xmlSurvey) visit(t reflect.Type, place string) {
	t = indirect(t)
	if s.seen[t] || t == xmlNameType {
		return
	}
	s.seen[t] = true
	if inner, ok := shape.InsideOptional(t); ok {
		s.visit(inner, place)
		return
	}
	if hasOwnXML(t) {
		return
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr,
		reflect.Map, reflect.Array, reflect.Interface:
		s.fault(place, "a %s has no form in XML", t.Kind())
	case reflect.Slice:
		s.visit(t.Elem(), place)
	case reflect.Struct:
		s.visitStruct(t, place)
	}
}

// See decision 21.
func (s *xmlSurvey) visitStruct(t reflect.Type, place string) {
	if embedsItself(t, nil) {
		s.fault(place, "a struct that embeds itself has no form in XML")
		return
	}
	for f := range t.Fields() {
		if f.Tag.Get("xml") == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Tag.Get("required") == "true" {
			s.fault(place+"."+f.Name, "a member that is required has no form in XML")
		}
		s.visit(f.Type, place+"."+f.Name)
	}
	if len(s.faults) > 0 {
		return
	}
	// What encoding/xml finds wrong with tags and names it says with the first
	// value.
	root := xml.StartElement{Name: xml.Name{Local: "root"}}
	err := xml.NewEncoder(io.Discard).EncodeElement(reflect.New(t).Interface(), root)
	if err != nil {
		s.fault(place, "%v", err)
	}
}

// embedsItself says that following embedded structs from t leads to one of
// before again.
func embedsItself(t reflect.Type, before []reflect.Type) bool {
	t = indirect(t)
	if t.Kind() != reflect.Struct {
		return false
	}
	if slices.Contains(before, t) {
		return true
	}
	for f := range t.Fields() {
		if f.Anonymous && embedsItself(f.Type, append(before, t)) {
			return true
		}
	}
	return false
}

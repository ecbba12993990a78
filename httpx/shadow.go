package httpx

import (
	"encoding"
	"encoding/json/v2"
	"fmt"
	"reflect"
	"slices"
)

// shadowOf returns a type with the layout of t, a struct, whose parameters are
// no members: for the codec of the body they do not exist, so that a body can
// neither set nor show them. A value of t is read and written as one of its
// shadow through a pointer; both types differ in names and tags alone.
//
// What is hidden is so for every codec, by not being exported.
func shadowOf(t reflect.Type, request bool) (shadow reflect.Type, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a body beside parameters needs a plainer struct than %s: %v", t, r)
		}
	}()
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		sf := t.Field(i)
		f := reflect.StructField{Name: sf.Name, Type: sf.Type, Tag: sf.Tag}
		switch {
		case isParameter(sf, request) || !sf.IsExported() && !isEmbedded(sf):
			f.Name, f.PkgPath, f.Tag = "hidden"+itoa(i), "httpx", `json:"-"`
		case isEmbedded(sf):
			// Not embedded in Go's sense, which reflect cannot make of a type
			// with methods; embedded in JSON's.
			if f.Type, err = shadowOfEmbedded(sf.Type, request); err != nil {
				return nil, err
			}
			f.Name, f.Tag = "Embedded"+itoa(i), `json:",embed"`
		}
		fields[i] = f
	}
	shadow = reflect.StructOf(fields)
	if shadow.Size() != t.Size() || shadow.Align() != t.Align() {
		return nil, fmt.Errorf("the layout of %s cannot be repeated", t)
	}
	return shadow, nil
}

// shadowOfEmbedded leaves a type alone that has no parameters, which is also
// how a struct that contains itself ends.
func shadowOfEmbedded(t reflect.Type, request bool) (reflect.Type, error) {
	if t.Kind() == reflect.Pointer || !hasParameters(t, request) {
		return t, nil
	}
	return shadowOf(t, request)
}

func hasParameters(t reflect.Type, request bool) bool {
	for sf := range t.Fields() {
		if isParameter(sf, request) || isEmbedded(sf) && sf.Type.Kind() == reflect.Struct && hasParameters(sf.Type, request) {
			return true
		}
	}
	return false
}

func isParameter(sf reflect.StructField, request bool) bool {
	return slices.ContainsFunc(sourcesOf(request), func(s source) bool {
		_, ok := sf.Tag.Lookup(s.String())
		return ok
	})
}

// hasOwnJSON says that a type reads or writes itself.
func hasOwnJSON(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return slices.ContainsFunc([]reflect.Type{
		reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}, p.Implements)
}

// target returns the pointer that the codec of the body gets, for the value
// that v points to. Nothing is copied.
func (b *binding) target(v any) any {
	switch {
	case b.field != nil:
		return reflect.ValueOf(v).Elem().FieldByIndex(b.field).Addr().Interface()
	case b.shadow != nil:
		return reflect.NewAt(b.shadow, reflect.ValueOf(v).UnsafePointer()).Interface()
	}
	return v
}

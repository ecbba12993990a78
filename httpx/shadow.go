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
// What is hidden is so for every codec, by not being exported; what is embedded
// is so for every codec, too. See decision 6.
func shadowOf(t reflect.Type, request bool) (shadow reflect.Type, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a body beside parameters needs a plainer struct than %s: %v", t, r)
		}
	}()
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		if fields[i], err = shadowOfField(t.Field(i), i, request); err != nil {
			return nil, err
		}
	}
	shadow = reflect.StructOf(fields)
	if shadow.Size() != t.Size() || shadow.Align() != t.Align() {
		return nil, fmt.Errorf("the layout of %s cannot be repeated", t)
	}
	return shadow, nil
}

func shadowOfField(sf reflect.StructField, i int, request bool) (reflect.StructField, error) {
	f := reflect.StructField{Name: sf.Name, Type: sf.Type, Tag: sf.Tag}
	var err error
	switch {
	case isParameter(sf, request) || !sf.IsExported() && !(sf.Anonymous && isPlainStruct(sf.Type)):
		f.Name, f.PkgPath, f.Tag = "hidden"+itoa(i), "httpx", `json:"-"`
	case sf.Anonymous && isPlainStruct(sf.Type) && !recursive(sf.Type, map[reflect.Type]bool{}):
		// reflect embeds no type with methods, which the shadow of one has not.
		f.Anonymous = true
		f.Type, err = shadowOfEmbedded(sf.Type, request)
	case isEmbedded(sf) && sf.Type.Kind() == reflect.Struct && hasParameters(sf.Type, request):
		f.Type, err = shadowOf(sf.Type, request)
	case isEmbedded(sf):
		f.Tag = `json:",embed"`
	}
	if !sf.IsExported() && f.PkgPath == "" {
		f.Name = "Embedded" + itoa(i) // of a type that is not exported, whose fields are
	}
	return f, err
}

// See decision 20.
func shadowOfEmbedded(t reflect.Type, request bool) (reflect.Type, error) {
	if t.Kind() != reflect.Pointer {
		return shadowOf(t, request)
	}
	shadow, err := shadowOf(t.Elem(), request)
	if err != nil {
		return nil, err
	}
	return reflect.PointerTo(shadow), nil
}

// isPlainStruct says that t is a struct, or a pointer to one, that is written
// field by field.
func isPlainStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !isScalar(t) && !hasOwnJSON(t)
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

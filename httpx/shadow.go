package httpx

import (
	"encoding"
	"encoding/json/v2"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
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
	case hasDefault(sf, request):
		f.Tag = omittingZero(sf.Tag)
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

// hasParameters reports whether a struct has fields that its shadow has otherwise.
func hasParameters(t reflect.Type, request bool) bool {
	for sf := range t.Fields() {
		if isParameter(sf, request) || hasDefault(sf, request) || isEmbedded(sf) && sf.Type.Kind() == reflect.Struct && hasParameters(sf.Type, request) {
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

func hasDefault(sf reflect.StructField, request bool) bool {
	_, ok := sf.Tag.Lookup("default")
	return ok && request
}

// omittingZero returns the tag of a member with a default, so that every format omits
// the zero value and the default of the server applies. See decision 166.
func omittingZero(tag reflect.StructTag) reflect.StructTag {
	if _, opts, _ := strings.Cut(tag.Get("json"), ","); !slices.Contains(strings.Split(opts, ","), "omitzero") {
		tag = reflect.StructTag("json:"+strconv.Quote(tag.Get("json")+",omitzero")+" ") + tag
	}
	name, opts, _ := strings.Cut(tag.Get("xml"), ",")
	switch {
	case name == "-":
	case opts == "":
		tag = reflect.StructTag("xml:"+strconv.Quote(name+",omitempty")+" ") + tag
	case opts == "attr":
		tag = reflect.StructTag("xml:"+strconv.Quote(name+",attr,omitempty")+" ") + tag
	}
	return tag
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

package service

import (
	"encoding"
	"encoding/json/v2"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint/codec"
)

// unreadTags are the tags by which other packages check values, and those of JSON
// Schema. Nothing in this module reads them.
var unreadTags = []string{
	"validate", "binding",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "pattern", "format", "enum", "minItems", "maxItems", "uniqueItems",
}

// parameterTags make a field part of a message although it is tagged json:"-".
var parameterTags = []string{"path", "query", "header", "cookie", "form", "body"}

// UnreadTags returns a fault for each field in t, the type of a message or of an item,
// that has a tag by which a value would be checked, because nothing checks it. It looks
// into structs, pointers, lists and maps, but not into types that write themselves.
func UnreadTags(t reflect.Type) []error {
	// See decision 170.
	w := &tagWalker{seen: map[reflect.Type]bool{}}
	w.walk(t, "")
	return w.faults
}

type tagWalker struct {
	seen   map[reflect.Type]bool
	faults []error
}

func (w *tagWalker) walk(t reflect.Type, path string) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || w.seen[t] {
		return
	}
	w.seen[t] = true
	nested := isOptional(t) || !writesItself(t)
	for sf := range t.Fields() {
		switch {
		case !sf.IsExported() && !sf.Anonymous && !isOptional(t), hidden(sf):
			continue
		}
		w.tags(sf, path+sf.Name)
		switch {
		case !nested:
		case sf.Anonymous, isOptional(t):
			w.walk(sf.Type, path)
		default:
			w.walk(sf.Type, path+sf.Name+".")
		}
	}
}

func (w *tagWalker) tags(sf reflect.StructField, path string) {
	for _, tag := range unreadTags {
		v, ok := sf.Tag.Lookup(tag)
		if !ok {
			continue
		}
		hint := ""
		if strings.Contains(v, "required") {
			hint = `; required:"true" is read`
		}
		w.faults = append(w.faults, fmt.Errorf("field %s is tagged %s:%q, which nothing reads: check the value in the endpoint%s", path, tag, v, hint))
	}
}

// hidden reports whether no message has the field.
func hidden(sf reflect.StructField) bool {
	return sf.Tag.Get("json") == "-" && !slices.ContainsFunc(parameterTags, func(tag string) bool {
		_, ok := sf.Tag.Lookup(tag)
		return ok
	})
}

var codecPath = reflect.TypeFor[codec.Options]().PkgPath()

func isOptional(t reflect.Type) bool {
	return t.PkgPath() == codecPath && strings.HasPrefix(t.Name(), "Optional[")
}

// writesItself reports whether a type has a form of its own.
func writesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return slices.ContainsFunc([]reflect.Type{
		reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}, p.Implements)
}

// IsNil reports whether v is nil or a nil pointer.
func IsNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

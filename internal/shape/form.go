package shape

import (
	"encoding"
	"encoding/json/v2"
	"reflect"
	"slices"
	"time"
)

var ownForms = []reflect.Type{
	reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.Marshaler](),
	reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Unmarshaler](),
	reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextAppender](),
	reflect.TypeFor[encoding.TextUnmarshaler](),
}

// HasOwnForm reports whether t writes or reads itself.
func HasOwnForm(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || slices.ContainsFunc(ownForms, reflect.PointerTo(t).Implements)
}

// IsBytes reports whether t, a slice or an array, is a string in base64. One of a named byte
// type is not, by the rule of json/v2.
func IsBytes(t reflect.Type) bool {
	return t.Elem().Kind() == reflect.Uint8 && t.Elem().PkgPath() == ""
}

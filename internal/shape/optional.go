package shape

import "reflect"

// Optional is what every codec.Optional is, whatever its type.
type Optional interface {
	Target() any
	Peek() (value any, ok bool)
	SetNull()
	IsZero() bool
}

var optionalType = reflect.TypeFor[Optional]()

// InsideOptional returns T of an Optional[T]; ok is false for other types.
func InsideOptional(t reflect.Type) (inner reflect.Type, ok bool) {
	if t.Kind() != reflect.Struct || !reflect.PointerTo(t).Implements(optionalType) {
		return t, false
	}
	value, _ := reflect.New(t).Interface().(Optional).Peek()
	return reflect.TypeOf(value).Elem(), true
}

// HasNil reports whether the values of t, a type without methods for the format, can be
// null: t has a nil in Go. See decision 158.
func HasNil(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	}
	return false
}

// IsMessage says that t is a message of protobuf, whose forms are those of its
// descriptor and not those of its fields in Go.
func IsMessage(t reflect.Type) bool {
	_, has := t.MethodByName("ProtoReflect")
	return has
}

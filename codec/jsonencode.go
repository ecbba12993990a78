package codec

import (
	"encoding/json/jsontext"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/typedkit/endpoint/internal/shape"
)

// An appender appends the JSON of the value at p: the bytes that json/v2 writes
// for it with the options of this package, in a quarter of the time. It reports
// whether the value has a form in JSON. If not, the caller discards the appended
// bytes and gets the reason from json/v2. See decision 52.
type appender func(dst []byte, p unsafe.Pointer) ([]byte, bool)

// appenderOf returns the appender of a type. It returns nil for a type that json/v2
// must write: one with a part that writes itself, a map whose keys are not plain
// strings, an interface, a recursive type, or an uncommon tag. An appender never calls
// json/v2 for a part of a value, because its errors give the place within the whole.
func appenderOf(t reflect.Type) appender { return make(appenders).of(t) }

// appenders are those of the types that were met. One is nil while it is being
// made, too, so that a type which leads back to itself has none.
type appenders map[reflect.Type]appender

// maxAppenders bounds the work for a type, and how deep its values can be: json/v2
// refuses what is deeper than 10,000, and looks for cycles below 1,000.
const maxAppenders = 1000

func (a appenders) of(t reflect.Type) appender {
	add, met := a[t]
	if met || len(a) == maxAppenders {
		return add
	}
	a[t] = nil
	a[t] = a.build(t)
	return a[t]
}

func (a appenders) build(t reflect.Type) appender {
	switch {
	case t == durationType:
		return appendDuration
	case t == timeType:
		return appendTime
	case shape.HasOwnForm(t):
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerTo(a.of(t.Elem()))
	case reflect.Slice:
		if shape.IsBytes(t) {
			return appendBytes
		}
		return sliceOf(a.of(t.Elem()), t.Elem().Size())
	case reflect.Array:
		if shape.IsBytes(t) {
			return byteArray(t.Len())
		}
		return arrayOf(a.of(t.Elem()), t.Elem().Size(), t.Len())
	case reflect.Map:
		if t.Key().Kind() == reflect.String && !shape.HasOwnForm(t.Key()) {
			return mapOf(t, a.of(t.Elem()))
		}
		return nil
	case reflect.Struct:
		return a.object(t)
	}
	return scalars[t.Kind()]
}

func pointerTo(elem appender) appender {
	if elem == nil {
		return nil
	}
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return append(dst, "null"...), true
		}
		return elem(dst, p)
	}
}

func sliceOf(elem appender, size uintptr) appender {
	if elem == nil {
		return nil
	}
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) {
		s := *(*[]struct{})(p) // a slice of any type; what is of use is its pointer and length
		return appendArray(dst, elem, unsafe.Pointer(unsafe.SliceData(s)), size, len(s))
	}
}

func arrayOf(elem appender, size uintptr, n int) appender {
	if elem == nil {
		return nil
	}
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) { return appendArray(dst, elem, p, size, n) }
}

// appendArray appends n values of one size that begin at p.
func appendArray(dst []byte, elem appender, p unsafe.Pointer, size uintptr, n int) ([]byte, bool) {
	start := len(dst)
	for i := range n {
		var ok bool
		if dst, ok = elem(append(dst, ','), unsafe.Add(p, uintptr(i)*size)); !ok {
			return dst, false
		}
	}
	return enclose(dst, start, '[', ']'), true
}

// enclose puts brackets around what was appended from start on, each part with a
// comma before it: the first comma gives its place to the bracket.
func enclose(dst []byte, start int, opening, closing byte) []byte {
	if len(dst) == start {
		return append(dst, opening, closing)
	}
	dst[start] = opening
	return append(dst, closing)
}

// memberAppender appends one member of an object.
type memberAppender struct {
	text      string // the member's name in JSON, with the comma before it and the colon after it
	offset    uintptr
	value     appender
	zero      func(p unsafe.Pointer) bool // with the tag option omitzero
	omitempty bool
}

func (a appenders) object(t reflect.Type) appender {
	list, ok := places(t, 0, nil)
	if !ok {
		return nil
	}
	members := make([]memberAppender, len(list))
	for i := range list {
		if members[i], ok = a.member(list[i]); !ok {
			return nil
		}
	}
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) {
		start := len(dst)
		for i := range members {
			var ok bool
			if dst, ok = members[i].append(dst, p); !ok {
				return dst, false
			}
		}
		return enclose(dst, start, '{', '}'), true
	}
}

// append appends the member of the struct at p, unless it is to be omitted.
func (m *memberAppender) append(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	p = unsafe.Add(p, m.offset)
	if m.zero != nil && m.zero(p) {
		return dst, true
	}
	before := len(dst)
	dst = append(dst, m.text...)
	value := len(dst)
	dst, ok := m.value(dst, p)
	if ok && m.omitempty && isEmpty(dst[value:]) {
		dst = dst[:before]
	}
	return dst, ok
}

// isEmpty says what json/v2 takes for empty: a text, as no kind of Go is.
func isEmpty(value []byte) bool {
	switch string(value) {
	case `null`, `""`, `{}`, `[]`:
		return true
	}
	return false
}

// A place is a member of a struct, with what is needed to write and to read it.
type place struct {
	shape.Member
	text   string // its name in JSON, with the comma before it and the colon after it
	offset uintptr
}

// places adds the members of a struct that is offset bytes into another one, in
// the order of json/v2: that of the fields, with those of embedded structs in
// their place. A name that occurs twice is left to json/v2, which knows who wins.
func places(t reflect.Type, offset uintptr, list []place) ([]place, bool) {
	for sf := range t.Fields() {
		m, embedded, err := shape.MemberOf(sf)
		tag := sf.Tag.Get("json")
		switch {
		case err != nil || !isCommon(tag):
			return nil, false
		case embedded != nil && (sf.Type.Kind() != reflect.Struct || shape.HasOwnForm(sf.Type)):
			return nil, false
		case embedded != nil:
			var ok bool
			if list, ok = places(embedded, offset+sf.Offset, list); !ok {
				return nil, false
			}
		case m.Name == "" && sf.Anonymous && tag != "-":
			return nil, false // not exported, and yet a member by its name
		case m.Name == "":
			// not a member
		case slices.ContainsFunc(list, func(other place) bool { return other.Name == m.Name }):
			return nil, false
		default:
			quoted, err := jsontext.AppendQuote([]byte(","), m.Name)
			if err != nil {
				return nil, false
			}
			list = append(list, place{m, string(quoted) + ":", offset + sf.Offset})
		}
	}
	return list, true
}

// isCommon says that a json tag has no option but those that are heeded here, or
// matter to the reader alone.
func isCommon(tag string) bool {
	_, options, _ := strings.Cut(tag, ",")
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "", "embed", "omitempty", "omitzero", "string", "case:ignore", "case:strict":
		default:
			return false
		}
	}
	return true
}

func (a appenders) member(m place) (add memberAppender, ok bool) {
	add = memberAppender{text: m.text, offset: m.offset, value: a.of(m.Type), omitempty: m.OmitEmpty}
	if add.value == nil {
		return add, false
	}
	if m.Stringed {
		if !isNumber(m.Type) {
			return add, false
		}
		add.value = quotedNumber(add.value)
	}
	if m.OmitZero {
		add.zero = zeroOf(m.Type)
	}
	return add, true
}

// zeroOf returns what says that a value of type t is omitted by omitzero: its
// method IsZero, or that it is zero.
func zeroOf(t reflect.Type) func(p unsafe.Pointer) bool {
	type zeroer interface{ IsZero() bool }
	methods := reflect.TypeFor[zeroer]()
	switch {
	case t.Kind() == reflect.Pointer && t.Implements(methods):
		return func(p unsafe.Pointer) bool {
			v := reflect.NewAt(t, p).Elem()
			return v.IsNil() || v.Interface().(zeroer).IsZero()
		}
	case reflect.PointerTo(t).Implements(methods):
		return func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Interface().(zeroer).IsZero() }
	case t.Kind() == reflect.String:
		return func(p unsafe.Pointer) bool { return *(*string)(p) == "" }
	}
	return func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Elem().IsZero() }
}

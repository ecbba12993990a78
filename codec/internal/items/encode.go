package items

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/typedkit/endpoint/internal/shape"
)

// Errors of values that cannot be written.
var (
	errTooDeep   = errors.New("nested too deeply")
	errNotFinite = errors.New("not a finite number")
	errNotUTF8   = errors.New("a text that is not valid UTF-8")
)

// encoder is one Append.
type encoder struct {
	Writer
	*wired
	depth int
}

// value writes v by its plan.
func (e *encoder) value(p *plan, v reflect.Value) error {
	if !p.nests {
		return p.write(e, v)
	}
	return e.deeper(p, v)
}

func (e *encoder) deeper(p *plan, v reflect.Value) error {
	if e.depth == MaxDepth {
		return errTooDeep
	}
	e.depth++
	err := p.write(e, v)
	e.depth--
	return err
}

// pointerTo returns a pointer to v: to a copy where v has no address.
func pointerTo(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Interface()
}

func writeBool(e *encoder, v reflect.Value) error {
	e.Bool(v.Bool())
	return nil
}

func writeInt(e *encoder, v reflect.Value) error {
	e.Int(v.Int())
	return nil
}

func writeUint(e *encoder, v reflect.Value) error {
	e.Uint(v.Uint())
	return nil
}

func writeFloat(e *encoder, v reflect.Value) error {
	f := v.Float()
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return errNotFinite
	case v.Kind() == reflect.Float32:
		e.Float32(float32(f))
	default:
		e.Float64(f)
	}
	return nil
}

// writeNumber writes a json.Number as the number that it spells.
func writeNumber(e *encoder, v reflect.Value) error {
	text := jsontext.Value(cmp.Or(v.String(), "0")) // as encoding/json has it
	if text.Kind() != jsontext.KindNumber || !text.IsValid() {
		return errors.New("a json.Number that is not a number")
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		e.Int(n)
		return nil
	}
	if n, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		e.Uint(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !bytes.ContainsAny(text, ".eE") {
		return errors.New("a number that does not fit in 64 bits")
	}
	e.Float64(f)
	return nil
}

func (e *encoder) text(s string) error {
	if !utf8.ValidString(s) {
		return errNotUTF8
	}
	e.Text(s)
	return nil
}

func writeString(e *encoder, v reflect.Value) error { return e.text(v.String()) }

func writeBytes(e *encoder, v reflect.Value) error {
	e.Bytes(v.Bytes())
	return nil
}

func writeByteArray(e *encoder, v reflect.Value) error {
	e.Bytes(reflect.ValueOf(pointerTo(v)).Elem().Bytes())
	return nil
}

func writeTime(e *encoder, v reflect.Value) error { return e.Time(*pointerTo(v).(*time.Time)) }

func writeDuration(e *encoder, v reflect.Value) error {
	return e.text(time.Duration(v.Int()).String())
}

func writeText(e *encoder, v reflect.Value) error {
	text, err := pointerTo(v).(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return err
	}
	return e.text(string(text))
}

func writeAppended(e *encoder, v reflect.Value) error {
	text, err := pointerTo(v).(encoding.TextAppender).AppendText(nil)
	if err != nil {
		return err
	}
	return e.text(string(text))
}

// writeOwn lets a type write itself, and checks that it wrote one item.
func writeOwn(e *encoder, v reflect.Value) error {
	start := len(*e.Buffer())
	if err := e.Own(pointerTo(v)); err != nil {
		return err
	}
	d := decoder{wire: e.wire, src: (*e.Buffer())[start:]}
	if detail, cause := e.wire.Check(d.src); detail != "" {
		return fmt.Errorf("a type that writes itself wrote what is %s: %w", detail, cause)
	}
	if it, ok := d.next(); !ok || !d.skip(it) || d.at != len(d.src) {
		return errors.New("a type that writes itself wrote no single value")
	}
	return nil
}

// writeAny writes a value by the plan of its dynamic type.
func writeAny(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		e.Null()
		return nil
	}
	p, err := e.planOf(v.Elem().Type())
	if err != nil {
		return err
	}
	if v.Elem().Kind() == reflect.Pointer {
		return e.deeper(p, v.Elem()) // it may lead back here
	}
	return e.value(p, v.Elem())
}

func optionalPlan(inner *plan) plan {
	return plan{
		optional: true,
		write: func(e *encoder, v reflect.Value) error {
			value, ok := pointerTo(v).(shape.Optional).Peek()
			if !ok {
				e.Null()
				return nil
			}
			return e.value(inner, reflect.ValueOf(value).Elem())
		},
		read: func(d *decoder, it Item, v reflect.Value) (string, bool) {
			value := v.Addr().Interface().(shape.Optional).Target()
			return d.item(inner, it, reflect.ValueOf(value).Elem())
		},
	}
}

func pointerPlan(elem *plan) plan {
	return plan{
		write: func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.Null()
				return nil
			}
			return e.value(elem, v.Elem())
		},
		read: func(d *decoder, it Item, v reflect.Value) (string, bool) {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			return d.item(elem, it, v.Elem())
		},
	}
}

func writeItems(elem *plan) func(e *encoder, v reflect.Value) error {
	return func(e *encoder, v reflect.Value) error {
		e.Array(v.Len())
		for i := range v.Len() {
			if err := e.value(elem, v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
}

// entry is one of a map: its key as an item, and its value.
type entry struct {
	key   []byte
	value reflect.Value
}

// writeMap writes the entries in the order of their encoded keys, which is that
// of RFC 8949 §4.2.1.
func writeMap(key, elem *plan) func(e *encoder, v reflect.Value) error {
	return func(e *encoder, v reflect.Value) error {
		if v.Len() == 0 {
			e.Map(0)
			return nil
		}
		entries := make([]entry, 0, v.Len())
		buf := e.Buffer()
		start := len(*buf)
		for it := v.MapRange(); it.Next(); {
			if err := e.value(key, it.Key()); err != nil {
				return err
			}
			entries = append(entries, entry{bytes.Clone((*buf)[start:]), it.Value()})
			*buf = (*buf)[:start]
		}
		slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
		e.Map(len(entries))
		for i := range entries {
			if i > 0 && bytes.Equal(entries[i].key, entries[i-1].key) {
				return errors.New("two keys of a map have one form")
			}
			*buf = append(*buf, entries[i].key...)
			if err := e.value(elem, entries[i].value); err != nil {
				return err
			}
		}
		return nil
	}
}

// structure is a struct type.
type structure struct {
	fields   []field
	byName   map[string]int
	folded   bool // a name is compared without case
	required bool
}

// write writes the members that are there. How many that are is known at the
// end, so the head is written twice.
func (s *structure) write(e *encoder, v reflect.Value) error {
	buf := e.Buffer()
	start := len(*buf)
	e.Map(len(s.fields))
	body := len(*buf)
	n := 0
	for i := range s.fields {
		wrote, err := s.fields[i].writeMember(e, v)
		if err != nil {
			return err
		}
		if wrote {
			n++
		}
	}
	if n == len(s.fields) {
		return nil
	}
	written := (*buf)[body:]
	*buf = (*buf)[:start]
	e.Map(n) // no longer than the one that it overwrites
	*buf = append(*buf, written...)
	return nil
}

// writeMember writes the name and the value of a member, unless it is left out.
func (f *field) writeMember(e *encoder, v reflect.Value) (bool, error) {
	v, ok := member(v, f.Index)
	if !ok || f.OmitZero && f.zero(v) {
		return false, nil
	}
	buf := e.Buffer()
	start := len(*buf)
	*buf = append(*buf, f.encoded...)
	at := len(*buf)
	if err := e.value(f.plan, v); err != nil {
		return false, err
	}
	if f.OmitEmpty && isEmpty(e.wire, (*buf)[at:]) {
		*buf = (*buf)[:start]
		return false, nil
	}
	return true, nil
}

// isEmpty says that a value was written as null or as a text, bytes, an array or
// a map of nothing, which is what json/v2 means by omitempty.
func isEmpty(wire Wire, value []byte) bool {
	const longest = 2 // bytes, of a MessagePack bin
	if len(value) > longest {
		return false
	}
	if detail, _ := wire.Check(value); detail != "" {
		return false // a type that writes itself wrote it
	}
	it, next, ok := wire.Next(value, 0)
	if !ok || next != len(value) {
		return false
	}
	switch it.Kind {
	case Null:
		return true
	case Text, Bytes:
		return len(it.Raw) == 0
	case Array, Map:
		return it.N == 0
	}
	return false
}

func (f *field) zero(v reflect.Value) bool {
	switch {
	case f.isZero && v.Kind() == reflect.Pointer:
		return v.IsNil() || v.Interface().(interface{ IsZero() bool }).IsZero()
	case f.isZero:
		return pointerTo(v).(interface{ IsZero() bool }).IsZero()
	}
	return v.IsZero()
}

// member returns a field of v; ok is false behind a nil pointer.
func member(v reflect.Value, index []int) (f reflect.Value, ok bool) {
	if len(index) == 1 {
		return v.Field(index[0]), true
	}
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

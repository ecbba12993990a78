package observe

import (
	"cmp"
	"encoding"
	"encoding/json/jsontext"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxElements  = 16  // of a slice or a map
	maxText      = 256 // bytes of one text
	maxDepth     = 9
	redactedText = `"[REDACTED]"`
	leftOutText  = `"…"`
)

// A plan writes the values of one type.
type plan struct {
	write func(e *valueEncoder, v reflect.Value)
}

// plans holds the plan of each type. It grows with the types of a program, and
// with those that it finds in interfaces.
var plans sync.Map // of reflect.Type to *plan

var (
	logValuer     = reflect.TypeFor[slog.LogValuer]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	durationType  = reflect.TypeFor[time.Duration]()
)

// planOf returns the plan of t. Types that contain themselves find the plan that
// is being made; its write is set before any value is written.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan) //nolint:forcetypeassert // nothing else is stored
	}
	return (&planner{made: map[reflect.Type]*plan{}}).all(t)
}

// planner makes the plans of a type and of the types in it, and publishes them
// when all are complete.
type planner struct{ made map[reflect.Type]*plan }

func (m *planner) all(t reflect.Type) *plan {
	m.plan(t)
	for t, p := range m.made {
		plans.LoadOrStore(t, p)
	}
	return m.made[t]
}

func (m *planner) plan(t reflect.Type) *plan {
	if p, ok := m.made[t]; ok {
		return p
	}
	p := &plan{}
	m.made[t] = p
	p.write = m.writer(t)
	return p
}

func (m *planner) writer(t reflect.Type) func(*valueEncoder, reflect.Value) {
	switch {
	case t == durationType:
		return func(e *valueEncoder, v reflect.Value) { e.text(time.Duration(v.Int()).String()) }
	case t.Implements(logValuer):
		return writeLogValuer
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(logValuer):
		return onPointer(writeLogValuer)
	case isText(t) && t.Implements(textMarshaler):
		return writeText
	case isText(t) && reflect.PointerTo(t).Implements(textMarshaler):
		return onPointer(writeText)
	}
	switch t.Kind() {
	case reflect.Struct:
		return m.structWriter(t)
	case reflect.Pointer:
		elem := m.plan(t.Elem())
		return nilOr(func(e *valueEncoder, v reflect.Value) { elem.write(e, v.Elem()) })
	case reflect.Interface:
		return nilOr(func(e *valueEncoder, v reflect.Value) { planOf(v.Elem().Type()).write(e, v.Elem()) })
	case reflect.Map:
		return nilOr(m.mapWriter(t))
	case reflect.Slice, reflect.Array:
		return m.listWriter(t)
	}
	return writeScalar
}

// isText says that a type that has a text is that text: it has no fields that
// could be marked.
func isText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return false
	case reflect.Struct:
		return !slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.IsExported() })
	}
	return true
}

type plannedField struct {
	name     string // with its quotes and the colon
	index    []int
	redacted bool
	plan     *plan
}

// structWriter plans the exported fields.
func (m *planner) structWriter(t reflect.Type) func(*valueEncoder, reflect.Value) {
	fields := m.fields(t, nil)
	if len(fields) == 0 && t.NumField() > 0 {
		return func(e *valueEncoder, _ reflect.Value) { e.text("[" + t.String() + "]") }
	}
	return func(e *valueEncoder, v reflect.Value) {
		e.open('{')
		for _, f := range fields {
			if !e.member(f.name, func() { f.write(e, v) }) {
				break
			}
		}
		e.close('}')
	}
}

func (f *plannedField) write(e *valueEncoder, v reflect.Value) {
	if f.redacted {
		e.raw(redactedText)
		return
	}
	f.plan.write(e, v.FieldByIndex(f.index))
}

// fields returns those of t, which is at that index of the struct to write. The
// fields of an embedded struct without a name of its own are among them.
func (m *planner) fields(t reflect.Type, at []int) []plannedField {
	var fields []plannedField
	for i := range t.NumField() {
		f := t.Field(i)
		tag, index := f.Tag.Get("log"), append(slices.Clip(at), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			name = ""
		}
		inline := f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct && !isText(f.Type)
		p := plannedField{name: quoted(cmp.Or(name, f.Name)) + ":", index: index, redacted: tag == "redact"}
		switch {
		case tag == "-":
		case p.redacted:
			fields = append(fields, p)
		case inline:
			fields = append(fields, m.fields(f.Type, index)...)
		case f.IsExported():
			p.plan = m.plan(f.Type)
			fields = append(fields, p)
		}
	}
	return fields
}

func (m *planner) mapWriter(t reflect.Type) func(*valueEncoder, reflect.Value) {
	elem := m.plan(t.Elem())
	return func(e *valueEncoder, v reflect.Value) {
		e.open('{')
		n := 0
		for it := v.MapRange(); it.Next(); n++ {
			if n == maxElements {
				e.member(quoted("…")+":", func() { e.raw(strconv.Itoa(v.Len() - n)) })
				break
			}
			if !e.member(quoted(clip(keyText(it.Key()), maxText))+":", func() { elem.write(e, it.Value()) }) {
				break
			}
		}
		e.close('}')
	}
}

// keyText returns a map's key as JSON would have it. A key cannot be marked; one
// that is a struct is written by its type.
func keyText(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	}
	return "[" + v.Type().String() + "]"
}

func (m *planner) listWriter(t reflect.Type) func(*valueEncoder, reflect.Value) {
	if t.Elem().Kind() == reflect.Uint8 {
		return func(e *valueEncoder, v reflect.Value) { e.text("[" + strconv.Itoa(v.Len()) + " bytes]") }
	}
	elem := m.plan(t.Elem())
	return func(e *valueEncoder, v reflect.Value) {
		e.open('[')
		for i := range v.Len() {
			if i == maxElements {
				e.member("", func() { e.text("… " + strconv.Itoa(v.Len()-i) + " more") })
				break
			}
			if !e.member("", func() { elem.write(e, v.Index(i)) }) {
				break
			}
		}
		e.close(']')
	}
}

func nilOr(write func(*valueEncoder, reflect.Value)) func(*valueEncoder, reflect.Value) {
	return func(e *valueEncoder, v reflect.Value) {
		if v.IsNil() {
			e.raw("null")
			return
		}
		e.deeper(func() { write(e, v) })
	}
}

// onPointer gives write a pointer to a copy, where the value has no address.
func onPointer(write func(*valueEncoder, reflect.Value)) func(*valueEncoder, reflect.Value) {
	return func(e *valueEncoder, v reflect.Value) {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		write(e, p)
	}
}

// writeLogValuer writes what a value says of itself. What that holds has a plan
// of its own.
func writeLogValuer(e *valueEncoder, v reflect.Value) {
	if isNil(v) || !v.CanInterface() {
		e.raw("null")
		return
	}
	valuer, _ := reflect.TypeAssert[slog.LogValuer](v)
	e.deeper(func() { e.slogValue(slog.AnyValue(valuer).Resolve()) })
}

func writeText(e *valueEncoder, v reflect.Value) {
	if isNil(v) || !v.CanInterface() {
		e.raw("null")
		return
	}
	m, _ := reflect.TypeAssert[encoding.TextMarshaler](v)
	b, err := m.MarshalText()
	if err != nil {
		e.text("[" + v.Type().String() + "]")
		return
	}
	e.text(string(b))
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Interface, reflect.Chan:
		return v.IsNil()
	}
	return false
}

func writeScalar(e *valueEncoder, v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		e.text(v.String())
	case v.Kind() == reflect.Bool:
		e.raw(strconv.FormatBool(v.Bool()))
	case v.CanInt():
		e.raw(strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		e.raw(strconv.FormatUint(v.Uint(), 10))
	case v.CanFloat() && !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0):
		e.raw(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case v.CanFloat() || v.CanComplex():
		e.text(fmt.Sprint(v.Interface()))
	default: // functions, channels, unsafe pointers
		e.text("[" + v.Type().String() + "]")
	}
}

func quoted(s string) string {
	b, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	return string(b)
}

// text returns v as JSON of about limit bytes at most.
func (p *plan) text(v reflect.Value, limit int) (text valueText) {
	e := &valueEncoder{limit: limit}
	defer func() {
		// A method of the user's type panicked. The call goes on without.
		if recover() != nil {
			text = `"[panicked]"`
		}
	}()
	p.write(e, v)
	return valueText(e.out)
}

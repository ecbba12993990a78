package items

import (
	"encoding"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/typedkit/endpoint/internal/shape"
)

// A plan is how values of one type are written and read.
type plan struct {
	write func(e *encoder, v reflect.Value) error
	// read sets v from an item that is not null, and says what is wrong with
	// it. Where it returns a detail or false it has read the whole item; false
	// means that the source ends or is malformed.
	read func(d *decoder, it Item, v reflect.Value) (detail string, ok bool)

	optional bool // null is a state of its own
	nullable bool // null is the zero value
	own      bool // the type reads itself, including null
	nests    bool // it counts as a level of nesting
}

// compiler makes the plans of a type and of all within it.
type compiler struct {
	*wired
	made   map[reflect.Type]*plan
	faults []error
}

// planOf returns the plan of a type, made once.
func (w *wired) planOf(t reflect.Type) (*plan, error) {
	if p, ok := w.plans.Load(t); ok {
		return p.(*plan), nil
	}
	c := compiler{wired: w, made: map[reflect.Type]*plan{}}
	p := c.visit(t, t.String())
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	for t, p := range c.made {
		w.plans.Store(t, p)
	}
	return p, nil
}

func (c *compiler) fault(place, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

// visit returns the plan of a type, which is filled in when the types within it
// have theirs: a type may contain itself.
func (c *compiler) visit(t reflect.Type, place string) *plan {
	if p, ok := c.made[t]; ok {
		return p
	}
	p := &plan{}
	c.made[t] = p
	if inner, ok := shape.InsideOptional(t); ok {
		*p = optionalPlan(c.visit(inner, place))
		return p
	}
	if !c.special(p, t, place) {
		*p = c.kind(t, place)
	}
	p.nullable = shape.HasNil(t)
	c.ownForms(p, t, place)
	return p
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()

	textWriter   = reflect.TypeFor[encoding.TextMarshaler]()
	textAppender = reflect.TypeFor[encoding.TextAppender]()
	textReader   = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonWriters  = []reflect.Type{reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[json.Marshaler]()}
	jsonReaders  = []reflect.Type{reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Unmarshaler]()}
)

// special gives the types their plan that are written in a way of their own in
// both directions.
func (c *compiler) special(p *plan, t reflect.Type, place string) bool {
	ptr := reflect.PointerTo(t)
	switch {
	case t == timeType:
		*p = plan{write: writeTime, read: readTime}
	case t == durationType:
		*p = plan{write: writeDuration, read: readDuration}
	case t == shape.NumberType:
		*p = plan{write: writeNumber, read: readNumber}
	case shape.IsMessage(t) || shape.IsMessage(ptr):
		c.fault(place, "a message of protobuf has no form in %s; the package codec/proto has its forms", c.wire.Name())
	case c.writes(ptr) && c.reads(ptr):
		*p = plan{} // ownForms fills it in
	default:
		return false
	}
	return true
}

func (c *compiler) writes(ptr reflect.Type) bool {
	return c.wire.WritesItself(ptr) || ptr.Implements(textWriter) || ptr.Implements(textAppender)
}

func (c *compiler) reads(ptr reflect.Type) bool {
	return c.wire.ReadsItself(ptr) || ptr.Implements(textReader)
}

// ownForms puts the methods of a type in the place of its kind, each direction
// by itself: those for this format, else those for texts. A type with methods
// for JSON and none of these would lose its meaning.
func (c *compiler) ownForms(p *plan, t reflect.Type, place string) {
	if t == timeType || t == durationType || t == shape.NumberType || t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return
	}
	ptr := reflect.PointerTo(t)
	switch {
	case c.wire.WritesItself(ptr):
		p.write = writeOwn
	case ptr.Implements(textAppender):
		p.write = writeAppended
	case ptr.Implements(textWriter):
		p.write = writeText
	case slices.ContainsFunc(jsonWriters, ptr.Implements):
		c.fault(place, "it writes itself as JSON only, which is no form in %s", c.wire.Name())
	}
	switch {
	case c.wire.ReadsItself(ptr):
		p.read, p.own = nil, true
	case ptr.Implements(textReader):
		p.read, p.nullable = readText, false
	case slices.ContainsFunc(jsonReaders, ptr.Implements):
		c.fault(place, "it reads itself from JSON only, which is no form in %s", c.wire.Name())
	}
}

// kind returns the plan of a type without methods.
func (c *compiler) kind(t reflect.Type, place string) plan {
	switch t.Kind() {
	case reflect.Bool:
		return plan{write: writeBool, read: readBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return plan{write: writeInt, read: readInt}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return plan{write: writeUint, read: readUint}
	case reflect.Float32, reflect.Float64:
		return plan{write: writeFloat, read: readFloat}
	case reflect.String:
		return plan{write: writeString, read: readString}
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return plan{write: writeAny, read: readAny}
		}
		c.fault(place, "an interface with methods has no form in %s", c.wire.Name())
	case reflect.Pointer:
		return pointerPlan(c.visit(t.Elem(), place))
	case reflect.Slice:
		if isByte(t.Elem()) {
			return plan{write: writeBytes, read: readBytes}
		}
		return slicePlan(c.visit(t.Elem(), place))
	case reflect.Array:
		if isByte(t.Elem()) {
			return plan{write: writeByteArray, read: readByteArray}
		}
		return arrayPlan(c.visit(t.Elem(), place))
	case reflect.Map:
		return c.mapPlan(t, place)
	case reflect.Struct:
		return c.structPlan(t, place)
	default:
		c.fault(place, "a %s has no form in %s", t.Kind(), c.wire.Name())
	}
	return plan{}
}

func isByte(t reflect.Type) bool { return t.Kind() == reflect.Uint8 && t.PkgPath() == "" }

func (c *compiler) mapPlan(t reflect.Type, place string) plan {
	key, elem := c.visit(t.Key(), place), c.visit(t.Elem(), place)
	ptr := reflect.PointerTo(t.Key())
	if !c.writes(ptr) || !c.reads(ptr) {
		switch t.Key().Kind() {
		case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		default:
			c.fault(place, "a map with keys of kind %s has no form in %s", t.Key().Kind(), c.wire.Name())
		}
	}
	return newMapPlan(t, key, elem)
}

// A field is a member of a struct.
type field struct {
	shape.Member
	*plan
	encoded []byte // its name as an item
	isZero  bool   // its type has a method IsZero
}

var zeroer = reflect.TypeFor[interface{ IsZero() bool }]()

func (c *compiler) structPlan(t reflect.Type, place string) plan {
	members, err := shape.Members(t)
	for _, err := range []error{err, shape.Check(t)} {
		if err != nil {
			c.fault(place, "%v", err)
		}
	}
	if shape.TakesAny(t) {
		c.fault(place, "an embedded map or raw value has no form in %s", c.wire.Name())
	}
	s := &structure{fields: make([]field, len(members)), byName: map[string]int{}}
	w := c.wire.NewWriter()
	for i, m := range members {
		at := place + "." + m.GoName
		if _, ok := shape.InsideOptional(m.Type); ok && !m.OmitZero {
			c.fault(at, "an Optional member needs the tag option omitzero")
		}
		if !reachable(t, m.Index) {
			c.fault(at, "it is behind an embedded pointer to a struct that is not exported")
		}
		*w.Buffer() = nil
		w.Text(m.Name)
		s.fields[i] = field{
			Member: m, plan: c.visit(m.Type, at), encoded: *w.Buffer(),
			isZero: m.OmitZero && (m.Type.Implements(zeroer) || reflect.PointerTo(m.Type).Implements(zeroer)) && m.Type.Kind() != reflect.Interface,
		}
		s.folded = s.folded || m.Folded
	}
	if c.wire.Sorted() {
		slices.SortFunc(s.fields, func(a, b field) int { return slices.Compare(a.encoded, b.encoded) })
	}
	for i := range s.fields {
		s.byName[s.fields[i].Name] = i
		s.required = s.required || s.fields[i].Required
	}
	return plan{write: s.write, read: s.read, nests: true}
}

// reachable says that all pointers on the way to a field can be set.
func reachable(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		sf := t.Field(i)
		if t = sf.Type; t.Kind() == reflect.Pointer {
			if !sf.IsExported() {
				return false
			}
			t = t.Elem()
		}
	}
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }

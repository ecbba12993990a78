package items

import (
	"cmp"
	"encoding"
	"encoding/json/jsontext"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

// decoder is one Decode. It notes every fault and goes on behind it.
type decoder struct {
	wire    Wire
	wired   *wired
	src     []byte
	at      int
	head    int // where the last head began
	depth   int
	tooDeep bool
	lenient bool
	nulls   bool
	path    []step
	found   []endpoint.Violation
	cause   error
	reason  string // for the caller, of the last text type that rejected a text
}

// A step leads from a value to one within it.
type step struct {
	name  []byte // of a member; nil for an item
	index int
}

// next reads an item, of an array or a map its head.
func (d *decoder) next() (it Item, ok bool) {
	d.head = d.at
	it, d.at, ok = d.wire.Next(d.src, d.at)
	return it, ok
}

// value reads the next value into v; false means that the source ends, is
// malformed, or that there are faults enough.
func (d *decoder) value(p *plan, v reflect.Value) bool {
	it, ok := d.next()
	if !ok || d.full() {
		return false
	}
	detail, ok := d.item(p, it, v)
	if detail != "" {
		d.add(detail)
	}
	return ok
}

// item reads a value whose head was the last that was read.
func (d *decoder) item(p *plan, it Item, v reflect.Value) (detail string, ok bool) {
	switch {
	case it.Kind == End:
		return "", false
	case p.own:
		return d.own(it, v)
	case it.Kind == Null && p.optional:
		v.Addr().Interface().(shape.Optional).SetNull()
		return "", true
	case it.Kind == Null && (p.nullable || d.nulls):
		v.SetZero()
		return "", true
	case it.Kind == Null:
		return "must not be null", true
	case it.Kind == Alien:
		return "of a kind that has no form here", d.skip(it)
	case !p.nests:
		return p.read(d, it, v)
	case d.depth == MaxDepth:
		d.tooDeep = true
		return "", false
	}
	d.depth++
	detail, ok = p.read(d, it, v)
	d.depth--
	return detail, ok
}

// own hands an item to a value that reads itself.
func (d *decoder) own(it Item, v reflect.Value) (detail string, ok bool) {
	start := d.head
	if !d.skip(it) {
		return "", false
	}
	if err := d.wire.ReadOwn(d.src[start:d.at], v.Addr().Interface()); err != nil {
		d.cause = err
		return cmp.Or(scalar.Reason(v.Type(), err), "not valid"), true
	}
	return "", true
}

// skip passes over the rest of an item whose head was read.
func (d *decoder) skip(it Item) bool {
	n := it.N
	switch it.Kind {
	case Map:
		n = max(2*n, n) // -1 stays
	case Array, Alien:
	case End:
		return false
	default:
		return true
	}
	if d.depth == MaxDepth {
		d.tooDeep = true
		return false
	}
	d.depth++
	defer func() { d.depth-- }()
	for i := 0; n < 0 || i < n; i++ {
		inner, ok := d.next()
		if ok && n < 0 && inner.Kind == End {
			break
		}
		if !ok || !d.skip(inner) {
			return false
		}
	}
	return true
}

// refuse passes over an item that does not fit.
func (d *decoder) refuse(it Item, detail string) (string, bool) { return detail, d.skip(it) }

func readBool(d *decoder, it Item, v reflect.Value) (string, bool) {
	if it.Kind != Bool {
		return d.refuse(it, "must be true or false")
	}
	v.SetBool(it.U == 1)
	return "", true
}

func readInt(d *decoder, it Item, v reflect.Value) (string, bool) {
	if detail := integer(it); detail != "" {
		return d.refuse(it, detail)
	}
	n := int64(it.U)
	if it.Neg {
		n = -1 - n
	}
	if it.U > math.MaxInt64 || v.OverflowInt(n) {
		return "out of range", true
	}
	v.SetInt(n)
	return "", true
}

func readUint(d *decoder, it Item, v reflect.Value) (string, bool) {
	if detail := integer(it); detail != "" {
		return d.refuse(it, detail)
	}
	if it.Neg || v.OverflowUint(it.U) {
		return "out of range", true
	}
	v.SetUint(it.U)
	return "", true
}

func integer(it Item) string {
	switch it.Kind {
	case Int:
		return ""
	case Float:
		return "must be an integer"
	}
	return "must be a number"
}

func readFloat(d *decoder, it Item, v reflect.Value) (string, bool) {
	var f float64
	switch it.Kind {
	case Float:
		f = it.Float()
	case Int:
		if f = float64(it.U); it.Neg {
			f = -1 - f
		}
	default:
		return d.refuse(it, "must be a number")
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "must be a finite number", true
	}
	if v.OverflowFloat(f) {
		return "out of range", true
	}
	v.SetFloat(f)
	return "", true
}

// text returns the text of an item, and what is wrong with it.
func (d *decoder) text(it Item) (text, detail string, ok bool) {
	if it.Kind != Text {
		detail, ok = d.refuse(it, "must be a string")
		return "", detail, ok
	}
	if !utf8.Valid(it.Raw) {
		return "", "not valid UTF-8", true
	}
	return string(it.Raw), "", true
}

func readString(d *decoder, it Item, v reflect.Value) (string, bool) {
	s, detail, ok := d.text(it)
	if detail == "" && ok {
		v.SetString(s)
	}
	return detail, ok
}

func readText(d *decoder, it Item, v reflect.Value) (string, bool) {
	s, detail, ok := d.text(it)
	if detail != "" || !ok {
		return detail, ok
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.cause, d.reason = err, scalar.Reason(v.Type(), err)
		return cmp.Or(d.reason, "not valid"), true
	}
	return "", true
}

// readNumber reads a number into a json.Number.
func readNumber(d *decoder, it Item, v reflect.Value) (string, bool) {
	switch it.Kind {
	case Int:
		if it.Neg && it.U > math.MaxInt64 {
			return "out of range", true
		}
		text := strconv.FormatUint(it.U, 10)
		if it.Neg {
			text = strconv.FormatInt(-1-int64(it.U), 10)
		}
		v.SetString(text)
		return "", true
	case Float:
		if f := it.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return "must be a finite number", true
		}
		v.SetString(string(jsontext.AppendFloat(nil, it.Float(), 64)))
		return "", true
	}
	return d.refuse(it, "must be a number")
}

func readDuration(d *decoder, it Item, v reflect.Value) (string, bool) {
	const detail = `must be a duration such as "1.5s"`
	if it.Kind != Text {
		return d.refuse(it, detail)
	}
	n, err := time.ParseDuration(string(it.Raw))
	if err != nil {
		return detail, true
	}
	v.SetInt(int64(n))
	return "", true
}

// readTime takes the times of the wire, and texts as in RFC 3339, which is what
// peers write that know no others.
func readTime(d *decoder, it Item, v reflect.Value) (string, bool) {
	t := v.Addr().Interface().(*time.Time)
	switch it.Kind {
	case Time:
		*t = it.Time()
		return "", true
	case Text:
		if err := t.UnmarshalText(it.Raw); err == nil {
			return "", true
		}
	}
	return d.refuse(it, "must be a time")
}

func readBytes(d *decoder, it Item, v reflect.Value) (string, bool) {
	if it.Kind != Bytes {
		return d.refuse(it, "must be bytes")
	}
	v.SetBytes(append([]byte{}, it.Raw...))
	return "", true
}

func readByteArray(d *decoder, it Item, v reflect.Value) (string, bool) {
	if it.Kind != Bytes {
		return d.refuse(it, "must be bytes")
	}
	if len(it.Raw) != v.Len() {
		return "must have " + itoa(v.Len()) + " bytes", true
	}
	reflect.Copy(v, reflect.ValueOf(it.Raw))
	return "", true
}

// within reads a value at a step below the one that is being read.
func (d *decoder) within(s step, p *plan, v reflect.Value) bool {
	d.path = append(d.path, s)
	ok := d.value(p, v)
	d.path = d.path[:len(d.path)-1]
	return ok
}

// each calls read for each item of an array, or for each pair of a map.
func (d *decoder) each(it Item, read func(i int, first Item, start int) bool) bool {
	for i := 0; it.N < 0 || i < it.N; i++ {
		start := d.at
		first, ok := d.next()
		if !ok {
			return false
		}
		if first.Kind == End {
			return it.N < 0
		}
		if !read(i, first, start) {
			return false
		}
	}
	return true
}

func slicePlan(elem *plan) plan {
	return plan{
		nests: true, write: writeItems(elem),
		read: func(d *decoder, it Item, v reflect.Value) (string, bool) {
			if it.Kind != Array {
				return d.refuse(it, "must be an array")
			}
			// It grows with what is there, never by what the head promises.
			v.Set(reflect.MakeSlice(v.Type(), 0, min(max(it.N, 0), 64)))
			return "", d.each(it, func(i int, _ Item, start int) bool {
				d.at = start
				if i == v.Cap() {
					v.Grow(1)
				}
				v.SetLen(i + 1)
				return d.within(step{index: i}, elem, v.Index(i))
			})
		},
	}
}

func arrayPlan(elem *plan) plan {
	return plan{
		nests: true, write: writeItems(elem),
		read: func(d *decoder, it Item, v reflect.Value) (string, bool) {
			if it.Kind != Array {
				return d.refuse(it, "must be an array")
			}
			n := 0
			ok := d.each(it, func(i int, first Item, start int) bool {
				if n++; i >= v.Len() {
					return d.skip(first)
				}
				d.at = start
				return d.within(step{index: i}, elem, v.Index(i))
			})
			if ok && n != v.Len() {
				return "must have " + itoa(v.Len()) + " items", true
			}
			return "", ok
		},
	}
}

func newMapPlan(t reflect.Type, key, elem *plan) plan {
	return plan{
		nests: true, write: writeMap(key, elem),
		read: func(d *decoder, it Item, v reflect.Value) (string, bool) {
			if it.Kind != Map {
				return d.refuse(it, "must be a map")
			}
			if v.IsNil() {
				v.Set(reflect.MakeMap(t))
			}
			seen := map[any]bool{}
			return "", d.each(it, func(_ int, _ Item, start int) bool {
				d.at = start
				return d.pair(v, key, elem, seen)
			})
		},
	}
}

// pair reads an entry of a map.
func (d *decoder) pair(m reflect.Value, key, elem *plan, seen map[any]bool) bool {
	k := reflect.New(m.Type().Key()).Elem()
	start, faults := d.at, len(d.found)
	d.path = append(d.path, step{})
	defer func() { d.path = d.path[:len(d.path)-1] }()
	here := &d.path[len(d.path)-1]
	here.name = keyName(d.wire, d.src, start)
	it, ok := d.next()
	if !ok {
		return false
	}
	d.reason = ""
	detail, ok := d.item(key, it, k)
	if !ok {
		return false
	}
	switch {
	case d.reason != "":
		d.add("the name of this member is not valid: " + d.reason)
	case detail != "" || len(d.found) > faults || it.Kind == Null:
		d.add("the name of this member is not valid")
	case seen[k.Interface()]:
		d.add("more than once")
	}
	seen[k.Interface()] = true
	v := reflect.New(m.Type().Elem()).Elem()
	if !d.value(elem, v) {
		return false
	}
	m.SetMapIndex(k, v)
	return true
}

// keyName returns what stands for a key in a pointer.
func keyName(wire Wire, src []byte, at int) []byte {
	it, _, ok := wire.Next(src, at)
	switch {
	case ok && it.Kind == Text:
		return append([]byte{}, it.Raw...)
	case ok && it.Kind == Int && it.Neg && it.U <= math.MaxInt64:
		return []byte(itoa(int(-1 - int64(it.U))))
	case ok && it.Kind == Int && it.U <= math.MaxInt64:
		return []byte(itoa(int(it.U)))
	}
	return []byte{}
}

// read reads a map into a struct.
func (s *structure) read(d *decoder, it Item, v reflect.Value) (string, bool) {
	if it.Kind != Map {
		return d.refuse(it, "must be a map")
	}
	var few [1]uint64
	seen := few[:]
	if len(s.fields) > 64 {
		seen = make([]uint64, len(s.fields)/64+1)
	}
	ok := d.each(it, func(i int, name Item, _ int) bool { return s.readMember(d, i, name, v, seen) })
	if !ok || !s.required {
		return "", ok
	}
	for i := range s.fields {
		if s.fields[i].Required && seen[i/64]&(1<<(i%64)) == 0 {
			d.path = append(d.path, step{name: []byte(s.fields[i].Name)})
			d.add("missing")
			d.path = d.path[:len(d.path)-1]
		}
	}
	return "", true
}

// readMember reads the nth member of a map into a struct. Its name was read.
func (s *structure) readMember(d *decoder, nth int, name Item, v reflect.Value, seen []uint64) bool {
	if name.Kind != Text {
		d.add("the names of members must be strings")
		return d.skip(name) && d.skipNext()
	}
	i, known := s.find(name.Raw, nth)
	d.path = append(d.path, step{name: name.Raw})
	defer func() { d.path = d.path[:len(d.path)-1] }()
	switch {
	case !known && !d.lenient:
		d.add("unknown member")
		return d.skipNext()
	case !known:
		return d.skipNext()
	case seen[i/64]&(1<<(i%64)) != 0:
		d.add("more than once")
		return d.skipNext()
	}
	seen[i/64] |= 1 << (i % 64)
	f := &s.fields[i]
	return d.value(f.plan, reach(v, f.Index))
}

func (d *decoder) skipNext() bool {
	it, ok := d.next()
	return ok && !d.full() && d.skip(it)
}

// find returns the field of a name. Where peers write the members in the order of
// the fields, it is the nth.
func (s *structure) find(name []byte, nth int) (int, bool) {
	if nth < len(s.fields) && s.fields[nth].Name == string(name) {
		return nth, true
	}
	if i, ok := s.byName[string(name)]; ok || !s.folded {
		return i, ok
	}
	for i := range s.fields {
		if s.fields[i].Folded && shape.Fold(s.fields[i].Name) == shape.Fold(string(name)) {
			return i, true
		}
	}
	return 0, false
}

// reach returns a field of v and makes what is embedded by pointer on the way.
func reach(v reflect.Value, index []int) reflect.Value {
	if len(index) == 1 {
		return v.Field(index[0])
	}
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

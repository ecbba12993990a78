package codec

import (
	"bytes"
	"hash/maphash"
	"reflect"
	"sync"
	"unsafe"

	"github.com/typedkit/endpoint/internal/shape"
)

// A reader reads the JSON value at src[at], which exists and is not white space, into the
// value at p, as json/v2 does with the options of this package. It returns the index after
// the value. It returns left if the value is not valid or is uncommon. The caller then reads
// all of src again with json/v2, which overwrites what was read and finds the fault.
// See decision 206.
type reader func(s *scratch, src []byte, at int, p unsafe.Pointer) int

// left is the index that means: this text is left to json/v2.
const left = -1

// scratch is what readers of one text share.
type scratch struct {
	seed    maphash.Seed
	strings [256]string // short strings that were read, by their hash
	text    []byte      // a string without its escapes, or bytes
	names   []nameSpan  // of unknown members of the objects that are being read
}

var scratches = sync.Pool{New: func() any { return &scratch{seed: maphash.MakeSeed()} }}

// keepString and keepText bound the strings, and the text that a scratch may have grown to,
// that are kept.
const (
	keepString = 1 << 8
	keepText   = 1 << 14
)

// readerOf returns the reader of a type. It returns nil for a type that json/v2 must read:
// one with a part that reads itself other than an [Optional], a map whose keys are not plain
// strings, an interface, a recursive type, or an uncommon tag.
func readerOf(t reflect.Type, opts Options) reader {
	r := readers{opts: opts, met: map[reflect.Type]reader{}}
	return r.of(t)
}

// readers are those of the types that were met, as appenders are.
type readers struct {
	opts Options
	met  map[reflect.Type]reader
}

func (r *readers) of(t reflect.Type) reader {
	read, met := r.met[t]
	if met || len(r.met) == maxAppenders {
		return read
	}
	r.met[t] = nil
	r.met[t] = r.orNull(t, r.build(t))
	return r.met[t]
}

func (r *readers) build(t reflect.Type) reader {
	inner, optional := shape.InsideOptional(t)
	switch {
	case optional && t.PkgPath() == reflect.TypeFor[Optional[int]]().PkgPath():
		return optionalReader(t, r.of(inner))
	case t == durationType:
		return readDurationAt
	case t == timeType:
		return readTime
	case shape.HasOwnForm(t):
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerReader(t.Elem(), r.of(t.Elem()))
	case reflect.Slice:
		if shape.IsBytes(t) {
			return readBytes
		}
		return sliceReader(t, r.of(t.Elem()))
	case reflect.Array:
		if shape.IsBytes(t) {
			return byteArrayReader(t.Len())
		}
		return arrayReader(t, r.of(t.Elem()))
	case reflect.Map:
		if t.Key().Kind() == reflect.String && !shape.HasOwnForm(t.Key()) {
			return mapReaderOf(t, r.of(t.Elem()))
		}
		return nil
	case reflect.Struct:
		return r.object(t)
	}
	return scalarReaders[t.Kind()]
}

// orNull returns a reader that reads null as the zero value of t, if that is asked for and t
// has no null of its own.
func (r *readers) orNull(t reflect.Type, read reader) reader {
	if read == nil || !r.opts.NullIsZero || hasNull(t) {
		return read
	}
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		if src[at] != 'n' {
			return read(s, src, at, p)
		}
		if at = literal(src, at, "null"); at != left {
			reflect.NewAt(t, p).Elem().SetZero()
		}
		return at
	}
}

// optionalReader does what Optional.UnmarshalJSONFrom does.
func optionalReader(t reflect.Type, inner reader) reader {
	if inner == nil {
		return nil
	}
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		o := reflect.NewAt(t, p).Interface().(shape.Optional)
		o.SetNull()
		if src[at] == 'n' {
			return literal(src, at, "null")
		}
		return inner(s, src, at, reflect.ValueOf(o.Target()).UnsafePointer())
	}
}

func pointerReader(t reflect.Type, elem reader) reader {
	if elem == nil {
		return nil
	}
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		to := (*unsafe.Pointer)(p)
		if src[at] == 'n' {
			if at = literal(src, at, "null"); at != left {
				*to = nil
			}
			return at
		}
		if *to == nil {
			*to = reflect.New(t).UnsafePointer()
		}
		return elem(s, src, at, *to)
	}
}

// sliceReader returns the reader of slices of type t. As json/v2, they use the array that a
// slice has already.
func sliceReader(t reflect.Type, elem reader) reader {
	if elem == nil {
		return nil
	}
	size, empty := t.Elem().Size(), reflect.MakeSlice(t, 0, 0)
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		list := (*[]struct{})(p) // a slice of any type; what is of use is its pointer, length and capacity
		if src[at] == 'n' {
			if at = literal(src, at, "null"); at != left {
				*list = nil
			}
			return at
		}
		at, some := open(src, at, '[', ']')
		if !some {
			if at != left {
				reflect.NewAt(t, p).Elem().Set(empty)
			}
			return at
		}
		fresh := false // the array is new, and so its items are zero
		for n := 0; ; n++ {
			if n == cap(*list) {
				*list = (*list)[:n]
				reflect.NewAt(t, p).Elem().Grow(1)
				fresh = true
			}
			item := unsafe.Add(unsafe.Pointer(unsafe.SliceData(*list)), uintptr(n)*size)
			if !fresh {
				reflect.NewAt(t.Elem(), item).Elem().SetZero()
			}
			var more bool
			if at, more = next(src, elem(s, src, at, item), ']'); !more {
				*list = (*list)[:n+1]
				return at
			}
		}
	}
}

func arrayReader(t reflect.Type, elem reader) reader {
	if elem == nil {
		return nil
	}
	size := t.Elem().Size()
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		at, more := open(src, at, '[', ']')
		for n := range t.Len() {
			if !more {
				return left
			}
			item := unsafe.Add(p, uintptr(n)*size)
			reflect.NewAt(t.Elem(), item).Elem().SetZero()
			at, more = next(src, elem(s, src, at, item), ']')
		}
		if more {
			return left
		}
		return at
	}
}

// A memberReader reads one member of an object.
type memberReader struct {
	text   []byte // its name in JSON, with the quotes
	offset uintptr
	value  reader
}

// An objectReader reads a struct. Its members are at most as many as a word has bits.
type objectReader struct {
	members  []memberReader
	required uint64 // a bit for each member
	lenient  bool   // members that the struct does not have are skipped
}

func (r *readers) object(t reflect.Type) reader {
	list, ok := places(t, 0, nil)
	if !ok || len(list) > 64 {
		return nil
	}
	o := objectReader{members: make([]memberReader, len(list)), lenient: r.opts.AllowUnknown}
	for i, m := range list {
		value := r.member(m)
		if value == nil {
			return nil
		}
		o.members[i] = memberReader{[]byte(m.text[1 : len(m.text)-1]), m.offset, value}
		if m.Required {
			o.required |= 1 << i
		}
		o.lenient = o.lenient && !m.Folded // json/v2 knows which names are unknown
	}
	return o.read
}

func (r *readers) member(m place) reader {
	switch {
	case !m.Stringed:
		return r.of(m.Type)
	case isNumber(m.Type) && !shape.HasOwnForm(m.Type):
		return r.orNull(m.Type, quotedReader(scalarReaders[m.Type.Kind()]))
	}
	return nil
}

func (o *objectReader) read(s *scratch, src []byte, at int, p unsafe.Pointer) int {
	var seen uint64
	base := len(s.names)
	at, more := open(src, at, '{', '}')
	for i := 0; more; i++ {
		member, value := o.name(src, at, i)
		switch {
		case member == len(o.members) && o.lenient:
			i--
			value = s.skipMember(src, at, base, 0)
		case value == left || seen&(1<<member) != 0:
			return left
		default:
			i = member
			seen |= 1 << member
			m := &o.members[member]
			value = m.value(s, src, value, unsafe.Add(p, m.offset))
		}
		at, more = next(src, value, '}')
	}
	s.names = s.names[:base]
	if seen&o.required != o.required {
		return left
	}
	return at
}

// name returns which member has the name at src[at], and the index of its value. It expects
// the member i, because most peers write members in the order of their type. For an unknown
// name it returns len(o.members) and left.
func (o *objectReader) name(src []byte, at, i int) (member, value int) {
	if i < len(o.members) && bytes.HasPrefix(src[at:], o.members[i].text) {
		return i, colon(src, at+len(o.members[i].text))
	}
	for i := range o.members {
		if bytes.HasPrefix(src[at:], o.members[i].text) {
			return i, colon(src, at+len(o.members[i].text))
		}
	}
	return len(o.members), left
}

// A mapReader reads maps of one type, whose keys are of kind string.
type mapReader struct {
	t    reflect.Type
	elem reader
	pool sync.Pool // of *mapRoom
}

// mapRoom holds an entry until it is put into its map.
type mapRoom struct{ key, value reflect.Value } // settable

func mapReaderOf(t reflect.Type, elem reader) reader {
	if elem == nil {
		return nil
	}
	m := &mapReader{t: t, elem: elem}
	m.pool.New = func() any { return &mapRoom{reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()} }
	return m.read
}

// read leaves a map with entries to json/v2, which merges them with those that are read.
func (m *mapReader) read(s *scratch, src []byte, at int, p unsafe.Pointer) int {
	v := reflect.NewAt(m.t, p).Elem()
	if src[at] == 'n' {
		if at = literal(src, at, "null"); at != left {
			v.SetZero()
		}
		return at
	}
	at, more := open(src, at, '{', '}')
	if at == left || v.Len() > 0 {
		return left
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(m.t))
	}
	if !more {
		return at
	}
	room := m.pool.Get().(*mapRoom)
	at = m.entries(s, src, at, v, room)
	room.key.SetZero()
	room.value.SetZero()
	m.pool.Put(room)
	if at == left {
		v.Clear() // for json/v2, which would merge
	}
	return at
}

func (m *mapReader) entries(s *scratch, src []byte, at int, v reflect.Value, room *mapRoom) int {
	key, value := room.key.Addr().UnsafePointer(), room.value.Addr().UnsafePointer()
	for n, more := 1, true; more; n++ {
		if at = colon(src, readString(s, src, at, key)); at < 0 {
			return left
		}
		room.value.SetZero()
		if at, more = next(src, m.elem(s, src, at, value), '}'); at < 0 {
			return left
		}
		if v.SetMapIndex(room.key, room.value); v.Len() != n {
			return left // it was there already
		}
	}
	return at
}

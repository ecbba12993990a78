package codec

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// keepEntries bounds the entries that a mapScratch may have grown to and still be kept.
const keepEntries = 1 << 10

// mapScratch holds the entries of one map while they are sorted and appended, so that
// a map costs no allocation once the scratch of its type has grown.
type mapScratch struct {
	iter   reflect.MapIter
	key    reflect.Value // settable, of the map's key type
	order  []mapEntry
	values reflect.Value // settable, a slice of the map's element type
}

// mapEntry is one entry: its key, and the index of its value in the scratch.
type mapEntry struct {
	key   string
	value int
}

// mapOf returns the appender of map type t, whose keys are of kind string and have no
// form of their own. It is nil if elem, the appender of the values, is.
func mapOf(t reflect.Type, elem appender) appender {
	if elem == nil {
		return nil
	}
	size := t.Elem().Size()
	pool := &sync.Pool{New: func() any {
		return &mapScratch{key: reflect.New(t.Key()).Elem(), values: reflect.New(reflect.SliceOf(t.Elem())).Elem()}
	}}
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) {
		m := reflect.NewAt(t, p).Elem()
		if m.Len() == 0 {
			return append(dst, "{}"...), true
		}
		s := pool.Get().(*mapScratch)
		s.fill(m)
		dst, ok := s.append(dst, elem, size)
		if s.values.Cap() <= keepEntries {
			s.reset()
			pool.Put(s)
		}
		return dst, ok
	}
}

// fill takes the entries of m and sorts them by key, as json.Deterministic does.
func (s *mapScratch) fill(m reflect.Value) {
	n := m.Len()
	s.values.Grow(n)
	s.values.SetLen(n)
	s.iter.Reset(m)
	for i := 0; i < n && s.iter.Next(); i++ {
		s.key.SetIterKey(&s.iter)
		s.values.Index(i).SetIterValue(&s.iter)
		s.order = append(s.order, mapEntry{s.key.String(), i})
	}
	slices.SortFunc(s.order, func(a, b mapEntry) int { return strings.Compare(a.key, b.key) })
}

// append appends the entries as an object. size is that of a value.
func (s *mapScratch) append(dst []byte, elem appender, size uintptr) ([]byte, bool) {
	start := len(dst)
	base := s.values.UnsafePointer()
	for i := range s.order {
		var ok bool
		if dst, ok = appendString(append(dst, ','), unsafe.Pointer(&s.order[i].key)); !ok {
			return dst, false
		}
		if dst, ok = elem(append(dst, ':'), unsafe.Add(base, uintptr(s.order[i].value)*size)); !ok {
			return dst, false
		}
	}
	return enclose(dst, start, '{', '}'), true
}

// reset forgets the entries, so that the pool keeps nothing of the user's alive.
func (s *mapScratch) reset() {
	s.iter.Reset(reflect.Value{})
	s.key.SetZero()
	clear(s.order)
	s.order = s.order[:0]
	s.values.Clear()
	s.values.SetLen(0)
}

package constraint

import (
	"reflect"
	"strconv"
	"unsafe"
)

// list returns the check of a slice or an array. Rules that are not about a list are those
// of its items.
func (c *compiler) list(t reflect.Type, r rules, at place) check {
	own, others := r.split(minItems, maxItems, uniqueItems)
	run := c.items(t, others, at)
	if t.Kind() == reflect.Array {
		counts, rest := own.split(minItems, maxItems)
		counts.refuseAll(c, at, "an array has the number of items of its type")
		own = rest
	}
	low, high := own.span(c, at, minItems, maxItems)
	unique := c.unique(t, own, at)
	switch {
	case low == 0 && high < 0 && unique == nil:
		return run
	case low == 0 && high < 0 && run == nil:
		return unique
	}
	tooFew, tooMany := "must have at least "+counted(low, "item"), "must have at most "+counted(high, "item")
	items := span(t)
	return func(w *walk, p unsafe.Pointer) {
		_, n := items(p)
		if high >= 0 && n > high {
			w.fail(tooMany) // and the items cost no time
			return
		}
		if n < low {
			w.fail(tooFew)
		}
		if unique != nil {
			unique(w, p)
		}
		if run != nil {
			run(w, p)
		}
	}
}

// span returns the first item of a slice or an array, and their number.
func span(t reflect.Type) func(p unsafe.Pointer) (first unsafe.Pointer, n int) {
	if t.Kind() == reflect.Array {
		n := t.Len()
		return func(p unsafe.Pointer) (unsafe.Pointer, int) { return p, n }
	}
	return func(p unsafe.Pointer) (unsafe.Pointer, int) {
		s := as[[]struct{}](p) // a slice of any type; what is of use is its pointer and length
		return unsafe.Pointer(unsafe.SliceData(s)), len(s)
	}
}

func (c *compiler) items(t reflect.Type, r rules, at place) check {
	inner := c.withRules(t.Elem(), r, at)
	if inner == nil {
		return nil
	}
	items, size := span(t), t.Elem().Size()
	return func(w *walk, p unsafe.Pointer) {
		first, n := items(p)
		at := w.enter()
		for i := range n {
			w.path[at] = step{kind: item, index: int64(i)}
			if inner(w, unsafe.Add(first, uintptr(i)*size)); w.full() { //nolint:gosec // an index
				break
			}
		}
		w.leave()
	}
}

// fewItems is up to how many items each is compared with each.
const fewItems = 16

// unique returns the check that no two items are equal.
func (c *compiler) unique(t reflect.Type, r rules, at place) check {
	switch text, ok := r.tags[uniqueItems]; {
	case !ok || text == "false":
		return nil
	case text != "true":
		c.fault(at, "tag uniqueItems is %q, not true or false", text)
		return nil
	}
	if !isPlain(t.Elem()) {
		c.fault(at, "tag uniqueItems has no meaning for items of type %s, which Go cannot compare by what they hold", t.Elem())
		return nil
	}
	list := reflect.PointerTo(t)
	return func(w *walk, p unsafe.Pointer) {
		v := reflect.NewAt(list.Elem(), p).Elem()
		if i := repeated(v); i >= 0 {
			w.failAt("/"+strconv.Itoa(i), "must not be equal to another item")
		}
	}
}

// repeated returns the index of the first item that is equal to one before it, or -1.
func repeated(v reflect.Value) int {
	n := v.Len()
	if n <= fewItems {
		for i := range n {
			for j := range i {
				if v.Index(i).Equal(v.Index(j)) {
					return i
				}
			}
		}
		return -1
	}
	seen := make(map[any]struct{}, fewItems) // it grows with what differs, which was read
	for i := range n {
		key := v.Index(i).Interface()
		if _, ok := seen[key]; ok {
			return i
		}
		seen[key] = struct{}{}
	}
	return -1
}

// isPlain reports whether values of type t are equal in Go if they are equal in JSON.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return isPlain(t.Elem())
	case reflect.Struct:
		for sf := range t.Fields() {
			if !isPlain(sf.Type) {
				return false
			}
		}
		return true
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

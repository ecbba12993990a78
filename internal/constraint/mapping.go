package constraint

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/typedkit/endpoint"
)

// mapping returns the check of a map. Rules that are not about a map are those of its
// values.
func (c *compiler) mapping(t reflect.Type, r rules, at place) check {
	own, others := r.split(minProperties, maxProperties)
	run := c.values(t, others, at)
	low, high := own.span(c, at, minProperties, maxProperties)
	if low == 0 && high < 0 {
		return run
	}
	tooFew, tooMany := "must have at least "+counted(low, "member"), "must have at most "+counted(high, "member")
	return both(func(w *walk, p unsafe.Pointer) {
		switch n := reflect.NewAt(t, p).Elem().Len(); {
		case n < low:
			w.fail(tooFew)
		case high >= 0 && n > high:
			w.fail(tooMany)
		}
	}, run)
}

// An entry is the room for one key and one value of a map, so that a map costs no
// allocation.
type entry struct {
	iter       reflect.MapIter
	key, value reflect.Value // settable
}

// values returns the check of the values of a map.
func (c *compiler) values(t reflect.Type, r rules, at place) check {
	inner := c.withRules(t.Elem(), r, at)
	if inner == nil {
		return nil
	}
	pool := &sync.Pool{New: func() any {
		return &entry{key: reflect.New(t.Key()).Elem(), value: reflect.New(t.Elem()).Elem()}
	}}
	return func(w *walk, p unsafe.Pointer) {
		m := reflect.NewAt(t, p).Elem()
		if m.Len() == 0 {
			return
		}
		e := pool.Get().(*entry)
		before := len(w.found)
		at := w.enter()
		for e.iter.Reset(m); e.iter.Next() && !w.full(); {
			e.key.SetIterKey(&e.iter)
			e.value.SetIterValue(&e.iter)
			w.path[at] = keyStep(e.key)
			inner(w, e.value.Addr().UnsafePointer())
		}
		w.leave()
		e.iter.Reset(reflect.Value{})
		e.key.SetZero()
		e.value.SetZero()
		pool.Put(e)
		// In the order of names, which is not that of the map.
		slices.SortStableFunc(w.found[before:], func(a, b endpoint.Violation) int { return strings.Compare(a.Pointer, b.Pointer) })
	}
}

// keyStep returns the step to the value of a key.
func keyStep(key reflect.Value) step {
	switch {
	case isWhole(key.Type()):
		return step{name: fmt.Sprint(key.Interface())}
	case key.Kind() == reflect.String:
		return step{name: key.String()}
	case key.CanInt():
		return step{kind: item, index: key.Int()}
	}
	return step{name: fmt.Sprint(key.Interface())}
}

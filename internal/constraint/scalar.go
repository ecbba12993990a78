package constraint

import (
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/typedkit/endpoint/internal/scalar"
)

// scalar returns the check of a value without parts.
func (c *compiler) scalar(t reflect.Type, r rules, at place) check {
	if t == reflect.TypeFor[time.Duration]() {
		r.refuseAll(c, at, "a duration is a text such as \"1.5s\"")
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return c.text(t, r, at)
	case reflect.Int:
		return number[int](c, r, at)
	case reflect.Int8:
		return number[int8](c, r, at)
	case reflect.Int16:
		return number[int16](c, r, at)
	case reflect.Int32:
		return number[int32](c, r, at)
	case reflect.Int64:
		return number[int64](c, r, at)
	case reflect.Uint:
		return number[uint](c, r, at)
	case reflect.Uint8:
		return number[uint8](c, r, at)
	case reflect.Uint16:
		return number[uint16](c, r, at)
	case reflect.Uint32:
		return number[uint32](c, r, at)
	case reflect.Uint64:
		return number[uint64](c, r, at)
	case reflect.Float32:
		return number[float32](c, r, at)
	case reflect.Float64:
		return number[float64](c, r, at)
	case reflect.Bool:
		r.refuseAll(c, at, "it is true or false")
	default:
		r.refuseAll(c, at, "values of type "+t.String()+" are not checked")
	}
	return nil
}

// choices returns the values that a field may have: those of its tag, or those that its
// type lists.
func (c *compiler) choices(t reflect.Type, r rules, at place) []string {
	listed := lists(t)
	text, ok := r.tags[enum]
	switch {
	case !ok:
		return listed
	case text == "":
		c.fault(at, "tag enum is empty")
		return nil
	}
	values := strings.Split(text, ",")
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			c.fault(at, "tag enum has %q twice", v)
		}
		if listed != nil && !slices.Contains(listed, v) {
			c.fault(at, "tag enum has %q, which is not one of the Values of %s", v, t)
		}
	}
	return values
}

// lists returns the values that a type of texts lists in its method Values, or nil. A type
// that reads itself checks its values as it does so.
func lists(t reflect.Type) []string {
	if t.Kind() != reflect.String || t.Name() == "" || isWhole(t) {
		return nil
	}
	l, ok := reflect.TypeAssert[interface{ Values() []string }](reflect.New(t))
	if !ok {
		return nil
	}
	return l.Values()
}

// checkDefault checks the default of a field by the rules of the field.
func (c *compiler) checkDefault(sf reflect.StructField, run check, at place) {
	v := reflect.New(sf.Type)
	target := within(v)
	s, ok := scalar.Of(target.Type())
	if !ok || s.Parse(target, sf.Tag.Get("default")) != "" {
		return // which is a fault of its own
	}
	if fault, broken := run.breaks(v); broken {
		c.fault(at, "its default breaks its rule (%q)", fault.Detail)
	}
}

// as returns the value at p.
func as[T any](p unsafe.Pointer) T { return *(*T)(p) }

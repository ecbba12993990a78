package constraint

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

type numeric interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// A limit is one end of a range.
type limit[T numeric] struct {
	at        T
	set       bool
	exclusive bool
	detail    string
}

// number returns the check of a number.
func number[T numeric](c *compiler, r rules, at place) check {
	numbers, others := r.split(minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, enum)
	others.refuseAll(c, at, "it is a number")
	low := limitOf[T](c, numbers, at, minimum, exclusiveMinimum, "must be at least ", "must be greater than ")
	high := limitOf[T](c, numbers, at, maximum, exclusiveMaximum, "must be at most ", "must be less than ")
	if low.set && high.set && (low.at > high.at || low.at == high.at && (low.exclusive || high.exclusive)) {
		c.fault(at, "no number keeps the rules: it %s and %s", low.detail, high.detail)
	}
	return both(inRange(low, high), both(multiple[T](c, numbers, at), oneOf[T](c, numbers, at)))
}

func isFloat[T numeric]() bool { return T(1)/2 != 0 }

func limitOf[T numeric](c *compiler, r rules, at place, key, exclusiveKey, words, exclusiveWords string) (l limit[T]) {
	if r.has(key) && r.has(exclusiveKey) {
		c.fault(at, "tags %s and %s exclude each other", key, exclusiveKey)
		return l
	}
	text, ok := r.tags[key]
	if !ok {
		key, words, l.exclusive = exclusiveKey, exclusiveWords, true
		if text, ok = r.tags[key]; !ok {
			return limit[T]{}
		}
	}
	l.set = c.parse(text, reflect.ValueOf(&l.at).Elem(), key, at)
	l.detail = words + text
	return l
}

// parse sets v, a number, from the text of a tag.
func (c *compiler) parse(text string, v reflect.Value, key string, at place) bool {
	bits := v.Type().Bits()
	var err error
	switch {
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, bits)
		v.SetInt(n)
	case v.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, bits)
		v.SetUint(n)
	default:
		var n float64
		n, err = strconv.ParseFloat(text, bits)
		v.SetFloat(n)
		if err == nil && (math.IsNaN(n) || math.IsInf(n, 0) || strings.ContainsAny(text, "xX_")) {
			err = strconv.ErrSyntax
		}
	}
	if err != nil {
		c.fault(at, "tag %s has %q, which is not a value of type %s", key, text, v.Type())
	}
	return err == nil
}

// inRange returns the check that a number is in a range. A NaN is in none.
func inRange[T numeric](low, high limit[T]) check {
	if !low.set && !high.set {
		return nil
	}
	return func(w *walk, p unsafe.Pointer) {
		v := as[T](p)
		switch {
		case low.set && !(v > low.at || v == low.at && !low.exclusive):
			w.fail(low.detail)
		case high.set && !(v < high.at || v == high.at && !high.exclusive):
			w.fail(high.detail)
		}
	}
}

// oneOf returns the check that a number is one of those in the tag.
func oneOf[T numeric](c *compiler, r rules, at place) check {
	text, ok := r.tags[enum]
	if !ok {
		return nil
	}
	var values []T
	for one := range strings.SplitSeq(text, ",") {
		var v T
		if !c.parse(strings.TrimSpace(one), reflect.ValueOf(&v).Elem(), enum, at) {
			return nil
		}
		if slices.Contains(values, v) {
			c.fault(at, "tag enum has %s twice", one)
		}
		values = append(values, v)
	}
	detail := "must be one of " + strings.ReplaceAll(text, ",", ", ")
	return func(w *walk, p unsafe.Pointer) {
		if !slices.Contains(values, as[T](p)) {
			w.fail(detail)
		}
	}
}

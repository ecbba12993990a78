package items

import (
	"math"
	"reflect"
)

var (
	anyMap   = reflect.TypeFor[map[string]any]()
	anySlice = reflect.TypeFor[[]any]()
)

// readAny reads a value of no type into the plainest Go value: bool, int64 (else
// uint64), float64, string, []byte, time.Time, []any, map[string]any.
func readAny(d *decoder, it Item, v reflect.Value) (string, bool) {
	var t reflect.Type
	switch it.Kind {
	case Bool:
		t = reflect.TypeFor[bool]()
	case Int:
		t = reflect.TypeFor[int64]()
		if !it.Neg && it.U > math.MaxInt64 {
			t = reflect.TypeFor[uint64]()
		}
	case Float:
		t = reflect.TypeFor[float64]()
	case Text:
		t = reflect.TypeFor[string]()
	case Bytes:
		t = reflect.TypeFor[[]byte]()
	case Time:
		t = timeType
	case Array:
		t = anySlice
	default:
		t = anyMap
	}
	p, err := d.wired.planOf(t)
	if err != nil {
		d.cause = err
		return d.refuse(it, "not valid")
	}
	value := reflect.New(t).Elem()
	detail, ok := d.item(p, it, value)
	if detail == "" && ok {
		v.Set(value)
	}
	return detail, ok
}

package httpx

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/scalar"
)

// An item is the plan for the items of a stream.
type item struct {
	format codec.Format
	id     []int // index of the field that is the event's id, or nil
	scalar scalar.Scalar
}

// bindItem plans the items of type t. They are JSON, and have no parameters.
func bindItem(t reflect.Type, opts codec.Options) (*item, []error) {
	it := &item{}
	var faults []error
	if t.Kind() == reflect.Struct && !isScalar(t) && !hasOwnJSON(t) {
		for sf := range t.Fields() {
			for _, tag := range []string{"path", "query", "header", "cookie", "form", "body", "status"} {
				if _, ok := sf.Tag.Lookup(tag); ok {
					faults = append(faults, fmt.Errorf("field %s is tagged %s; the items of a stream have no parameters", sf.Name, tag))
				}
			}
			if v, ok := sf.Tag.Lookup("sse"); ok {
				faults = append(faults, it.tag(sf, v)...)
			}
		}
	}
	format, err := codec.JSON().Compile(t, opts)
	if err != nil {
		faults = append(faults, err)
	}
	it.format = format
	return it, faults
}

func (it *item) tag(sf reflect.StructField, tag string) []error {
	s, ok := scalar.Of(sf.Type)
	switch {
	case tag != "id":
		return []error{fmt.Errorf("field %s: tag sse is %q, not id", sf.Name, tag)}
	case !ok || !sf.IsExported():
		return []error{fmt.Errorf("field %s cannot be the id of an event", sf.Name)}
	case it.id != nil:
		return []error{fmt.Errorf("field %s is a second id", sf.Name)}
	}
	it.id, it.scalar = sf.Index, s
	return nil
}

// encode returns the event of the item that v points to, in buf.
func (it *item) encode(buf []byte, v any) (event, error) {
	var e event
	var err error
	if it.id != nil {
		if e.id, err = it.scalar.Format(reflect.ValueOf(v).Elem().FieldByIndex(it.id)); err != nil {
			return e, err
		}
		if !validID(e.id) {
			return e, errors.New("the id of an item has a line break")
		}
	}
	e.data, err = it.format.Append(buf, v)
	return e, err
}

// decode reads an event into the item that v points to. An id that is not among
// the members comes from the event.
func (it *item) decode(e event, v any) error {
	if err := it.format.Decode(e.data, v); err != nil {
		return err
	}
	if it.id != nil && e.id != "" {
		if detail := it.scalar.Parse(reflect.ValueOf(v).Elem().FieldByIndex(it.id), e.id); detail != "" {
			return ErrInvalidRequest.WithViolations(endpoint.Violation{Detail: "the id of the event is " + detail})
		}
	}
	return nil
}

package httpx

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/scalar"
)

// An item is the plan for the items of a stream.
type item struct {
	format itemFormat
	id     []int // index of the field that is the event's id, or nil
	number bool  // it is a plain signed integer, whose text needs no string
	scalar scalar.Scalar
}

// itemFormat is JSON, which can also write one value after the other.
type itemFormat interface {
	codec.Format
	Into(buf *bytes.Buffer) func(v any) error
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
	it.format, _ = format.(itemFormat)
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
	it.number = sf.Type.Kind() >= reflect.Int && sf.Type.Kind() <= reflect.Int64 && reflect.PointerTo(sf.Type).NumMethod() == 0
	return nil
}

// idOf returns the field of the item that v points to which is its id; the zero
// Value if there is none.
func (it *item) idOf(v any) reflect.Value {
	if it.id == nil {
		return reflect.Value{}
	}
	return reflect.ValueOf(v).Elem().FieldByIndex(it.id)
}

// appendID appends the text of an id.
func (it *item) appendID(dst []byte, id reflect.Value) ([]byte, error) {
	if it.number {
		return strconv.AppendInt(dst, id.Int(), 10), nil
	}
	text, err := it.scalar.Format(id)
	if err == nil && !validID(text) {
		err = errors.New("the id of an item has a line break")
	}
	return append(dst, text...), err
}

// parseID sets an id that came with an event. The result says what is wrong.
func (it *item) parseID(id reflect.Value, text []byte) string {
	if it.number {
		if n, err := strconv.ParseInt(string(text), 10, id.Type().Bits()); err == nil {
			id.SetInt(n)
			return ""
		}
	}
	return it.scalar.Parse(id, string(text))
}

// itemWriter encodes the items of one stream, one after the other from the same
// place: what an item needs is made once for all of them. See decision 24.
type itemWriter struct {
	it    *item
	v     any           // points to the place
	id    reflect.Value // in it
	text  []byte        // of the id
	json  bytes.Buffer
	write func(v any) error // into json
}

func newItemWriter(it *item, v any) *itemWriter {
	w := &itemWriter{it: it, v: v, id: it.idOf(v)}
	w.write = it.format.Into(&w.json)
	return w
}

// line returns the JSON of the item and a newline, valid until the next one.
func (w *itemWriter) line() ([]byte, error) {
	w.json.Reset()
	err := w.write(w.v)
	return w.json.Bytes(), err
}

var newline = []byte("\n")

// event returns the item as an event, valid until the next one.
func (w *itemWriter) event() (e event, err error) {
	if w.it.id != nil {
		if w.text, err = w.it.appendID(w.text[:0], w.id); err != nil {
			return e, err
		}
		e.id = w.text
	}
	line, err := w.line()
	e.data = bytes.TrimSuffix(line, newline)
	return e, err
}

// itemReader decodes the items of one stream, one after the other into the same
// place, which is to be zero before.
type itemReader struct {
	it *item
	v  any
	id reflect.Value
}

func newItemReader(it *item, v any) *itemReader { return &itemReader{it, v, it.idOf(v)} }

// read reads an event. An id that is not among the members comes from the event.
func (r *itemReader) read(e event) error {
	if err := r.it.format.Decode(e.data, r.v); err != nil {
		return err
	}
	if r.it.id != nil && len(e.id) > 0 {
		if detail := r.it.parseID(r.id, e.id); detail != "" {
			return ErrInvalidRequest.WithViolations(endpoint.Violation{Detail: "the id of the event: " + detail})
		}
	}
	return nil
}

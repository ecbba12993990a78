package jsonrpcx

import (
	"bytes"
	"encoding"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/shell"
)

// paramsForm is how a request is written as params, which are an object or an array.
type paramsForm uint8

const (
	byMember paramsForm = iota // an object of its members, or an array of them
	isArray                    // the array that it is
	isObject                   // the object that it is
	isSingle                   // an array of the one value that it is
	isOwn                      // whatever the type writes
)

// params is how the requests of a method are written and read.
type params struct {
	form       paramsForm
	names      []string // of the members, by position
	pointers   []string // to them
	positional bool     // a client writes them by position
	format     codec.Format
}

// planParams returns the params of a type of requests.
func planParams(t reflect.Type, opts codec.Options, positional bool) (p params, err error) {
	p.positional = positional
	if p.format, err = codec.JSON().Compile(t, opts); err != nil {
		return p, err
	}
	inner := t
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	var ok bool
	if p.names, ok = codec.Members(inner); !ok {
		p.form = formOf(inner)
	}
	for _, name := range p.names {
		p.pointers = append(p.pointers, string(jsontext.Pointer("").AppendToken(name)))
	}
	if positional && p.form == isObject {
		return p, fmt.Errorf("option Positional: the members of %s have no order", t)
	}
	return p, nil
}

// formOf returns the form of a type that has no members.
func formOf(t reflect.Type) paramsForm {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return isSingle
	case writes[json.MarshalerTo](t), writes[json.Marshaler](t):
		return isOwn
	case writes[encoding.TextMarshaler](t), writes[encoding.TextAppender](t):
		return isSingle
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Struct:
		return isOwn
	case reflect.Map:
		return isObject
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			return isArray
		}
	}
	return isSingle
}

// writes reports whether a type, or a pointer to it, implements the interface M.
func writes[M any](t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[M]())
}

// Append appends the params of the request that v points to, or nothing if it has none.
func (p *params) append(dst []byte, v any) ([]byte, error) {
	switch {
	case p.form == byMember && len(p.names) == 0:
		return dst, nil
	case p.form == byMember && p.positional:
		return p.appendPositions(dst, v)
	case p.form == isSingle:
		dst, err := p.format.Append(append(dst, '['), v)
		return append(dst, ']'), err
	}
	start := len(dst)
	dst, err := p.format.Append(dst, v)
	if err == nil && p.form == isOwn && !isStructured(dst[start:]) {
		err = errors.New("the params must be an object or an array")
	}
	return dst, err
}

func isStructured(value []byte) bool {
	kind := jsontext.Value(value).Kind()
	return kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray
}

// appendPositions appends the members of a request by their positions.
func (p *params) appendPositions(dst []byte, v any) ([]byte, error) {
	object, err := p.format.Append(nil, v)
	if err != nil {
		return dst, err
	}
	values := make([]jsontext.Value, len(p.names))
	last := -1
	err = eachMember(object, func(name string, value jsontext.Value) error {
		for i := range p.names {
			if p.names[i] == name {
				values[i], last = value, max(last, i)
			}
		}
		return nil
	})
	dst = append(dst, '[')
	for i, value := range values[:last+1] {
		if i > 0 {
			dst = append(dst, ',')
		}
		if value == nil {
			value = null
		}
		dst = append(dst, value...)
	}
	return append(dst, ']'), err
}

var null = jsontext.Value("null")

// decode reads params, nil if there are none, into the request that v points to. The error
// of params that are merely bad is codec.ErrInvalid.
func (p *params) decode(raw jsontext.Value, v any) error {
	switch {
	case raw == nil:
		return p.decodeNone(v)
	case raw.Kind() == jsontext.KindBeginArray && p.form == byMember:
		return p.decodePositions(raw, v)
	case raw.Kind() == jsontext.KindBeginArray && p.form == isSingle:
		return p.decodeSingle(raw, v)
	case raw.Kind() == jsontext.KindBeginArray && p.form == isObject:
		return invalid("", "params are by name")
	case raw.Kind() == jsontext.KindBeginObject && (p.form == isArray || p.form == isSingle):
		return invalid("", "params are by position")
	}
	return p.format.Decode(raw, v)
}

func invalid(pointer, detail string) error {
	return codec.ErrInvalid.WithViolations(endpoint.Violation{Pointer: pointer, Detail: detail})
}

// decodeNone reads the params of a call that has none.
func (p *params) decodeNone(v any) error {
	switch p.form {
	case isArray:
		return p.format.Decode([]byte("[]"), v)
	case isSingle, isOwn:
		return invalid("", "params are missing")
	}
	return p.format.Decode([]byte("{}"), v)
}

// decodePositions reads members by their positions.
func (p *params) decodePositions(raw jsontext.Value, v any) error {
	object := make([]byte, 1, len(raw)+16*len(p.names))
	object[0] = '{'
	n := 0
	err := eachItem(raw, func(value jsontext.Value) error {
		if n == len(p.names) {
			return invalid("/"+strconv.Itoa(n), "there are too many params")
		}
		if value.Kind() != jsontext.KindNull {
			if len(object) > 1 {
				object = append(object, ',')
			}
			object, _ = jsontext.AppendQuote(object, p.names[n])
			object = append(append(object, ':'), value...)
		}
		n++
		return nil
	})
	if err != nil {
		return err
	}
	return relocated(p.format.Decode(append(object, '}'), v), p.position)
}

// position returns the pointer to a fault by position, of one by name.
func (p *params) position(pointer string) string {
	for i, at := range p.pointers {
		rest, ok := strings.CutPrefix(pointer, at)
		if ok && (rest == "" || rest[0] == '/') {
			return "/" + strconv.Itoa(i) + rest
		}
	}
	return pointer
}

// decodeSingle reads the only param.
func (p *params) decodeSingle(raw jsontext.Value, v any) error {
	var only jsontext.Value
	n := 0
	err := eachItem(raw, func(value jsontext.Value) error {
		if n++; n > 1 {
			return invalid("/1", "there are too many params")
		}
		only = value
		return nil
	})
	switch {
	case err != nil:
		return err
	case n == 0:
		return invalid("/0", "missing")
	}
	return relocated(p.format.Decode(only, v), func(pointer string) string { return "/0" + pointer })
}

// relocated returns err, with which a format failed, with the pointers of its violations
// replaced.
func relocated(err error, pointer func(string) string) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*endpoint.Error](err)
	if !ok || e == nil || !errors.Is(e, codec.ErrInvalid) {
		return err
	}
	vs := e.Violations()
	for i := range vs {
		vs[i].Pointer = pointer(vs[i].Pointer)
	}
	return codec.ErrInvalid.WithViolations(vs...).WithCause(shell.CauseOf(err))
}

// walk are the options by which values are read that are known to be valid.
var walk = jsontext.AllowDuplicateNames(true)

// eachMember calls f with each member of an object.
func eachMember(object jsontext.Value, f func(name string, value jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(object), walk)
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		text := name.String()
		value, err := nextValue(dec, object)
		if err == nil {
			err = f(text, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachItem calls f with each item of an array.
func eachItem(array jsontext.Value, f func(value jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(array), walk)
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		value, err := nextValue(dec, array)
		if err == nil {
			err = f(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nextValue returns the next value as a part of src, which dec reads.
func nextValue(dec *jsontext.Decoder, src []byte) (jsontext.Value, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := dec.InputOffset()
	return src[end-int64(len(value)) : end : end], nil
}

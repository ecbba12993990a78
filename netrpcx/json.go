package netrpcx

import (
	"bytes"
	"encoding/json/jsontext"
	"reflect"
	"strconv"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/shell"
)

// jsonWire is the wire of net/rpc/jsonrpc: objects of JSON-RPC 1.0, one after the other.
type jsonWire struct {
	in     bounded
	dec    *jsontext.Decoder
	body   jsontext.Value // of the message whose header was read; nil if there is none
	fault  error          // of that body
	server bool
}

func newJSONWire(s *source, server bool, limit int64) *jsonWire {
	w := &jsonWire{in: bounded{source: s, limit: limit + maxHeader + maxJSONSkip}, server: server}
	w.dec = jsontext.NewDecoder(&w.in, walk)
	return w
}

// maxJSONSkip is by how much a message may be larger than its limit, so that it can be
// answered. All of it is read, because it is not known where it ends.
const maxJSONSkip = 1 << 20

// walk are the options by which messages are read. A member that is there twice is left to
// what reads the body.
var walk = jsontext.AllowDuplicateNames(true)

// bounded bounds the bytes that are read for one message.
type bounded struct {
	*source
	limit, left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, tooLarge(b.limit - maxHeader - maxJSONSkip)
	}
	n, err := b.source.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if !b.share.Take(int64(n)) {
		return n, errNoRoom
	}
	return n, err
}

func (w *jsonWire) readHeader(h *header) error {
	if err := w.in.begin(); err != nil {
		return err
	}
	w.in.left = w.in.limit
	raw, err := w.dec.ReadValue()
	if err != nil {
		return err
	}
	if raw.Kind() != jsontext.KindBeginObject {
		return errBroken
	}
	w.body, w.fault = nil, nil
	if w.server {
		err = w.readRequest(h, bytes.Clone(raw))
	} else {
		err = w.readResponse(h, bytes.Clone(raw))
	}
	if len(h.ServiceMethod)+len(h.Error)+len(h.id) > maxHeader {
		return errHeader
	}
	return err
}

func (w *jsonWire) readRequest(h *header, raw []byte) error {
	var params jsontext.Value
	err := eachMember(raw, func(name string, value jsontext.Value) {
		switch name {
		case "method":
			h.ServiceMethod = unquoted(value)
		case "params":
			params = value
		case "id":
			h.id = value
		}
	})
	if err != nil {
		return err
	}
	w.body, w.fault = single(params)
	return nil
}

// single returns the only item of params, nil if they are empty.
func single(params jsontext.Value) (only jsontext.Value, fault error) {
	if params.Kind() != jsontext.KindBeginArray {
		return nil, invalid("", "params must be an array of one value")
	}
	n := 0
	err := eachItem(params, func(value jsontext.Value) {
		only = value
		n++
	})
	switch {
	case err != nil:
		return nil, err
	case n > 1:
		return nil, invalid("/1", "there are too many params")
	}
	return only, nil
}

func invalid(pointer, detail string) error {
	return codec.ErrInvalid.WithViolations(endpoint.Violation{Pointer: pointer, Detail: detail})
}

func (w *jsonWire) readResponse(h *header, raw []byte) error {
	var id, failure jsontext.Value
	err := eachMember(raw, func(name string, value jsontext.Value) {
		switch name {
		case "result":
			w.body = value
		case "error":
			failure = value
		case "id":
			id = value
		}
	})
	if err != nil {
		return err
	}
	if h.Seq, err = strconv.ParseUint(string(id), 10, 64); err != nil {
		return errBroken
	}
	switch failure.Kind() {
	case jsontext.KindString:
		h.Error = unquoted(failure)
	case jsontext.KindNull, jsontext.KindInvalid:
		if w.body != nil {
			return nil
		}
	default:
		h.Error = string(failure)
	}
	if h.Error == "" {
		h.Error = "unspecified error"
	}
	return nil
}

func (w *jsonWire) readBody(into any, f codec.Format, limit int64) (int64, error) {
	size := int64(len(w.body))
	switch {
	case into == nil:
		return size, nil
	case w.fault != nil:
		return size, &bodyError{w.fault}
	case size > limit:
		return size, &bodyError{tooLarge(limit)}
	case w.body == nil && isEmpty(into), !w.server && (isEmpty(into) || w.body.Kind() == jsontext.KindNull):
		return size, nil
	case w.body == nil:
		return size, &bodyError{invalid("/0", "missing")}
	}
	err := shell.Guard(nil, func() error { return f.Decode(w.body, into) })
	if err != nil {
		return size, &bodyError{err}
	}
	return size, nil
}

// isEmpty reports whether into points to a value that has no content.
func isEmpty(into any) bool {
	t := reflect.TypeOf(into).Elem()
	return t == reflect.TypeFor[endpoint.Empty]() || t == reflect.TypeFor[*endpoint.Empty]()
}

func (w *jsonWire) encode(v any, f codec.Format) ([]byte, error) { return f.Append(nil, v) }

func (w *jsonWire) append(dst []byte, h *header, body []byte) ([]byte, error) {
	if !w.server {
		dst, _ = jsontext.AppendQuote(append(dst, `{"method":`...), h.ServiceMethod)
		dst = append(append(append(dst, `,"params":[`...), body...), `],"id":`...)
		return append(strconv.AppendUint(dst, h.Seq, 10), "}\n"...), nil
	}
	id := h.id
	if id == nil {
		id = null
	}
	dst = append(append(dst, `{"id":`...), id...)
	if h.Error == "" {
		dst = append(append(append(dst, `,"result":`...), body...), `,"error":null}`...)
		return append(dst, '\n'), nil
	}
	dst, _ = jsontext.AppendQuote(append(dst, `,"result":null,"error":`...), h.Error)
	return append(dst, "}\n"...), nil
}

var null = jsontext.Value("null")

// eachMember calls f with each member of an object.
func eachMember(object []byte, f func(name string, value jsontext.Value)) error {
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
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		f(text, value.Clone())
	}
	return nil
}

// eachItem calls f with each item of an array.
func eachItem(array jsontext.Value, f func(value jsontext.Value)) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(array), walk)
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		f(value.Clone())
	}
	return nil
}

// unquoted returns the text of a string, or "" for another value.
func unquoted(value jsontext.Value) string {
	if value.Kind() != jsontext.KindString {
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(text)
}

package jsonrpcx

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
)

// message is one request object: a call, or a notification if it has no id.
type message struct {
	size   int // in bytes
	id     jsontext.Value
	method string
	params jsontext.Value // nil if there are none
	valid  bool
}

// isNotification reports whether the message is a notification. A request that is not
// valid is answered, whatever it is.
func (m *message) isNotification() bool { return m.valid && m.id == nil }

// isWhole reports whether body is one value of JSON. A member that is there twice is left
// to what reads the object.
func isWhole(body []byte) bool { return jsontext.Value(body).IsValid(walk) }

var errTwice = errors.New("a member is there twice")

// parse reads a request object of raw, a valid value. The specification: "If there was an
// error in detecting the id in the Request object (e.g. Parse error/Invalid Request), it
// MUST be Null."
func parse(raw jsontext.Value) *message {
	m := &message{size: len(raw)}
	if raw.Kind() != jsontext.KindBeginObject {
		return m
	}
	var version, method jsontext.Value
	members := map[string]*jsontext.Value{"jsonrpc": &version, "method": &method, "params": &m.params, "id": &m.id}
	err := eachMember(raw, func(name string, value jsontext.Value) error {
		place := members[name]
		switch {
		case place == nil: // the specification does not speak of other members
		case *place != nil:
			return errTwice
		default:
			*place = value
		}
		return nil
	})
	m.check(version, method, err)
	return m
}

// An envelope is a request object with each member at most once.
type envelope struct {
	Version jsontext.Value `json:"jsonrpc"`
	Method  jsontext.Value `json:"method"`
	Params  jsontext.Value `json:"params"`
	ID      jsontext.Value `json:"id"`
}

// parseWhole reads a request object of a body, and checks in the same pass that the body is one
// value of JSON. It returns nil for what needs a closer look: bodies that are not objects, or
// not JSON, and objects with a member that is there twice.
func parseWhole(body []byte) *message {
	raw := jsontext.Value(body)
	if raw.Kind() != jsontext.KindBeginObject {
		return nil
	}
	var e envelope
	if json.Unmarshal(raw, &e) != nil {
		return nil
	}
	m := &message{size: len(raw), params: e.Params, id: e.ID}
	m.check(e.Version, e.Method, nil)
	return m
}

// check sets what depends on all members, of an object that was read with err.
func (m *message) check(version, method jsontext.Value, err error) {
	if m.id != nil && !isID(m.id) {
		m.id, err = nil, errTwice
	}
	m.method = unquoted(method)
	m.valid = err == nil && unquoted(version) == "2.0" && method.Kind() == jsontext.KindString && (m.params == nil || isStructured(m.params))
}

// isID reports whether value is an id: "It MUST contain a String, Number, or NULL value".
func isID(value jsontext.Value) bool {
	switch value.Kind() {
	case jsontext.KindString, jsontext.KindNumber, jsontext.KindNull:
		return true
	}
	return false
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

// appendRequest appends a request object. params are appended by write, which may append
// nothing; id is empty for a notification.
func appendRequest(dst []byte, method, id string, write func(dst []byte) ([]byte, error)) ([]byte, error) {
	const before = `,"params":`
	dst = append(dst, `{"jsonrpc":"2.0","method":`...)
	dst, _ = jsontext.AppendQuote(dst, method)
	start := len(dst)
	dst, err := write(append(dst, before...))
	if err != nil {
		return dst, err
	}
	if len(dst) == start+len(before) {
		dst = dst[:start]
	}
	if id != "" {
		dst = append(append(dst, `,"id":`...), id...)
	}
	return append(dst, '}'), nil
}

// appendResult appends a response object with the result that write appends.
func appendResult(dst []byte, id jsontext.Value, write func(dst []byte) ([]byte, error)) ([]byte, error) {
	dst, err := write(append(dst, `{"jsonrpc":"2.0","result":`...))
	if err != nil {
		return dst, err
	}
	return appendID(dst, id), nil
}

// appendID appends the id and the end of a response object.
func appendID(dst []byte, id jsontext.Value) []byte {
	if id == nil {
		id = null
	}
	dst = append(append(dst, `,"id":`...), id...)
	return append(dst, '}')
}

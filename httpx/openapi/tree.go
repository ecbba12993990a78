package openapi

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
)

// An object is a JSON object whose members have an order. A value in a document is a
// *object, a []any, a string, a bool, an int, nil, a jsontext.Value that is a number, or a
// *component, which stands for the reference to it.
type object struct{ members []member }

type member struct {
	key   string
	value any
}

// set sets a member, and appends it if there is none. It returns o.
func (o *object) set(key string, value any) *object {
	for i := range o.members {
		if o.members[i].key == key {
			o.members[i].value = value
			return o
		}
	}
	o.members = append(o.members, member{key, value})
	return o
}

// setText sets a member unless the text is empty.
func (o *object) setText(key, text string) *object {
	if text != "" {
		o.set(key, text)
	}
	return o
}

func (o *object) get(key string) (value any, ok bool) {
	for _, m := range o.members {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

func (o *object) has(key string) bool {
	_, ok := o.get(key)
	return ok
}

// child returns the object at a key, which it appends if there is none.
func (o *object) child(key string) *object {
	if v, ok := o.get(key); ok {
		return v.(*object)
	}
	c := &object{}
	o.set(key, c)
	return c
}

func list(values ...any) []any { return values }

// toJSON returns the document as indented JSON, with a newline at the end.
func toJSON(o *object) []byte {
	var b bytes.Buffer
	enc := jsontext.NewEncoder(&b, jsontext.WithIndent("  "))
	writeJSON(enc, o)
	return b.Bytes()
}

// writeJSON writes a value. Its texts are valid, so nothing can fail.
func writeJSON(enc *jsontext.Encoder, v any) {
	switch v := v.(type) {
	case *object:
		_ = enc.WriteToken(jsontext.BeginObject)
		for _, m := range v.members {
			_ = enc.WriteToken(jsontext.String(m.key))
			writeJSON(enc, m.value)
		}
		_ = enc.WriteToken(jsontext.EndObject)
	case []any:
		_ = enc.WriteToken(jsontext.BeginArray)
		for _, item := range v {
			writeJSON(enc, item)
		}
		_ = enc.WriteToken(jsontext.EndArray)
	case *component:
		_ = enc.WriteToken(jsontext.String(v.reference()))
	case string:
		_ = enc.WriteToken(jsontext.String(v))
	case bool:
		_ = enc.WriteToken(jsontext.Bool(v))
	case int:
		_ = enc.WriteToken(jsontext.Int(int64(v)))
	case jsontext.Value:
		_ = enc.WriteValue(v)
	case nil:
		_ = enc.WriteToken(jsontext.Null)
	default:
		panic(fmt.Sprintf("openapi: a %T in a document", v))
	}
}

// parse returns the value of a JSON text.
func parse(text []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := read(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind the value")
	}
	return v, nil
}

func read(dec *jsontext.Decoder) (any, error) {
	switch dec.PeekKind() {
	case jsontext.KindBeginObject:
		return readObject(dec)
	case jsontext.KindBeginArray:
		return readArray(dec)
	case jsontext.KindNumber:
		v, err := dec.ReadValue()
		return v.Clone(), err
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case jsontext.KindString:
		return tok.String(), nil
	case jsontext.KindTrue, jsontext.KindFalse:
		return tok.Bool(), nil
	}
	return nil, nil //nolint:nilnil // null
}

func readObject(dec *jsontext.Decoder) (any, error) {
	o := &object{}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := read(dec)
		if err != nil {
			return nil, err
		}
		o.members = append(o.members, member{key, value})
	}
	_, err := dec.ReadToken()
	return o, err
}

func readArray(dec *jsontext.Decoder) (any, error) {
	items := []any{}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		item, err := read(dec)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := dec.ReadToken()
	return items, err
}

// remove removes a member.
func (o *object) remove(key string) {
	for i := range o.members {
		if o.members[i].key == key {
			o.members = append(o.members[:i:i], o.members[i+1:]...)
			return
		}
	}
}

package jsonschema

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An Object is a JSON object whose members have an order. A value in a document is a
// *Object, a []any, a string, a bool, an int, nil, a jsontext.Value that is a number, or a
// *Component, which stands for the reference to it.
type Object struct{ Members []Member }

// A Member is a member of an object.
type Member struct {
	Key   string
	Value any
}

// Set sets a member, and appends it if there is none. It returns o.
func (o *Object) Set(key string, value any) *Object {
	for i := range o.Members {
		if o.Members[i].Key == key {
			o.Members[i].Value = value
			return o
		}
	}
	o.Members = append(o.Members, Member{key, value})
	return o
}

// SetText sets a member unless the text is empty.
func (o *Object) SetText(key, text string) *Object {
	if text != "" {
		o.Set(key, text)
	}
	return o
}

// Get returns the value of a member. ok reports whether there is one.
func (o *Object) Get(key string) (value any, ok bool) {
	for _, m := range o.Members {
		if m.Key == key {
			return m.Value, true
		}
	}
	return nil, false
}

// Has reports whether there is a member.
func (o *Object) Has(key string) bool {
	_, ok := o.Get(key)
	return ok
}

// Child returns the object at a key, which it appends if there is none.
func (o *Object) Child(key string) *Object {
	if v, ok := o.Get(key); ok {
		return v.(*Object)
	}
	c := &Object{}
	o.Set(key, c)
	return c
}

// List returns the values as an array.
func List(values ...any) []any { return values }

// ToJSON returns a value as JSON, by the options of jsontext and with a newline at the end.
func ToJSON(v any, opts ...jsontext.Options) []byte {
	var b bytes.Buffer
	writeJSON(jsontext.NewEncoder(&b, opts...), v)
	return b.Bytes()
}

// writeJSON writes a value. Its texts are valid, so nothing can fail.
func writeJSON(enc *jsontext.Encoder, v any) {
	switch v := v.(type) {
	case *Object:
		_ = enc.WriteToken(jsontext.BeginObject)
		for _, m := range v.Members {
			_ = enc.WriteToken(jsontext.String(m.Key))
			writeJSON(enc, m.Value)
		}
		_ = enc.WriteToken(jsontext.EndObject)
	case []any:
		_ = enc.WriteToken(jsontext.BeginArray)
		for _, item := range v {
			writeJSON(enc, item)
		}
		_ = enc.WriteToken(jsontext.EndArray)
	case *Component:
		_ = enc.WriteToken(jsontext.String(v.Reference()))
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
		panic(fmt.Sprintf("jsonschema: a %T in a document", v))
	}
}

// Parse returns the value of a JSON text.
func Parse(text []byte) (any, error) {
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
	o := &Object{}
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
		o.Members = append(o.Members, Member{key, value})
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

// Remove removes a member.
func (o *Object) Remove(key string) {
	for i := range o.Members {
		if o.Members[i].Key == key {
			o.Members = append(o.Members[:i:i], o.Members[i+1:]...)
			return
		}
	}
}

// Sort sorts the members by their keys.
func (o *Object) Sort() *Object {
	slices.SortFunc(o.Members, func(a, b Member) int { return strings.Compare(a.Key, b.Key) })
	return o
}

// Draft7 changes a value so that JSON Schema draft 7, which ignores what is beside a reference,
// reads it as 2020-12 does.
func Draft7(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			Draft7(item)
		}
	case *Object:
		for _, m := range v.Members {
			Draft7(m.Value)
		}
		if ref, ok := v.Get("$ref"); ok && len(v.Members) > 1 {
			v.Remove("$ref")
			v.Set("allOf", List(new(Object).Set("$ref", ref)))
		}
	}
}

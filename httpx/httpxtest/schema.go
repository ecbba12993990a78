package httpxtest

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/typedkit/endpoint/codec"
)

// differs returns where t does not have the form of n, or "".
func differs(n *node, t tree, at string) string {
	if t == nil {
		if n.nullable || n.kind == unknown {
			return ""
		}
		return at + " is null"
	}
	wrong := func(ok bool) string {
		if ok {
			return ""
		}
		return at + " is of the wrong kind"
	}
	switch n.kind {
	case object:
		o, ok := t.(map[string]any)
		if !ok {
			return wrong(false)
		}
		return differsObject(n, o, at)
	case mapping:
		o, ok := t.(map[string]any)
		for _, key := range sortedKeys(o) {
			if text := differs(n.elem, o[key], at+"/"+escape(key)); text != "" {
				return text
			}
		}
		return wrong(ok)
	case list:
		l, ok := t.([]any)
		for i, one := range l {
			if text := differs(n.elem, one, at+"/"+strconv.Itoa(i)); text != "" {
				return text
			}
		}
		return wrong(ok)
	case text, moment, base64Text:
		_, ok := t.(string)
		return wrong(ok)
	case integer, number:
		_, isText := t.(string)
		_, isNum := t.(num)
		return wrong(isNum && !n.stringed || isText && n.stringed)
	case boolean:
		_, ok := t.(bool)
		return wrong(ok)
	}
	return ""
}

func differsObject(n *node, o map[string]any, at string) string {
	known := map[string]bool{}
	for _, m := range n.members {
		known[m.name] = true
		one, ok := o[m.name]
		if !ok {
			if m.mayLack {
				continue
			}
			return at + " lacks " + m.name
		}
		if text := differs(m.node, one, at+"/"+escape(m.name)); text != "" {
			return text
		}
	}
	for _, key := range sortedKeys(o) {
		if !known[key] && !n.open {
			return at + "/" + escape(key) + " is not declared"
		}
	}
	return ""
}

// misread returns what the client reads otherwise, or "".
func (a *answers) misread(t tree, v reflect.Value) string {
	b := a.route.Response.Body
	v = v.Elem()
	if b.Field != nil {
		v = v.FieldByIndex(b.Field.Index)
	}
	text := jsonOf(v)
	if text == nil {
		return ""
	}
	got, err := parse(text)
	if err != nil {
		return ""
	}
	return unequal(t, got, "")
}

// jsonOf returns a value as JSON, with all fields of its type, or nil.
func jsonOf(v reflect.Value) []byte {
	f, err := codec.JSON().Compile(v.Type(), codec.Options{})
	if err != nil {
		return nil
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	b, err := f.Append(nil, p.Interface())
	if err != nil {
		return nil
	}
	return b
}

// same reports whether two requests are the same in JSON.
func same(a, b reflect.Value) bool { return bytes.Equal(jsonOf(a), jsonOf(b)) }

// unequal returns where what was read is not what was sent, or "". What was not sent may be
// anything.
func unequal(sent, read tree, at string) string {
	switch s := sent.(type) {
	case map[string]any:
		r, ok := read.(map[string]any)
		if !ok {
			break
		}
		for _, key := range sortedKeys(s) {
			if one, ok := r[key]; ok {
				if text := unequal(s[key], one, at+"/"+escape(key)); text != "" {
					return text
				}
			}
		}
		return ""
	case []any:
		r, ok := read.([]any)
		if !ok || len(r) != len(s) {
			break
		}
		for i := range s {
			if text := unequal(s[i], r[i], at+"/"+strconv.Itoa(i)); text != "" {
				return text
			}
		}
		return ""
	case nil:
		return "" // it is the zero value, or an empty list
	case num:
		if r, ok := read.(num); ok && sameNumber(string(s), string(r)) {
			return ""
		}
	case string:
		if r, ok := read.(string); ok && (s == r || sameTime(s, r)) {
			return ""
		}
	default:
		if sent == read {
			return ""
		}
	}
	return fmt.Sprintf("%s is %s, read as %s", at, short(string(encode(sent))), short(string(encode(read))))
}

func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y && strings.ContainsAny(a+b, ".eE")
}

func sameTime(a, b string) bool {
	x, err1 := time.Parse(time.RFC3339Nano, a)
	y, err2 := time.Parse(time.RFC3339Nano, b)
	return err1 == nil && err2 == nil && x.Equal(y)
}

func readerOf(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

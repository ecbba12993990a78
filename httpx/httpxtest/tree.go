package httpxtest

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"maps"
	"slices"
	"strconv"
)

// A tree is a value of JSON: nil, a bool, a string, a num, a []any or a map[string]any.
type tree = any

// A num is a number as it is written.
type num string

// MarshalJSON returns n.
func (n num) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// absent stands for a value that is not there.
type absent struct{}

// encode returns the JSON of a tree, always the same.
func encode(t tree) []byte {
	b, err := json.Marshal(t, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return []byte("null")
	}
	return b
}

// parse reads a value of JSON.
func parse(b []byte) (tree, error) {
	var v jsontext.Value
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	return parseValue(v)
}

func parseValue(v jsontext.Value) (tree, error) {
	switch v.Kind() {
	case '{':
		var members map[string]jsontext.Value
		if err := json.Unmarshal(v, &members); err != nil {
			return nil, err
		}
		m := map[string]any{}
		for k, one := range members {
			var err error
			if m[k], err = parseValue(one); err != nil {
				return nil, err
			}
		}
		return m, nil
	case '[':
		var items []jsontext.Value
		if err := json.Unmarshal(v, &items); err != nil {
			return nil, err
		}
		l := []any{}
		for _, one := range items {
			t, err := parseValue(one)
			if err != nil {
				return nil, err
			}
			l = append(l, t)
		}
		return l, nil
	case '0':
		return num(v), nil
	}
	var t any
	err := json.Unmarshal(v, &t)
	return t, err
}

// with returns a copy of t in which the value at the path is v.
func with(t tree, path []string, v tree) tree {
	if len(path) == 0 {
		return v
	}
	switch t := t.(type) {
	case map[string]any:
		c := maps.Clone(t)
		if one := with(t[path[0]], path[1:], v); one == (absent{}) {
			delete(c, path[0])
		} else {
			c[path[0]] = one
		}
		return c
	case []any:
		c := slices.Clone(t)
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(c) {
			c[i] = with(t[i], path[1:], v)
		}
		return c
	}
	return t
}

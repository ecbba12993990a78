package httpxtest

import (
	"encoding/base64"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
)

// A maker makes values that keep the rules of their types, as far as rules can say it.
type maker struct {
	rand  *rand.Rand
	known map[string][]string // by place
	full  bool                // everything that may be absent or empty is there
}

// deepest bounds how deep a value is. Types may lead back to themselves.
const deepest = 6

// value returns a value of n, at a place.
func (m *maker) value(n *node, at string, depth int) tree {
	if known := m.known[at]; len(known) > 0 {
		return typed(n, known[m.rand.IntN(len(known))])
	}
	if n.nullable && (depth > deepest || !m.full && m.rand.IntN(4) == 0) && low(n.rules.MinItems) == 0 && low(n.rules.MinProperties) == 0 {
		return nil
	}
	switch n.kind {
	case object:
		return m.object(n, at, depth)
	case list:
		return m.list(n, at, depth)
	case mapping:
		return m.mapping(n, at, depth)
	case text:
		return m.text(n)
	case integer, number:
		return quoted(n, m.number(n))
	case boolean:
		return m.rand.IntN(2) == 0
	case moment:
		return "2026-01-02T03:04:05Z"
	case base64Text:
		size := 2
		if n.typ.Kind() == reflect.Array {
			size = n.typ.Len()
		}
		return base64.StdEncoding.EncodeToString(make([]byte, size))
	}
	if n.typ.Kind() == reflect.Interface {
		return "x"
	}
	return zeroOf(n.typ)
}

// typed returns a value that is known as a text.
func typed(n *node, s string) tree {
	if n.kind == text || n.kind == moment || n.kind == base64Text {
		return s
	}
	if t, err := parse([]byte(s)); err == nil {
		return t
	}
	return s
}

// quoted returns a number in the form of n.
func quoted(n *node, v num) tree {
	if n.stringed {
		return string(v)
	}
	return v
}

func low(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func (m *maker) object(n *node, at string, depth int) tree {
	o := map[string]any{}
	for _, c := range n.members {
		if !m.full && !c.required && m.rand.IntN(4) == 0 || depth > deepest && !c.required {
			continue
		}
		o[c.name] = m.value(c.node, at+"/"+escape(c.name), depth+1)
	}
	return o
}

// count returns a number of items.
func (m *maker) count(least, most *int, depth int) int {
	from := low(least)
	if m.full {
		from = max(from, 1)
	}
	to := from + 2
	if depth > deepest {
		from, to = low(least), low(least)
	}
	if most != nil {
		from, to = min(from, *most), min(to, *most)
	}
	return from + m.rand.IntN(to-from+1)
}

func (m *maker) list(n *node, at string, depth int) tree {
	count := m.count(n.rules.MinItems, n.rules.MaxItems, depth)
	if n.typ.Kind() == reflect.Array {
		count = n.typ.Len()
	}
	return m.items(n, at, count, depth)
}

// items returns a list of so many items, which differ if they must and if that is possible.
func (m *maker) items(n *node, at string, count, depth int) []any {
	l := []any{}
	for i := range count {
		one := m.value(n.elem, at+"/"+strconv.Itoa(i), depth+1)
		for tries := 0; n.rules.UniqueItems && tries < 50 && contains(l, one); tries++ {
			one = m.value(n.elem, at+"/"+strconv.Itoa(i), depth+1)
		}
		l = append(l, one)
	}
	return l
}

func contains(l []any, one tree) bool {
	return slices.ContainsFunc(l, func(other any) bool { return string(encode(other)) == string(encode(one)) })
}

func (m *maker) mapping(n *node, at string, depth int) tree {
	return m.entries(n, at, m.count(n.rules.MinProperties, n.rules.MaxProperties, depth), depth)
}

// entries returns a map of so many members, if it has keys that are texts or numbers.
func (m *maker) entries(n *node, at string, count, depth int) map[string]any {
	o := map[string]any{}
	for i := range count {
		key := strconv.Itoa(i + 1)
		switch kindOf(n.typ.Key()) {
		case text:
			key = "k" + key
		case integer:
		default:
			return o
		}
		o[key] = m.value(n.elem, at+"/"+key, depth+1)
	}
	return o
}

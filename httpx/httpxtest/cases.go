package httpxtest

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// A variant is a value in the place of a valid one.
type variant struct {
	name   string // such as "below minimum"
	value  tree
	broken bool // it breaks a rule, whatever else there is
}

// A mutation is a variant at a path of a body.
type mutation struct {
	variant

	path []string
}

// most bounds the texts, lists and maps that are made at the bounds of rules.
const most = 10_000

// mutations returns the variants of t, a value of n, and of all values within it.
func (m *maker) mutations(n *node, t tree, path []string) []mutation {
	var all []mutation
	for _, v := range m.variants(n, t) {
		all = append(all, mutation{v, path})
	}
	switch t := t.(type) {
	case map[string]any:
		if n.kind == mapping {
			for _, key := range sortedKeys(t)[:min(len(t), 1)] {
				all = append(all, m.mutations(n.elem, t[key], deeper(path, key))...)
			}
			return all
		}
		for _, c := range n.members {
			one, ok := t[c.name]
			if !ok {
				continue
			}
			at := deeper(path, c.name)
			all = append(all, mutation{variant{"absent", absent{}, c.required}, at})
			all = append(all, m.mutations(c.node, one, at)...)
		}
	case []any:
		if n.kind == list && len(t) > 0 {
			all = append(all, m.mutations(n.elem, t[0], deeper(path, "0"))...)
		}
	}
	return all
}

func deeper(path []string, name string) []string { return append(slices.Clone(path), name) }

func sortedKeys(o map[string]any) []string {
	return slices.Sorted(maps.Keys(o))
}

// variants returns the values to try in the place of t.
func (m *maker) variants(n *node, t tree) []variant {
	all := []variant{{"null", nil, false}}
	switch n.kind {
	case object:
		all = append(all, variant{"of the wrong kind", []any{}, true})
		if o, ok := t.(map[string]any); ok {
			all = append(all, variant{"with an unknown member", withMember(o, "no-such-member", true), false})
		}
	case list:
		all = append(append(all, variant{"of the wrong kind", map[string]any{}, true}), m.lists(n, t)...)
	case mapping:
		all = append(append(all, variant{"of the wrong kind", []any{}, true}), m.mappings(n)...)
	case text:
		all = append(append(all, variant{"of the wrong kind", num("1"), true}), m.texts(n)...)
	case boolean:
		all = append(all, variant{"of the wrong kind", "true", true}, variant{"true", true, false}, variant{"false", false, false})
	case integer:
		all = append(all, variant{"of the wrong kind", "x", true}, variant{"with a fraction", quoted(n, "0.5"), true}, variant{"beyond its type", quoted(n, "1e40"), true})
		all = append(all, m.numbers(n)...)
	case number:
		all = append(append(all, variant{"of the wrong kind", "x", true}), m.numbers(n)...)
	case moment, base64Text:
		all = append(all, variant{"of the wrong kind", num("1"), true}, variant{"malformed", "\u00e9", true})
	}
	return all
}

// withMember returns a copy of o with one member more.
func withMember(o map[string]any, name string, v tree) tree {
	c := maps.Clone(o)
	c[name] = v
	return c
}

func (m *maker) lists(n *node, t tree) []variant {
	if n.typ.Kind() == reflect.Array {
		l, _ := t.([]any)
		if len(l) == 0 {
			return nil
		}
		return []variant{{"with an item too few", slices.Clone(l[1:]), true}, {"with an item too many", append(slices.Clone(l), l[0]), true}}
	}
	full := maker{m.rand, nil, true}
	var all []variant
	for _, b := range spans(n.rules.MinItems, n.rules.MaxItems, "Items") {
		all = append(all, variant{b.name, full.items(n, "", b.n, 0), b.broken})
	}
	if l, ok := t.([]any); ok && n.rules.UniqueItems && len(l) > 0 {
		all = append(all, variant{"against uniqueItems", append(slices.Clone(l), l[0]), true})
	}
	return append(all, variant{"empty", []any{}, low(n.rules.MinItems) > 0})
}

func (m *maker) mappings(n *node) []variant {
	full := maker{m.rand, nil, true}
	var all []variant
	for _, b := range spans(n.rules.MinProperties, n.rules.MaxProperties, "Properties") {
		if o := full.entries(n, "", b.n, 0); len(o) == b.n {
			all = append(all, variant{b.name, o, b.broken})
		}
	}
	return append(all, variant{"empty", map[string]any{}, low(n.rules.MinProperties) > 0})
}

// A size is a number of things at or beyond a bound.
type size struct {
	name   string
	n      int
	broken bool
}

// spans returns the sizes at and beyond two bounds. What is counted ends the names of the
// rules.
func spans(least, greatest *int, counted string) []size {
	var all []size
	if n := low(least); n > 0 && n <= most {
		all = append(all, size{"below min" + counted, n - 1, true}, size{"at min" + counted, n, false})
	}
	if greatest != nil && *greatest <= most {
		all = append(all, size{"at max" + counted, *greatest, false}, size{"above max" + counted, *greatest + 1, true})
	}
	return all
}

func (m *maker) texts(n *node) []variant {
	r := n.rules
	var all []variant
	for _, b := range spans(r.MinLength, r.MaxLength, "Length") {
		all = append(all, variant{b.name, m.letters(b.n), b.broken})
		if n := b.n; n > 0 {
			all = append(all, variant{b.name + ", in characters of two bytes", strings.Repeat("é", n), b.broken})
		}
		if r.Pattern != "" {
			all = append(all, variant{b.name + ", of the pattern", m.matching(r.Pattern, b.n, &b.n), false})
		}
	}
	all = append(all, variant{"empty", "", low(r.MinLength) > 0 || len(r.Enum) > 0 && !slices.Contains(r.Enum, "")})
	for _, v := range r.Enum {
		all = append(all, variant{"of the enum", v, false})
	}
	if len(r.Enum) > 0 {
		all = append(all, variant{"not of the enum", r.Enum[0] + "!", !slices.Contains(r.Enum, r.Enum[0]+"!")})
	}
	if r.Format != "" {
		all = append(all, variant{"against the format", "(", true})
		for _, s := range samples[r.Format] {
			all = append(all, variant{"of the format", s, false})
		}
	}
	if re, err := regexp.Compile(r.Pattern); err == nil && r.Pattern != "" {
		for _, s := range []string{"(", "\u00e9", "a", "A", "1", "-", " ", "", strings.Repeat("a", 100)} {
			if !re.MatchString(s) {
				all = append(all, variant{"against the pattern", s, true})
			}
		}
	}
	return all
}

// pointer returns a path as a JSON pointer.
func pointer(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteByte('/')
		b.WriteString(escape(name))
	}
	return b.String()
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

func escape(name string) string { return escaper.Replace(name) }

// at returns where a mutation is, for the report.
func (m mutation) at(prefix string) string {
	if p := prefix + pointer(m.path); p != "" {
		return fmt.Sprintf("%s %s", p, m.name)
	}
	return "the body " + m.name
}

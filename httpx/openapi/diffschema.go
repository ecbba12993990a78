package openapi

import (
	"encoding/json/jsontext"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint/internal/jsonschema"
)

// A direction is who writes a value. In a request a schema that allows less breaks clients,
// in a response one that allows more.
type direction bool

const (
	request  direction = false
	response direction = true
)

// A comparison is a pair of references that is compared in a direction.
type comparison struct {
	old, new string
	dir      direction
	where    string
}

// A schemaDiff compares two schemas at one place.
type schemaDiff struct {
	*differ

	dir      direction
	where    string
	pointer  string
	old, new *jsonschema.Object
}

// schemas compares two schemas. pointer is where their values are within a body.
func (d *differ) schemas(dir direction, where, pointer string, from, to *jsonschema.Object) {
	a, oldRef := d.old.open(from)
	b, newRef := d.new.open(to)
	key := comparison{oldRef, newRef, dir, where}
	if key.old != "" && key.new != "" {
		if d.seen[key] {
			return
		}
		d.seen[key] = true
	}
	s := &schemaDiff{d, dir, where, pointer, a, b}
	s.types()
	s.enum()
	s.bounds()
	s.texts()
	s.defaults()
	s.properties()
	s.parts()
}

// open returns a schema with its reference followed, and the reference. That of a value or null
// is the one of the value, with "null" among its types.
func (doc *document) open(o *jsonschema.Object) (schema *jsonschema.Object, ref string) {
	options := objectsAt(o, "anyOf")
	if len(options) != 2 || textAt(options[1], "type") != "null" {
		return doc.resolve(o), textAt(o, "$ref")
	}
	ref = textAt(options[0], "$ref")
	inner := jsonschema.Clone(doc.resolve(options[0]))
	types := typesOf(inner)
	if len(types) == 0 {
		return inner, ref
	}
	var all []any
	for _, t := range append(types, "null") {
		all = append(all, t)
	}
	return inner.Set("type", all), ref
}

func (s *schemaDiff) at() string {
	if s.pointer == "" {
		return s.where
	}
	return s.where + ", at " + s.pointer
}

// narrowed adds a change after which less is allowed.
func (s *schemaDiff) narrowed(format string, args ...any) {
	s.add(s.dir == request, s.at(), format, args...)
}

// widened adds a change after which more is allowed.
func (s *schemaDiff) widened(format string, args ...any) {
	s.add(s.dir == response, s.at(), format, args...)
}

func typesOf(o *jsonschema.Object) []string {
	switch v, _ := o.Get("type"); v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, t := range v {
			all = append(all, fmt.Sprint(t))
		}
		return all
	}
	return nil
}

func (s *schemaDiff) types() {
	was, is := typesOf(s.old), typesOf(s.new)
	switch {
	case len(was) == 0 && len(is) == 0:
		return
	case len(was) == 0:
		s.narrowed("any value is now %s", strings.Join(is, " or "))
		return
	case len(is) == 0:
		s.widened("%s is now any value", strings.Join(was, " or "))
		return
	}
	for _, t := range was {
		switch {
		case slices.Contains(is, t):
		case t == "integer" && slices.Contains(is, "number"):
			s.widened("an integer is now any number")
		case t == "number" && slices.Contains(is, "integer"):
			s.narrowed("a number is now an integer")
		default:
			s.narrowed("it may no longer be of type %s", t)
		}
	}
	for _, t := range is {
		known := slices.Contains(was, t) || t == "integer" && slices.Contains(was, "number") || t == "number" && slices.Contains(was, "integer")
		if !known {
			s.widened("it may be of type %s now", t)
		}
	}
}

func (s *schemaDiff) enum() {
	was, had := s.old.Get("enum")
	is, has := s.new.Get("enum")
	a, _ := was.([]any)
	b, _ := is.([]any)
	switch {
	case !had && !has:
	case !had:
		s.narrowed("its values are listed now")
	case !has:
		s.widened("its values are no longer listed")
	default:
		for _, v := range a {
			if !hasValue(b, v) {
				s.narrowed("the value %s is gone", shown(v))
			}
		}
		for _, v := range b {
			if !hasValue(a, v) {
				s.widened("a new value %s", shown(v))
			}
		}
	}
	if a, b := shownAt(s.old, "const"), shownAt(s.new, "const"); a != b {
		s.narrowed("the value %s is now %s", a, b)
		s.widened("the value %s is now %s", a, b)
	}
}

func hasValue(all []any, v any) bool {
	return slices.ContainsFunc(all, func(other any) bool { return shown(other) == shown(v) })
}

// shown returns a value in one line.
func shown(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	var b strings.Builder
	jsonschema.Sign(&b, v, func(*jsonschema.Component) string { return "" })
	return b.String()
}

func shownAt(o *jsonschema.Object, key string) string {
	v, ok := o.Get(key)
	if !ok {
		return "none"
	}
	return shown(v)
}

var (
	lowest  = []string{"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
	highest = []string{"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
)

func (s *schemaDiff) bounds() {
	for _, key := range lowest {
		s.bound(key, 1)
	}
	for _, key := range highest {
		s.bound(key, -1)
	}
}

// bound compares a bound. A higher one allows less if sign is 1, and more if it is -1.
func (s *schemaDiff) bound(key string, sign int) {
	was, had := numberAt(s.old, key)
	is, has := numberAt(s.new, key)
	switch {
	case !had && !has:
	case !had:
		s.narrowed("%s is now %s", key, shownAt(s.new, key))
	case !has:
		s.widened("%s %s is gone", key, shownAt(s.old, key))
	default:
		switch is.Cmp(was) * sign {
		case 1:
			s.narrowed("%s is now %s, not %s", key, shownAt(s.new, key), shownAt(s.old, key))
		case -1:
			s.widened("%s is now %s, not %s", key, shownAt(s.new, key), shownAt(s.old, key))
		}
	}
}

// maxDigits bounds the text of a number, whose exponent would cost memory.
const maxDigits = 40

func numberAt(o *jsonschema.Object, key string) (n *big.Rat, ok bool) {
	v, _ := o.Get(key)
	switch v := v.(type) {
	case int:
		return big.NewRat(int64(v), 1), true
	case jsontext.Value:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return nil, false
		}
		if n, ok := new(big.Rat).SetString(string(v)); ok && len(v) < maxDigits && !strings.ContainsAny(string(v), "eE") {
			return n, true
		}
		return new(big.Rat).SetFloat64(f), true
	}
	return nil, false
}

// texts compares keywords whose values have no order.
func (s *schemaDiff) texts() {
	for _, key := range []string{"pattern", "x-re2-pattern", "format", "contentEncoding", "contentMediaType", "multipleOf", "uniqueItems"} {
		was, is := shownAt(s.old, key), shownAt(s.new, key)
		switch {
		case was == is:
		case key == "format" && was == `"int32"` && is == `"int64"`:
			s.widened("the format int32 is now int64")
		case key == "format" && was == `"int64"` && is == `"int32"`:
			s.narrowed("the format int64 is now int32")
		case was == "none":
			s.narrowed("%s is now %s", key, is)
		case is == "none":
			s.widened("%s %s is gone", key, was)
		default:
			s.add(true, s.at(), "%s is now %s, not %s", key, is, was)
		}
	}
}

func (s *schemaDiff) defaults() {
	was, is := shownAt(s.old, "default"), shownAt(s.new, "default")
	if s.dir == request && was != is {
		s.add(was != "none", s.at(), "the default is now %s, not %s", is, was)
	}
}

// properties compares the members of objects.
func (s *schemaDiff) properties() {
	was, is := objectAt(s.old, "properties"), objectAt(s.new, "properties")
	for _, m := range was.Members {
		if !is.Has(m.Key) {
			if requires(s.old, m.Key) || s.dir == request {
				s.add(true, s.at(), "the member %s is gone", m.Key)
			} else {
				s.add(true, s.at(), "the member %s, which could be absent, is gone", m.Key)
			}
			continue
		}
		s.schemas(s.dir, s.where, s.pointer+"/"+m.Key, objectAt(was, m.Key), objectAt(is, m.Key))
	}
	for _, m := range is.Members {
		if !was.Has(m.Key) {
			required := requires(s.new, m.Key)
			if s.dir == request && required {
				s.add(true, s.at(), "a new member %s, which is required", m.Key)
			} else {
				s.add(false, s.at(), "a new member %s", m.Key)
			}
			continue
		}
		switch before, after := requires(s.old, m.Key), requires(s.new, m.Key); {
		case after && !before:
			s.narrowed("the member %s is always there now", m.Key)
		case before && !after:
			s.widened("the member %s may be absent now", m.Key)
		}
	}
}

// requires reports whether a schema requires a member.
func requires(o *jsonschema.Object, name string) bool {
	v, _ := o.Get("required")
	all, _ := v.([]any)
	return slices.Contains(all, any(name))
}

// parts compares the schemas of what has no name.
func (s *schemaDiff) parts() {
	for _, p := range []struct{ key, step string }{{"items", "/*"}, {"propertyNames", "/(names)"}, {"contentSchema", ""}} {
		if s.old.Has(p.key) && s.new.Has(p.key) {
			s.schemas(s.dir, s.where, s.pointer+p.step, objectAt(s.old, p.key), objectAt(s.new, p.key))
		}
	}
	s.rest()
	was, is := objectsAt(s.old, "anyOf"), objectsAt(s.new, "anyOf")
	for i := range min(len(was), len(is)) {
		s.schemas(s.dir, s.where, s.pointer, was[i], is[i])
	}
	switch {
	case len(is) > len(was):
		s.widened("a new alternative")
	case len(is) < len(was):
		s.narrowed("an alternative is gone")
	}
}

// rest compares what is allowed of members that have no name in the schema.
func (s *schemaDiff) rest() {
	was, had := s.old.Get("additionalProperties")
	is, has := s.new.Get("additionalProperties")
	a, aIsSchema := was.(*jsonschema.Object)
	b, bIsSchema := is.(*jsonschema.Object)
	switch closed, nowClosed := had && was == false, has && is == false; {
	case aIsSchema && bIsSchema:
		s.schemas(s.dir, s.where, s.pointer+"/*", a, b)
	case nowClosed && !closed:
		s.narrowed("other members are no longer allowed")
	case closed && !nowClosed:
		s.add(false, s.at(), "other members are allowed now")
	}
}

package constraint

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint/internal/shape"
)

// The tags with rules, which are the keywords of JSON Schema.
const (
	minimum          = "minimum"
	maximum          = "maximum"
	exclusiveMinimum = "exclusiveMinimum"
	exclusiveMaximum = "exclusiveMaximum"
	multipleOf       = "multipleOf"
	minLength        = "minLength"
	maxLength        = "maxLength"
	pattern          = "pattern"
	format           = "format"
	enum             = "enum"
	minItems         = "minItems"
	maxItems         = "maxItems"
	uniqueItems      = "uniqueItems"
	minProperties    = "minProperties"
	maxProperties    = "maxProperties"
)

var keywords = []string{
	minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, pattern, format, enum,
	minItems, maxItems, uniqueItems, minProperties, maxProperties,
}

// Rules are the rules in the tags of one field as data, for documents and test kits. A text
// that is empty, a nil and a false are no rule. Only the tags of a field that Compile
// accepts are of use.
type Rules struct {
	Minimum, Maximum, ExclusiveMinimum, ExclusiveMaximum, MultipleOf string // numbers, as they are written

	MinLength, MaxLength *int
	Pattern, Format      string
	Enum                 []string // texts, or numbers as they are written

	MinItems, MaxItems *int
	UniqueItems        bool

	MinProperties, MaxProperties *int
}

// RulesOf returns the rules in the tags of a field. See [Rules.For] for what they are rules of.
func RulesOf(sf reflect.StructField) Rules {
	r, _ := rulesOf(sf)
	count := func(key string) *int {
		if n, err := strconv.Atoi(r.tags[key]); err == nil {
			return &n
		}
		return nil
	}
	all := Rules{
		Minimum: r.tags[minimum], Maximum: r.tags[maximum], MultipleOf: r.tags[multipleOf],
		ExclusiveMinimum: r.tags[exclusiveMinimum], ExclusiveMaximum: r.tags[exclusiveMaximum],
		MinLength: count(minLength), MaxLength: count(maxLength), Pattern: r.tags[pattern], Format: r.tags[format],
		MinItems: count(minItems), MaxItems: count(maxItems), UniqueItems: r.tags[uniqueItems] == "true",
		MinProperties: count(minProperties), MaxProperties: count(maxProperties),
	}
	if r.tags[enum] != "" {
		all.Enum = strings.Split(r.tags[enum], ",")
	}
	return all
}

// For returns the rules of the values of type t, and of those within them: the items of a list,
// the values of a map, what a pointer or an Optional holds. A type of texts that lists its
// values has an Enum without a tag.
func (r Rules) For(t reflect.Type) (own, within Rules) {
	if _, ok := shape.InsideOptional(t); ok || t.Kind() == reflect.Pointer {
		return Rules{}, r
	}
	switch {
	case isWhole(t):
		return Rules{}, Rules{}
	case isList(t):
		own = Rules{MinItems: r.MinItems, MaxItems: r.MaxItems, UniqueItems: r.UniqueItems}
		r.MinItems, r.MaxItems, r.UniqueItems = nil, nil, false
		return own, r
	case t.Kind() == reflect.Map:
		own = Rules{MinProperties: r.MinProperties, MaxProperties: r.MaxProperties}
		r.MinProperties, r.MaxProperties = nil, nil
		return own, r
	}
	if r.Enum == nil {
		r.Enum = lists(t)
	}
	if t.Kind() != reflect.String { // spaces between numbers are not part of them
		r.Enum = slices.Clone(r.Enum)
		for i, v := range r.Enum {
			r.Enum[i] = strings.TrimSpace(v)
		}
	}
	return r, Rules{}
}

func isList(t reflect.Type) bool {
	return (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && !shape.IsBytes(t)
}

// IsEmpty reports whether there are no rules.
func (r Rules) IsEmpty() bool { return reflect.ValueOf(r).IsZero() }

// rules are the rules in the tags of one field.
type rules struct {
	tags map[string]string
}

// rulesOf returns the rules of a field. A fault is a tag that is one of them but for the
// case of its letters.
func rulesOf(sf reflect.StructField) (r rules, faults []error) {
	for key, value := range tags(sf.Tag) {
		if slices.Contains(keywords, key) {
			if r.tags == nil {
				r.tags = map[string]string{}
			}
			r.tags[key] = value
			continue
		}
		if i := slices.IndexFunc(keywords, func(k string) bool { return strings.EqualFold(k, key) }); i >= 0 {
			faults = append(faults, fmt.Errorf("tag %s is not known; is it %s?", key, keywords[i]))
		}
	}
	return r, faults
}

// tags ranges over the keys and values of a tag.
func tags(tag reflect.StructTag) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for rest := string(tag); ; {
			key, after, ok := strings.Cut(strings.TrimLeft(rest, " "), ":")
			if !ok {
				return
			}
			quoted, err := strconv.QuotedPrefix(after)
			if err != nil {
				return
			}
			value, _ := strconv.Unquote(quoted)
			if !yield(key, value) {
				return
			}
			rest = after[len(quoted):]
		}
	}
}

func (r *rules) none() bool { return len(r.tags) == 0 }

func (r *rules) has(key string) bool { _, ok := r.tags[key]; return ok }

// refuseAll adds a fault for each rule.
func (r *rules) refuseAll(c *compiler, at place, why string) {
	for _, k := range keywords {
		if r.has(k) {
			c.fault(at, "tag %s has no meaning here: %s", k, why)
		}
	}
}

// split returns the rules with the given keys, and the others.
func (r *rules) split(keys ...string) (with, without rules) {
	with.tags, without.tags = map[string]string{}, map[string]string{}
	for k, v := range r.tags {
		if slices.Contains(keys, k) {
			with.tags[k] = v
		} else {
			without.tags[k] = v
		}
	}
	return with, without
}

// count returns the value of a rule that is a number of things.
func (r *rules) count(c *compiler, at place, key string) (n int, ok bool) {
	text, ok := r.tags[key]
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		c.fault(at, "tag %s is %q, not a number of 0 or more", key, text)
		return 0, false
	}
	return n, true
}

// span returns the lower and upper bounds of a count. high is negative if the count is not
// bounded above.
func (r *rules) span(c *compiler, at place, lowKey, highKey string) (low, high int) {
	low, _ = r.count(c, at, lowKey)
	high, ok := r.count(c, at, highKey)
	if !ok {
		return low, -1
	}
	if low > high {
		c.fault(at, "tag %s is more than %s", lowKey, highKey)
	}
	return low, high
}

// counted returns "1 item" or "2 items".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

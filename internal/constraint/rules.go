package constraint

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
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

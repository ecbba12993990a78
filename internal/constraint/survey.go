package constraint

import (
	"reflect"

	"github.com/typedkit/endpoint/internal/shape"
)

// hasRules reports whether a value of type t, or a value within it, may have a rule.
func (c *compiler) hasRules(t reflect.Type) bool {
	return c.leadsToRule(t, map[reflect.Type]bool{})
}

// leadsToRule is hasRules except for the types in seen, which are being looked at.
func (c *compiler) leadsToRule(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if inner, ok := shape.InsideOptional(t); ok {
		return c.leadsToRule(inner, seen)
	}
	if hasValidate(t) || lists(t) != nil {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return c.leadsToRule(t.Elem(), seen)
	case reflect.Struct:
		whole := isWhole(t)
		for sf := range t.Fields() {
			if c.isRuled(sf) || !whole && c.leadsToRule(sf.Type, seen) {
				return true
			}
		}
	}
	return false
}

// isRuled reports whether a field has a tag with a rule, or with one that may be meant as
// a rule.
func (c *compiler) isRuled(sf reflect.StructField) bool {
	r, faults := rulesOf(sf)
	return !r.none() || len(faults) > 0 || len(foreignOf(sf)) > 0 || c.hasForeign(sf)
}

package constraint

import (
	"encoding/json/jsontext"
	"reflect"
	"strconv"

	"github.com/typedkit/endpoint/internal/shape"
)

// A Keyword is a rule as JSON Schema has it.
type Keyword struct {
	Name string
	// Value is a jsontext.Value that is a number, a bool, a string, or for enum a []any of
	// numbers or of strings.
	Value any
}

// Keywords returns the rules of values of type t as keywords, in a fixed order. For has
// returned them.
func (r Rules) Keywords(t reflect.Type) []Keyword {
	var all []Keyword
	add := func(name string, present bool, value any) {
		if present {
			all = append(all, Keyword{name, value})
		}
	}
	number := func(name, text string) { add(name, text != "", number10(text)) }
	text := func(name, text string) { add(name, text != "", text) }
	count := func(name string, n *int) {
		if n != nil {
			number(name, strconv.Itoa(*n))
		}
	}
	number(minimum, r.Minimum)
	number(maximum, r.Maximum)
	number(exclusiveMinimum, r.ExclusiveMinimum)
	number(exclusiveMaximum, r.ExclusiveMaximum)
	number(multipleOf, r.MultipleOf)
	count(minLength, r.MinLength)
	count(maxLength, r.MaxLength)
	text(pattern, r.Pattern)
	text(format, r.Format)
	add(enum, r.Enum != nil, enumOf(t, r.Enum))
	count(minItems, r.MinItems)
	count(maxItems, r.MaxItems)
	add(uniqueItems, r.UniqueItems, true)
	count(minProperties, r.MinProperties)
	count(maxProperties, r.MaxProperties)
	return all
}

func enumOf(t reflect.Type, texts []string) []any {
	values := make([]any, len(texts))
	for i, s := range texts {
		if t.Kind() == reflect.String {
			values[i] = s
		} else {
			values[i] = number10(s)
		}
	}
	return values
}

// number10 returns a number of a tag, which may have forms that JSON does not have.
func number10(text string) jsontext.Value {
	if v := jsontext.Value(text); v.IsValid() {
		return v
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.AppendInt(nil, n, 10)
	}
	f, _ := strconv.ParseFloat(text, 64)
	return strconv.AppendFloat(nil, f, 'g', -1, 64)
}

// Values returns the values that a type of texts lists in its method Values, or nil.
func Values(t reflect.Type) []string { return lists(t) }

// Explain returns why v, the value of a field, breaks the rules of the field or of its type,
// or "" if it keeps them.
func Explain(sf reflect.StructField, v reflect.Value) string {
	c := newCompiler(sf.Type, Options{})
	r, _ := rulesOf(sf)
	run := c.withRules(sf.Type, r, place(sf.Name))
	c.finish()
	if run == nil || len(c.faults) > 0 {
		return "" // Compile reports them
	}
	at := reflect.New(sf.Type)
	at.Elem().Set(v)
	w := walk{room: 1, path: []step{{kind: body}}}
	run(&w, at.UnsafePointer())
	if len(w.found) == 0 {
		return ""
	}
	if p := w.found[0].Pointer; p != "" {
		return p + " " + w.found[0].Detail
	}
	return w.found[0].Detail
}

// HasOwnForm reports whether the values of t, which is not a pointer, write or read
// themselves, so that their parts are no members.
func HasOwnForm(t reflect.Type) bool {
	_, optional := shape.InsideOptional(t)
	return !optional && isWhole(t)
}

package constraint_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
)

type listed string

func (listed) Values() []string { return []string{"a", "b"} }

// Rules are rules of the values to which the checks of Compile apply them.
func TestRulesOf(t *testing.T) {
	t.Parallel()
	one, two := 1, 2
	type R = constraint.Rules
	for _, c := range []struct {
		name        string
		typ         any
		tag         reflect.StructTag
		own, within R
	}{
		{"none", "", `json:"a"`, R{}, R{}},
		{"number", 0, `minimum:"1" maximum:"9" multipleOf:"0.1"`, R{Minimum: "1", Maximum: "9", MultipleOf: "0.1"}, R{}},
		{"exclusive", 0, `exclusiveMinimum:"1" exclusiveMaximum:"9"`, R{ExclusiveMinimum: "1", ExclusiveMaximum: "9"}, R{}},
		{"text", "", `minLength:"1" maxLength:"2" pattern:"^a" format:"uuid"`, R{MinLength: &one, MaxLength: &two, Pattern: "^a", Format: "uuid"}, R{}},
		{"enum of texts", "", `enum:"a, b"`, R{Enum: []string{"a", " b"}}, R{}},
		{"enum of numbers", 0, `enum:"1, 2"`, R{Enum: []string{"1", "2"}}, R{}},
		{"values of a type", listed(""), ``, R{Enum: []string{"a", "b"}}, R{}},
		{"a tag and values of a type", listed(""), `enum:"a"`, R{Enum: []string{"a"}}, R{}},
		{"slice", []string{}, `minItems:"1" maxItems:"2" uniqueItems:"true" minLength:"1"`, R{MinItems: &one, MaxItems: &two, UniqueItems: true}, R{MinLength: &one}},
		{"array", [2]string{}, `uniqueItems:"true" minLength:"1"`, R{UniqueItems: true}, R{MinLength: &one}},
		{"not unique", []string{}, `uniqueItems:"false"`, R{}, R{}},
		{"bytes", []byte{}, `minLength:"1"`, R{MinLength: &one}, R{}},
		{"map", map[string]string{}, `minProperties:"1" maxProperties:"2" minLength:"1"`, R{MinProperties: &one, MaxProperties: &two}, R{MinLength: &one}},
		{"pointer", new(string), `minLength:"1"`, R{}, R{MinLength: &one}},
		{"optional", codec.Optional[string]{}, `minLength:"1"`, R{}, R{MinLength: &one}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			own, within := constraint.RulesOf(reflect.StructField{Tag: c.tag}).For(reflect.TypeOf(c.typ))
			require.Equal(t, c.own, own)
			require.Equal(t, c.within, within)
		})
	}
}

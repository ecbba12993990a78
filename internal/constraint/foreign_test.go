package constraint_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/constraint"
)

// foreign reads the tag check: each field with it has a fault if the first text of the struct is
// "bad".
type foreign struct{ err error }

func (foreign) Tags() []string { return []string{"check", "validate"} }

func (f foreign) Compile(t reflect.Type) (func(v any) []constraint.Fault, error) {
	return func(v any) []constraint.Fault {
		if reflect.ValueOf(v).Elem().FieldByName("Text").String() != "bad" {
			return nil
		}
		var all []constraint.Fault
		for _, sf := range reflect.VisibleFields(t) {
			if within, ok := sf.Tag.Lookup("check"); ok {
				all = append(all, constraint.Fault{Field: sf.Name, Within: within, Detail: "is bad"})
			}
		}
		return all
	}, f.err
}

type foreignBase struct {
	Inner string `json:"inner" check:""`
}

type foreignPart struct {
	Text string `json:"text" check:"/0"`
}

type foreignRoot struct {
	foreignBase

	ID    string        `path:"id" check:""`
	Text  string        `json:"text" maxLength:"3"`
	Parts []foreignPart `json:"parts"`
}

func foreignOptions(f constraint.Foreign) constraint.Options {
	return constraint.Options{Foreign: f, Parameter: func(sf reflect.StructField) (string, bool) {
		name, ok := sf.Tag.Lookup("path")
		return "path:" + name, ok
	}}
}

// The faults of other tags have the places of their fields, and come after those of a struct's
// own tags.
func TestForeign(t *testing.T) {
	t.Parallel()
	plan, errs := constraint.Compile(reflect.TypeFor[foreignRoot](), foreignOptions(foreign{}))
	require.Empty(t, errs)
	require.NoError(t, plan.Check(&foreignRoot{Text: "ok"}, nil))
	for name, c := range map[string]struct {
		value foreignRoot
		want  []endpoint.Violation
	}{
		"own fields":   {foreignRoot{Text: "bad"}, []endpoint.Violation{{Pointer: "/inner", Detail: "is bad"}, {Parameter: "path:id", Detail: "is bad"}}},
		"of a part":    {foreignRoot{Parts: []foreignPart{{"ok"}, {"bad"}}}, []endpoint.Violation{{Pointer: "/parts/1/text/0", Detail: "is bad"}}},
		"own tags":     {foreignRoot{Text: "long"}, []endpoint.Violation{{Pointer: "/text", Detail: "must have at most 3 characters"}}},
		"parts before": {foreignRoot{Text: "bad", Parts: []foreignPart{{"bad"}}}, []endpoint.Violation{{Pointer: "/parts/0/text/0", Detail: "is bad"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, endpoint.ErrorOf(plan.Check(&c.value, nil)).Violations())
		})
	}
}

func TestForeignConstruction(t *testing.T) {
	t.Parallel()
	_, errs := constraint.Compile(reflect.TypeFor[foreignRoot](), foreignOptions(foreign{errors.New("unknown rule")}))
	require.Len(t, errs, 2) // one for each struct with such tags
	require.ErrorContains(t, errs[0], "unknown rule")

	type member struct {
		A string `json:"a" check:"" minLength:"1"` // may be absent, which only its own tag forbids
	}
	_, errs = constraint.Compile(reflect.TypeFor[member](), foreignOptions(foreign{}))
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "its zero value breaks its rule")

	type bad struct {
		Text string `json:"text" default:"bad" check:""`
	}
	_, errs = constraint.Compile(reflect.TypeFor[bad](), foreignOptions(foreign{}))
	require.Empty(t, errs, "defaults are not checked by other tags")

	type others struct {
		A string `json:"a" validate:"x"`
		B string `json:"b" binding:"x"`
	}
	_, errs = constraint.Compile(reflect.TypeFor[others](), foreignOptions(foreign{}))
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "field B: nothing reads the tag binding")
}

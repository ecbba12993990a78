package service_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/service"
)

// Checked has a tag of another package.
type Checked struct {
	X string `validate:"min=1"`
}

// linked contains itself.
type linked struct {
	V    int `minimum:"1"`
	Next *linked
}

// ownJSON writes itself, so that its fields are no members.
type ownJSON struct {
	X    string `binding:"required"`
	Deep Checked
}

func (ownJSON) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func TestUnreadTags(t *testing.T) {
	t.Parallel()
	every := reflect.TypeFor[struct {
		A int     `minimum:"1" maximum:"2" exclusiveMinimum:"1" exclusiveMaximum:"2" multipleOf:"3"`
		B string  `minLength:"1" maxLength:"2" pattern:"x" format:"email" enum:"a,b"`
		C []int   `minItems:"1" maxItems:"2" uniqueItems:"true"`
		D float64 `validate:"-" binding:""`
	}]()
	require.Len(t, service.UnreadTags(every), 15)
	for name, tt := range map[string]struct {
		typ  reflect.Type
		want []string
	}{
		"nothing": {reflect.TypeFor[struct {
			A int    `json:"a,omitzero" required:"true" doc:"x"`
			B string `query:"b" default:"x"`
			C string `json:",format:base64"`
			time.Time
			R *http.Cookie
		}](), nil},
		"no struct":    {reflect.TypeFor[map[string][]int](), nil},
		"a list of it": {reflect.TypeFor[[]*Checked](), []string{`X is tagged validate:"min=1"`}},
		"a map of it":  {reflect.TypeFor[map[string][2]Checked](), []string{`X is tagged validate:"min=1"`}},
		"in itself":    {reflect.TypeFor[linked](), []string{`V is tagged minimum:"1"`}},
		"embedded":     {reflect.TypeFor[struct{ *Checked }](), []string{`X is tagged validate:"min=1"`}},
		"inside":       {reflect.TypeFor[struct{ In struct{ Deep []Checked } }](), []string{`In.Deep.X is tagged validate:"min=1"`}},
		"optional":     {reflect.TypeFor[struct{ In codec.Optional[Checked] }](), []string{`In.X is tagged validate:"min=1"`}},
		"its own form": {reflect.TypeFor[ownJSON](), []string{`X is tagged binding:"required"`}},
		"a parameter": {reflect.TypeFor[struct {
			A string `query:"a" json:"-" enum:"x"`
		}](), []string{`A is tagged enum:"x"`}},
		"in no message": {reflect.TypeFor[struct {
			A string  `json:"-" enum:"x"`
			B Checked `json:"-"`
			c Checked
			d string `validate:"x"`
		}](), nil},
		"both, in order": {reflect.TypeFor[struct {
			A string `format:"x" binding:"x"`
			B string `validate:"x"`
		}](), []string{`A is tagged binding:"x"`, `A is tagged format:"x"`, `B is tagged validate:"x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := service.UnreadTags(tt.typ)
			require.Len(t, faults, len(tt.want), "%v", faults)
			for i, want := range tt.want {
				require.ErrorContains(t, faults[i], "field "+want+", which nothing reads: check the value in the endpoint")
			}
		})
	}
}

func TestIsNil(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, (*int)(nil), (*http.ServeMux)(nil)} {
		require.True(t, service.IsNil(v))
	}
	for _, v := range []any{0, new(int), struct{}{}, http.NewServeMux()} {
		require.False(t, service.IsNil(v))
	}
}

package constraint_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
)

type page struct {
	Size int `json:"size" default:"20"`
}

type query struct {
	page

	Sort  *string                `json:"sort" default:"name"`
	Depth codec.Optional[uint8]  `json:"depth" default:"3"`
	Text  string                 `json:"text"`
	Name  codec.Optional[string] `json:"name"`
}

func planOf(t *testing.T, v any) *constraint.Plan {
	t.Helper()
	p, faults := constraint.Compile(reflect.TypeOf(v), constraint.Options{Defaults: true})
	require.Empty(t, faults)
	return p
}

// TestDefaults reads members that come in place of defaults.
func TestDefaults(t *testing.T) {
	t.Parallel()
	f := planOf(t, query{}).Around(codec.JSON())
	name := "name"
	var got query
	require.NoError(t, f.Decode([]byte(`{"text":"x"}`), &got))
	require.Equal(t, query{page: page{20}, Sort: &name, Depth: codec.Some[uint8](3), Text: "x"}, got)
	got = query{}
	require.NoError(t, f.Decode([]byte(`{"size":0,"sort":null,"depth":7}`), &got))
	require.Equal(t, query{Depth: codec.Some[uint8](7)}, got)
}

// TestNoDefaults has plans that are not to set them.
func TestNoDefaults(t *testing.T) {
	t.Parallel()
	require.Nil(t, planOf(t, struct{ A int }{}))
	without, faults := constraint.Compile(reflect.TypeFor[query](), constraint.Options{})
	require.Empty(t, faults)
	require.Nil(t, without)
	var got query
	without.SetDefaults(&got)
	require.Zero(t, got)
}

func TestFaultsOfDefaults(t *testing.T) {
	t.Parallel()
	type embedded struct {
		*page
	}
	for _, tt := range []struct {
		message any
		want    string
	}{
		{embedded{}, "Size: it has a default behind an embedded pointer"},
		{struct {
			A int `json:"a" required:"true" default:"1"`
		}{}, "A: it is required and has a default"},
		{struct {
			A []int `json:"a" default:"1"`
		}{}, "A: a default for the kind slice has no form"},
		{struct {
			A int8 `json:"a" default:"300"`
		}{}, `A: default "300": `},
	} {
		_, faults := constraint.Compile(reflect.TypeOf(tt.message), constraint.Options{Defaults: true})
		require.Len(t, faults, 1, tt.want)
		require.ErrorContains(t, faults[0], tt.want)
	}
}

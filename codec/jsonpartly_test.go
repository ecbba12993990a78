package codec_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/mark"
)

// TestPartly reads what is valid of a text with faults, and none of one that is not JSON.
func TestPartly(t *testing.T) {
	t.Parallel()
	type part struct {
		A int            `json:"a"`
		B []string       `json:"b"`
		C map[string]int `json:"c"`
		D [2]int         `json:"d"`
		E *part          `json:"e"`
		F string         `json:"f" required:"true"`
	}
	tests := map[string]struct {
		text   string
		want   part
		partly bool
	}{
		"one":           {`{"f":"f","a":"x","b":["p"]}`, part{F: "f", B: []string{"p"}}, true},
		"spaces":        {"{\"f\" : \"f\" , \"a\" :\n\"x\" , \"b\" : [\"p\"] }", part{F: "f", B: []string{"p"}}, true},
		"several":       {`{"a":true,"b":["p",1,"q"],"c":{"x":1,"y":"2","z":3},"f":"f"}`, part{F: "f", B: []string{"p", "", "q"}, C: map[string]int{"x": 1, "y": 0, "z": 3}}, true},
		"within":        {`{"d":["x",2,3],"f":"f"}`, part{F: "f"}, true},
		"deep":          {`{"e":{"a":{},"f":"e","e":[]},"f":"f"}`, part{F: "f", E: &part{F: "e"}}, true},
		"at the end":    {`{"f":"f","a":1.5}`, part{F: "f"}, true},
		"missing":       {`{"a":1}`, part{A: 1}, true},
		"unknown":       {`{"a":1,"x":[1],"f":"f"}`, part{A: 1, F: "f"}, true},
		"twice":         {`{"a":1,"a":2,"f":"f"}`, part{A: 2, F: "f"}, true},
		"not JSON":      {`{"a":1,"f":"f",`, part{A: 1, F: "f"}, false},
		"not JSON, too": {`{"f":"f","x":1,`, part{F: "f"}, false},
		"more":          {`{"a":1,"f":"f"}{}`, part{A: 1, F: "f"}, false},
		"another kind":  {`[]`, part{}, false},
	}
	partly, err := codec.Of[part](codec.JSON(), codec.Options{Partly: true})
	require.NoError(t, err)
	without, err := codec.Of[part](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	for name, tt := range tests {
		var v part
		err := partly.Decode([]byte(tt.text), &v)
		require.ErrorIs(t, err, codec.ErrInvalid, name)
		require.Equal(t, tt.partly, mark.IsPartly(errors.Unwrap(err)), "%s: %v", name, err)
		require.Equal(t, tt.want, v, name)
		var w part
		again := without.Decode([]byte(tt.text), &w)
		require.Equal(t, endpoint.ErrorOf(err).Violations(), endpoint.ErrorOf(again).Violations(), name)
		require.False(t, mark.IsPartly(errors.Unwrap(again)), name)
	}
}

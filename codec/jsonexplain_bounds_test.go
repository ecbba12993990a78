package codec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// chain is a type whose values can be nested as deeply as the input likes.
type chain struct {
	Next *chain      `json:"next"`
	Any  map[int]int `json:"any"`
}

// TestFaultsOfJSONAreBounded has inputs with more faults than are listed.
func TestFaultsOfJSONAreBounded(t *testing.T) {
	t.Parallel()
	unknown := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"u%d":1,`, i)
		}
		return b.String()
	}
	for name, src := range map[string]string{
		"unknown members":             `{` + unknown(60) + `"next":null}`,
		"a member twice":              `{` + strings.Repeat(`"next":null,`, 60) + `"next":null}`,
		"names of members":            `{"any":{` + unknown(60) + `"1":1}}`,
		"names, and then no JSON":     `{"any":{` + unknown(50) + `x`,
		"members, and then no JSON":   `{` + unknown(50) + `x`,
		"members, and then more":      `{` + unknown(50) + `"next":null}x`,
		"objects in place of numbers": `{"any":{` + strings.ReplaceAll(unknown(60), ":1", ":{}") + `"1":1}}`,
	} {
		var v chain
		err := codec.JSON().Decode([]byte(src), &v)
		require.Len(t, endpoint.ErrorOf(err).Violations(), 50, name)
	}
}

// TestFaultsDeepInside guards that the search for faults ends with the last one that is
// listed: to find the place of each takes as long as it is deep.
func TestFaultsDeepInside(t *testing.T) { // not parallel: it counts
	const depth = 2000
	src := func(n int) []byte {
		return []byte(strings.Repeat(`{"next":`, depth) + `{` + strings.Repeat(`"":1,`, n) + `"":1}` + strings.Repeat(`}`, depth))
	}
	measure := func(src []byte) float64 {
		var v chain
		return testing.AllocsPerRun(1, func() { _ = codec.JSON().Decode(src, &v) })
	}
	few, many := measure(src(60)), measure(src(60_000))
	require.Less(t, many, 2*few)
}

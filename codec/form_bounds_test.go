package codec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// TestFaultsOfFormsAreBounded has forms with more faults than are listed, which are
// read no further.
func TestFaultsOfFormsAreBounded(t *testing.T) { // not parallel: it counts
	type form struct {
		N []int `form:"n"`
	}
	for _, pair := range []string{"n=x&", "u=1&", "%zz&", ";&"} {
		var v form
		measure := func(n int) float64 {
			src := []byte(strings.Repeat(pair, n))
			return testing.AllocsPerRun(1, func() {
				err := codec.Form().Decode(src, &v)
				require.Len(t, endpoint.ErrorOf(err).Violations(), min(n, 50), pair)
			})
		}
		require.Less(t, measure(50_000), 2*measure(50)+100, pair)
	}
}

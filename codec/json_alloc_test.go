//go:build !race

package codec_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestAllocsByJSONv2 wants that a type which is left to json/v2 costs what json/v2 costs: an
// encoder is used again, and a valid text is read once.
func TestAllocsByJSONv2(t *testing.T) { // not parallel: it counts
	type body struct {
		Any any    `json:"any"`
		S   string `json:"s"`
	}
	c, err := codec.Of[body](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	var v body
	for _, text := range []string{`{"any":1,"s":"none"}`, `{"any":1,"s":"null"}`, `{"any":1,"s":"nullnull"}`, `{"any":1,"s":"a null"}`} {
		src := []byte(text)
		require.LessOrEqual(t, testing.AllocsPerRun(50, func() { _ = c.Decode(src, &v) }), 3.0, text)
	}
	f := codec.JSON()
	buf := make([]byte, 0, 100)
	require.LessOrEqual(t, testing.AllocsPerRun(50, func() { _, _ = f.Append(buf, &v) }), 1.0)
}

//go:build !race

package codec_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEncodeAllocs has the encoder allocate nothing but what the buffer lacks:
// every value of the fuzz target's, and those of the benchmarks.
func TestEncodeAllocs(t *testing.T) { // not parallel: it counts
	values := messages()
	fill := filler{Rand: rand.New(rand.NewPCG(1, 2))}
	for _, typ := range encoded {
		v := reflect.New(typ)
		fill.value(v.Elem(), 0)
		values[typ.String()] = v.Interface()
	}
	for name, v := range values {
		f := compiled(t, reflect.TypeOf(v).Elem())
		buf, err := f.Append(nil, v)
		require.NoError(t, err, name)
		require.Zero(t, testing.AllocsPerRun(50, func() { buf, _ = f.Append(buf[:0], v) }), name)

		var stream bytes.Buffer
		write := f.(interface {
			Into(*bytes.Buffer) func(any) error
		}).Into(&stream)
		stream.Grow(2 * len(buf))
		require.Zero(t, testing.AllocsPerRun(50, func() { stream.Reset(); _ = write(v) }), name)
	}
}

//go:build !race

package codec_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestDecodeAllocs wants that readers allocate no more than json/v2, and nothing at all for a
// value that has room for what is read.
func TestDecodeAllocs(t *testing.T) { // not parallel: it counts
	values := messages()
	values["numbers"] = &numbers{Int: -5, Uint64: 7, Float64: 1.5}
	values["quoted"] = &quotedNumbers{1, 2, 3, 4}
	values["optionals"] = &optionals{I: codec.Some(5), S: codec.Some(new("text"))}
	values["key"] = &struct{ K [32]byte }{}
	for name, v := range values {
		typ := reflect.TypeOf(v).Elem()
		f := compiled(t, typ)
		text, err := f.Append(nil, v)
		require.NoError(t, err, name)
		count := func(f codec.Format) float64 {
			return testing.AllocsPerRun(50, func() { _ = f.Decode(text, reflect.New(typ).Interface()) })
		}
		require.LessOrEqual(t, count(f), count(codec.WithoutReader(f)), name)

		if name == "text" || name == "accent" || name == "nested" || name == "optionals" {
			continue // long strings, and slices and pointers within items, are made anew
		}
		again := reflect.New(typ).Interface()
		require.True(t, codec.Decodes(f, text, again), name)
		require.Zero(t, testing.AllocsPerRun(50, func() { _ = f.Decode(text, again) }), name)
	}
}

// TestDecodeStrings wants that short strings are read without an allocation once they were read,
// and that escapes cost none but that of a long string.
func TestDecodeStrings(t *testing.T) { // not parallel: it counts
	f := compiled(t, reflect.TypeFor[string]())
	for text, want := range map[string]float64{
		"": 0, "a": 0, "ab": 0, "ü": 0, `\n`: 0, `\n` + strings.Repeat("a", 255): 0, strings.Repeat("a", 256): 0,
		strings.Repeat("a", 257): 1, strings.Repeat(`\n`, 257): 1, strings.Repeat("ü", 1000): 1,
		strings.Repeat(`\n`, 8000): 1, strings.Repeat(`\n`, 1<<14): 2, // whose buffer is not kept
	} {
		src := []byte(`"` + text + `"`)
		var v string
		require.True(t, codec.Decodes(f, src, &v))
		require.InDelta(t, want, testing.AllocsPerRun(50, func() { _ = f.Decode(src, &v) }), 0, "%.20s, %d bytes", text, len(text))
	}
}

// TestDecodeMapAllocs reads into a map that has room.
func TestDecodeMapAllocs(t *testing.T) { // not parallel: it counts
	f := compiled(t, reflect.TypeFor[map[string]line]())
	src := []byte(`{"a":{"id":1},"b":{"sku":"x"},"c":{}}`)
	v := map[string]line{}
	require.True(t, codec.Decodes(f, src, &v))
	require.Len(t, v, 3)
	require.Zero(t, testing.AllocsPerRun(50, func() { clear(v); _ = f.Decode(src, &v) }))
}

package codec_test

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestEncodedMapIsForgotten wants that the encoder keeps neither the names nor the values of a
// map that it has written.
func TestEncodedMapIsForgotten(t *testing.T) {
	t.Parallel()
	type value struct{ S *string }
	f := compiled(t, reflect.TypeFor[map[string]value]())
	name, text := encodeOnce(t, f, func() (string, *string, any) {
		name, text := strings.Repeat("n", 100), new(strings.Repeat("v", 100))
		return name, text, &map[string]value{name: {text}}
	})
	runtime.GC()
	require.Nil(t, name.Value(), "the name")
	require.Nil(t, text.Value(), "the value")
	runtime.KeepAlive(f)
}

//go:noinline
func encodeOnce(t *testing.T, f codec.Format, build func() (string, *string, any)) (weak.Pointer[byte], weak.Pointer[string]) {
	name, text, v := build()
	_, err := f.Append(nil, v)
	require.NoError(t, err)
	return weak.Make(unsafe.StringData(name)), weak.Make(text)
}

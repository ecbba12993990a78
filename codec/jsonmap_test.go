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

// TestDecodedMapIsForgotten wants the same of readers. They keep short strings.
func TestDecodedMapIsForgotten(t *testing.T) {
	t.Parallel()
	type value struct{ S *string }
	f := compiled(t, reflect.TypeFor[map[string]value]())
	src := []byte(`{"` + strings.Repeat("n", 300) + `":{"S":"` + strings.Repeat("v", 300) + `"}}`)
	name, text := decodeOnce(t, f, src, func() any { return new(map[string]value) }, func(v any) (string, *string) {
		for name, value := range *v.(*map[string]value) {
			return name, value.S
		}
		return "", nil
	})
	runtime.GC()
	require.Nil(t, name.Value(), "the name")
	require.Nil(t, text.Value(), "the value")
	runtime.KeepAlive(f)
}

//go:noinline
func decodeOnce(t *testing.T, f codec.Format, src []byte, empty func() any, take func(any) (string, *string)) (weak.Pointer[byte], weak.Pointer[string]) {
	v := empty()
	require.True(t, codec.Decodes(f, src, v))
	name, text := take(v)
	return weak.Make(unsafe.StringData(name)), weak.Make(text)
}

//go:noinline
func encodeOnce(t *testing.T, f codec.Format, build func() (string, *string, any)) (weak.Pointer[byte], weak.Pointer[string]) {
	name, text, v := build()
	_, err := f.Append(nil, v)
	require.NoError(t, err)
	return weak.Make(unsafe.StringData(name)), weak.Make(text)
}

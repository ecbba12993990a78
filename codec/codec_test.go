package codec_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// roundTrip checks decode∘encode = identity for one value.
func roundTrip[T any](t *testing.T, f codec.Format, v T) {
	t.Helper()
	c, err := codec.Of[T](f, codec.Options{})
	require.NoError(t, err)
	text, err := c.Append([]byte("head"), v)
	require.NoError(t, err)
	require.Equal(t, "head", string(text[:4]))
	var got T
	require.NoError(t, c.Decode(text[4:], &got), "%q", text[4:])
	require.Equal(t, v, got, "%q", text[4:])
	// A format that was not compiled does the same.
	clear(text)
	text, err = f.Append(text[:0], &v)
	require.NoError(t, err)
	var again T
	require.NoError(t, f.Decode(text, &again), "%q", text)
	clear(text) // nothing of the source is kept
	require.Equal(t, v, again)
}

func TestFormatsRoundTrip(t *testing.T) {
	t.Parallel()
	roundTrip(t, codec.Text(), "grüße\n")
	roundTrip(t, codec.Text(), celsius(-1.5e-300))
	roundTrip(t, codec.Text(), uint64(math.MaxUint64))
	roundTrip(t, codec.Text(), time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	roundTrip(t, codec.Text(), 1500*time.Millisecond)
	roundTrip(t, codec.Bytes("image/png"), []byte{0, 255, '\n'})
	roundTrip(t, codec.XML(), note{Title: "a<b>&", Lines: []int{1, 2}})
	roundTrip(t, codec.Form(), login{
		paging: paging{7}, User: "a&b=c d+ü", Age: new(uint8(255)), Tags: []string{"x", "", "y"}, Since: codec.Some[int64](-1),
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Key: []byte{1, 2},
	})
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]codec.Format{
		"application/json": codec.JSON(), "text/plain": codec.Text(), "application/xml": codec.XML(), "image/png": codec.Bytes("image/png"),
		"application/octet-stream": codec.Bytes(""), "application/x-www-form-urlencoded": codec.Form(),
	} {
		require.Equal(t, want, f.MediaType())
	}
}

func TestFormatsRefuseTypes(t *testing.T) {
	t.Parallel()
	type untagged struct{ Name string }
	type deep struct {
		M map[string]int `form:"m"`
	}
	type twice struct {
		A int `form:"x"`
		B int `form:"x"`
	}
	type hidden struct {
		a int `form:"a"` //nolint:unused // that is the fault
	}
	tests := map[string]struct {
		f    codec.Compiler
		typ  reflect.Type
		want string
	}{
		"text of a struct": {codec.Text(), reflect.TypeFor[note](), "no form as a text"},
		"bytes of text":    {codec.Bytes(""), reflect.TypeFor[string](), "takes []byte"},
		"form of a string": {codec.Form(), reflect.TypeFor[string](), "a form is a struct"},
		"form untagged":    {codec.Form(), reflect.TypeFor[untagged](), "field Name has no tag form"},
		"form of a map":    {codec.Form(), reflect.TypeFor[deep](), "field M: the kind map[string]int has no form"},
		"form twice":       {codec.Form(), reflect.TypeFor[twice](), `field B: the name "x" is taken`},
		"form unexported":  {codec.Form(), reflect.TypeFor[hidden](), "field a is tagged form and not exported"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.f.Compile(tt.typ, codec.Options{})
			require.ErrorContains(t, err, tt.want)
			// Without Compile, the same is an error of each call.
			_, err = tt.f.Append(nil, reflect.New(tt.typ).Interface())
			require.Error(t, err)
			require.Error(t, tt.f.Decode(nil, reflect.New(tt.typ).Interface()))
		})
	}
}

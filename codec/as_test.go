package codec_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

func TestAs(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]codec.Format{"compiled": codec.JSON(), "not compiled": codec.XML()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as := codec.As(f, "text/x-note")
			require.Equal(t, "text/x-note", as.MediaType())
			roundTrip(t, as, note{Title: "a", Lines: []int{1}})
			compiled, err := as.Compile(reflect.TypeFor[note](), codec.Options{})
			require.NoError(t, err)
			require.Equal(t, "text/x-note", compiled.MediaType())
		})
	}
	_, err := codec.As(codec.JSON(), "text/x-note").Compile(reflect.TypeFor[func()](), codec.Options{})
	require.ErrorContains(t, err, "a func has no form in JSON")
	_, err = codec.Of[note](codec.As(codec.JSON(), "text/x-note"), codec.Options{})
	require.NoError(t, err)
}

func ExampleAs() {
	f := codec.As(codec.JSON(), "application/vnd.example+json")
	text, err := f.Append(nil, &map[string]int{"n": 1})
	fmt.Println(f.MediaType(), string(text), err)
	// Output: application/vnd.example+json {"n":1} <nil>
}

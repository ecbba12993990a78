package codec_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

type patch struct {
	Name codec.Optional[string]        `json:"name,omitzero"`
	Age  codec.Optional[int8]          `json:"age,omitzero"`
	Wait codec.Optional[time.Duration] `json:"wait,omitzero"`
}

func TestOptionalJSON(t *testing.T) {
	t.Parallel()
	null := patch{}
	null.Name.SetNull()
	tests := map[string]struct {
		text string
		want patch
	}{
		"absent": {`{}`, patch{}},
		"null":   {`{"name":null}`, null},
		"zero":   {`{"name":"","age":0}`, patch{Name: codec.Some(""), Age: codec.Some[int8](0)}},
		"value":  {`{"name":"x","wait":"1s"}`, patch{Name: codec.Some("x"), Wait: codec.Some(time.Second)}},
	}
	c, err := codec.Of[patch](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got patch
			require.NoError(t, c.Decode([]byte(tt.text), &got))
			require.Equal(t, tt.want, got)
			text, err := c.Append(nil, got)
			require.NoError(t, err)
			require.JSONEq(t, tt.text, string(text))
		})
	}
}

func TestOptionalFaults(t *testing.T) {
	t.Parallel()
	c, err := codec.Of[patch](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	var p patch
	err = c.Decode([]byte(`{"name":1,"age":300,"wait":1}`), &p)
	require.Equal(t, []endpoint.Violation{
		{Pointer: "/name", Detail: "must be a string"},
		{Pointer: "/age", Detail: "out of range"},
		{Pointer: "/wait", Detail: `must be a duration such as "1.5s"`},
	}, endpoint.ErrorOf(err).Violations())

	type forgot struct {
		Name codec.Optional[string] `json:"name"`
	}
	_, err = codec.Of[forgot](codec.JSON(), codec.Options{})
	require.ErrorContains(t, err, "forgot.Name: an Optional member needs the tag option omitzero")
}

func TestOptionalMethods(t *testing.T) {
	t.Parallel()
	var o codec.Optional[int]
	require.True(t, o.IsZero())
	require.Equal(t, 7, o.Or(7))
	n := 3
	o.Apply(&n)
	require.Equal(t, 3, n)
	o.Set(5)
	o.Apply(&n)
	require.Equal(t, 5, n)
	require.Equal(t, 5, o.Or(7))
	o.SetNull()
	require.True(t, o.IsNull())
	o.Apply(&n)
	require.Zero(t, n)
	_, ok := o.Get()
	require.False(t, ok)
	o.Clear()
	require.True(t, o.IsZero())
}

// TestOptionalReadsAnew wants that nothing of the value before is left.
func TestOptionalReadsAnew(t *testing.T) {
	t.Parallel()
	type pair struct {
		A int `json:"a" xml:"a"`
		B int `json:"b" xml:"b"`
	}
	type body struct {
		O codec.Optional[pair] `json:"o,omitzero" xml:"o"`
	}
	for name, tt := range map[string]struct {
		format           codec.Format
		text, null, none string
	}{
		"JSON": {codec.JSON(), `{"o":{"a":5}}`, `{"o":null}`, `{"o":{"a":"x"}}`},
		"XML":  {codec.XML(), `<body><o><a>5</a></o></body>`, ``, `<body><o><a>x</a></o></body>`},
	} {
		v := body{codec.Some(pair{1, 2})}
		require.NoError(t, tt.format.Decode([]byte(tt.text), &v), name)
		require.Equal(t, body{codec.Some(pair{A: 5})}, v, name)
		if tt.null != "" {
			require.NoError(t, tt.format.Decode([]byte(tt.null), &v), name)
			require.True(t, v.O.IsNull(), name)
		}
		v = body{}
		require.ErrorIs(t, tt.format.Decode([]byte(tt.none), &v), codec.ErrInvalid, name)
		require.True(t, v.O.IsZero(), name)
	}
}

func ExampleOptional() {
	type Change struct {
		Name  codec.Optional[string] `json:"name,omitzero"`
		Email codec.Optional[string] `json:"email,omitzero"`
		Phone codec.Optional[string] `json:"phone,omitzero"`
	}
	name, email, phone := "Ann", "ann@example.com", "1234"
	var c Change
	_ = codec.JSON().Decode([]byte(`{"name":"Anna","email":null}`), &c)
	c.Name.Apply(&name)
	c.Email.Apply(&email)
	c.Phone.Apply(&phone)
	fmt.Printf("%q %q %q\n", name, email, phone)
	// Output: "Anna" "" "1234"
}

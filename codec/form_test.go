package codec_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

type paging struct {
	Limit int `form:"limit"`
}

type login struct {
	paging
	User  string                `form:"user" required:"true"`
	Age   *uint8                `form:"age"`
	Tags  []string              `form:"tag"`
	Since codec.Optional[int64] `form:"since"`
	At    time.Time             `form:"at"`
	Key   []byte                `form:"key"`
	Skip  string                `json:"-"`
}

func TestFormFaults(t *testing.T) {
	t.Parallel()
	at := func(pointer, detail string) endpoint.Violation {
		return endpoint.Violation{Pointer: pointer, Detail: detail}
	}
	tests := map[string]struct {
		text string
		want []endpoint.Violation
	}{
		"missing":  {``, []endpoint.Violation{at("/user", "missing")}},
		"number":   {`user=x&limit=a`, []endpoint.Violation{at("/limit", "must be an integer")}},
		"range":    {`user=x&age=256`, []endpoint.Violation{at("/age", "out of range")}},
		"empty":    {`user=x&since=`, []endpoint.Violation{at("/since", "must be an integer")}},
		"repeated": {`user=x&user=y`, []endpoint.Violation{at("/user", "more than one value")}},
		"unknown":  {`user=x&no~/pe=1`, []endpoint.Violation{at("/no~0~1pe", "unknown field")}},
		"percent":  {`user=x&limit=%zz`, []endpoint.Violation{at("", "not valid percent-encoding")}},
		"utf8":     {`user=%ff`, []endpoint.Violation{at("/user", "not valid UTF-8")}},
		"zero":     {`user=%00`, []endpoint.Violation{at("/user", "has a zero byte")}},
		"semi":     {`user=x;limit=1`, []endpoint.Violation{at("", "not valid percent-encoding"), at("/user", "missing")}},
		"all":      {`limit=a&age=b&tag=%ff`, []endpoint.Violation{at("/limit", "must be an integer"), at("/age", "must be an integer"), at("/tag", "not valid UTF-8"), at("/user", "missing")}},
	}
	c, err := codec.Of[login](codec.Form(), codec.Options{})
	require.NoError(t, err)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v login
			err := c.Decode([]byte(tt.text), &v)
			require.ErrorIs(t, err, codec.ErrInvalid)
			require.Equal(t, tt.want, endpoint.ErrorOf(err).Violations())
		})
	}
	lenient, err := codec.Of[login](codec.Form(), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	var v login
	require.NoError(t, lenient.Decode([]byte(`user=x&new=1`), &v))
}

func TestFormFormless(t *testing.T) {
	t.Parallel()
	type Number int
	type bad struct {
		paging `form:"paging"`
		Number
		Login  login
		hidden int            `form:"hidden"`
		Empty  int            `form:""`
		Map    map[string]int `form:"map"`
		unused int
	}
	_, err := codec.Form().Compile(reflect.TypeOf(bad{hidden: 1, unused: 1}), codec.Options{})
	require.Error(t, err)
	for _, want := range []string{
		"field paging is tagged form and not exported", "field Number has no tag form with a name", "field Login has no tag form",
		"field hidden is tagged form and not exported", "field Empty has no tag form", "Map",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "unused")
	_, err = codec.Form().Compile(reflect.TypeFor[[]int](), codec.Options{})
	require.ErrorContains(t, err, "a form is a struct with fields tagged form")
}

// TestFormDefaults leaves out a zero that has a default, which is for the server to set.
func TestFormDefaults(t *testing.T) {
	t.Parallel()
	type form struct {
		Qty  int                 `form:"qty" default:"1"`
		Opt  codec.Optional[int] `form:"opt" default:"2"`
		Ptr  *int                `form:"ptr" default:"3"`
		Name string              `form:"name"`
	}
	for want, v := range map[string]form{
		"name=":                   {},
		"qty=5&opt=0&ptr=0&name=": {Qty: 5, Opt: codec.Some(0), Ptr: new(0)},
	} {
		text, err := codec.Form().Append(nil, &v)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{`user=x&tag=a&tag=b&age=1&since=5`, `user=%ff`, `&&=&`, `limit=%zz;`} {
		f.Add([]byte(s))
	}
	c, err := codec.Of[login](codec.Form(), codec.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, w login
		if c.Decode(src, &v) != nil {
			return
		}
		text, err := c.Append(nil, v)
		if err != nil {
			t.Fatalf("Append of what %q gave: %v", src, err)
		}
		if err := c.Decode(text, &w); err != nil {
			t.Fatalf("%q, encoded %q: %v", src, text, err)
		}
		if again, err := c.Append(nil, w); err != nil || !bytes.Equal(text, again) {
			t.Fatalf("%q, encoded %q, then %q, %v", src, text, again, err)
		}
	})
}

func ExampleForm() {
	type Search struct {
		Text string                `form:"q" required:"true"`
		Page codec.Optional[uint8] `form:"page"`
	}
	var s Search
	err := codec.Form().Decode([]byte("page=300"), &s)
	for _, v := range endpoint.ErrorOf(err).Violations() {
		fmt.Println(v.Pointer, v.Detail)
	}
	// Output:
	// /page out of range
	// /q missing
}

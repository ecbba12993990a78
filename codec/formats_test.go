package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

type celsius float64

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

type note struct {
	Title string `xml:"title"`
	Lines []int  `xml:"line"`
}

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

func TestXMLFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":    {``, "not valid XML"},
		"broken":   {"<note>\n<title>", "not valid XML in line 2"},
		"entity":   {`<!DOCTYPE x [<!ENTITY a "b">]><note><title>&a;</title></note>`, "not valid XML in line 1"},
		"number":   {`<note><line>x</line></note>`, "not valid XML"},
		"trailing": {`<note></note><note></note>`, "there is more after the root element"},
		"text":     {`<note></note>x`, "there is more after the root element"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := note{Title: "before"}
			err := codec.XML().Decode([]byte(tt.text), &v)
			require.ErrorIs(t, err, codec.ErrInvalid)
			require.Equal(t, []endpoint.Violation{{Detail: tt.want}}, endpoint.ErrorOf(err).Violations())
			require.Equal(t, note{Title: "before"}, v, "a failed Decode changed the value")
		})
	}
	var v note
	require.NoError(t, codec.XML().Decode([]byte("<note></note>\n<!-- end -->\n"), &v))
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

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<note><title>x</title><line>1</line></note>`))
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, w note
		if codec.XML().Decode(src, &v) != nil {
			return
		}
		text, err := codec.XML().Append(nil, &v)
		if err != nil {
			t.Fatalf("Append of what %q gave: %v", src, err)
		}
		if err := codec.XML().Decode(text, &w); err != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%q gave %+v, encoded %q gave %+v, %v", src, v, text, w, err)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("1.5"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, w celsius
		if codec.Text().Decode(src, &v) != nil {
			return
		}
		text, err := codec.Text().Append(nil, &v)
		if err != nil {
			t.Fatalf("Append of what %q gave: %v", src, err)
		}
		if err := codec.Text().Decode(text, &w); err != nil || v != w {
			t.Fatalf("%q gave %v, encoded %q gave %v, %v", src, v, text, w, err)
		}
		if bytes.ContainsAny(src, "xXpPiInN_") {
			t.Fatalf("%q was read as the number %v", src, v)
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

package proto_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/proto"
	"github.com/typedkit/endpoint/httpx"
	lib "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var formats = map[string]codec.Compiler{"binary": proto.Format(), "JSON": proto.JSON()}

// file returns a message with messages, lists, enums and bytes in it.
func file() *descriptorpb.FileDescriptorProto {
	return &descriptorpb.FileDescriptorProto{
		Name: new("a.proto"), Dependency: []string{"b", "ü"}, PublicDependency: []int32{-1, 7},
		MessageType: []*descriptorpb.DescriptorProto{{Name: new("M"), Field: []*descriptorpb.FieldDescriptorProto{
			{Name: new("f"), Number: new(int32(1)), Type: descriptorpb.FieldDescriptorProto_TYPE_INT64.Enum()},
		}}},
		Options: &descriptorpb.FileOptions{
			Deprecated: new(true),
			UninterpretedOption: []*descriptorpb.UninterpretedOption{
				{NegativeIntValue: new(int64(-1 << 62)), StringValue: []byte{0, 255}},
			},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := codec.Of[*descriptorpb.FileDescriptorProto](f, codec.Options{})
			require.NoError(t, err)
			text, err := c.Append([]byte("head"), file())
			require.NoError(t, err)
			require.Equal(t, "head", string(text[:4]))
			var got *descriptorpb.FileDescriptorProto
			require.NoError(t, c.Decode(text[4:], &got))
			require.True(t, lib.Equal(file(), got), "%v", got)

			m := file()
			again, err := f.Append(nil, &m)
			require.NoError(t, err, "without Compile")
			require.Equal(t, text[4:], again)
			reused := &descriptorpb.FileDescriptorProto{Name: new("old"), Syntax: new("x")}
			require.NoError(t, f.Decode(again, &reused))
			clear(again)
			require.True(t, lib.Equal(file(), reused), "%v", reused)
		})
	}
}

// TestDeterministic has a map, whose order would be random.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	m, err := structpb.NewStruct(map[string]any{"a": 1, "b": "x", "c": nil, "d": []any{true}, "e": map[string]any{"f": 1.5}})
	require.NoError(t, err)
	for name, f := range formats {
		first, err := f.Append(nil, &m)
		require.NoError(t, err)
		for range 20 {
			again, err := f.Append(nil, &m)
			require.NoError(t, err)
			require.Equal(t, string(first), string(again), name)
		}
	}
	text, err := proto.JSON().Append(nil, &m)
	require.NoError(t, err)
	const want = `{"a":1,"b":"x","c":null,"d":[true],"e":{"f":1.5}}`
	require.Equal(t, want, string(text)) //nolint:testifylint // to the byte
}

func TestNil(t *testing.T) {
	t.Parallel()
	var none *wrapperspb.Int64Value
	text, err := proto.Format().Append([]byte("x"), &none)
	require.NoError(t, err)
	require.Equal(t, "x", string(text))
	require.NoError(t, proto.Format().Decode(nil, &none))
	require.NotNil(t, none)
}

func TestRefuseTypes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		typ  reflect.Type
		want string
	}{
		"a struct":     {reflect.TypeFor[struct{ A int }](), "it is no message of protobuf"},
		"a message":    {reflect.TypeFor[descriptorpb.FileDescriptorProto](), "is passed by its pointer, *descriptorpb.FileDescriptorProto"},
		"an interface": {reflect.TypeFor[lib.Message](), "it is no message of protobuf"},
		"a list":       {reflect.TypeFor[[]*descriptorpb.FileDescriptorProto](), "it is no message of protobuf"},
	} {
		for format, f := range formats {
			_, err := f.Compile(tt.typ, codec.Options{})
			require.ErrorContains(t, err, tt.want, "%s in %s", name, format)
			text, err := f.Append([]byte("head"), reflect.New(tt.typ).Interface())
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, "head", string(text))
			require.ErrorContains(t, f.Decode(nil, reflect.New(tt.typ).Interface()), tt.want)
		}
	}
	_, err := codec.JSON().Compile(reflect.TypeFor[*wrapperspb.Int64Value](), codec.Options{})
	require.ErrorContains(t, err, "a message of protobuf has its own form in JSON: that of the package codec/proto")
	_, err = codec.JSON().Compile(reflect.TypeFor[struct{ Inner []wrapperspb.Int64Value }](), codec.Options{})
	require.ErrorContains(t, err, "a message of protobuf has its own form in JSON")
}

func TestUnwritable(t *testing.T) {
	t.Parallel()
	for name, f := range formats {
		for what, m := range map[string]*descriptorpb.UninterpretedOption{
			"required": {Name: []*descriptorpb.UninterpretedOption_NamePart{{}}},
		} {
			text, err := f.Append([]byte("head"), &m)
			require.Error(t, err, "%s in %s", what, name)
			require.Equal(t, "head", string(text), "%s in %s", what, name)
		}
		bad := wrapperspb.String("\xff")
		text, err := f.Append([]byte("head"), &bad)
		require.Error(t, err, name)
		require.Equal(t, "head", string(text), name)
	}
}

func TestBinaryFaults(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"\x0a":             "not a valid message of protobuf",
		"\x0a\x05a":        "not a valid message of protobuf",
		"\x12\x02\x0a\x00": "a required field is missing",
		"\x0f":             "not a valid message of protobuf",
	} {
		var m *descriptorpb.UninterpretedOption
		err := proto.Format().Decode([]byte(src), &m)
		require.ErrorIs(t, err, codec.ErrInvalid, "%q", src)
		require.Equal(t, []endpoint.Violation{{Detail: want}}, endpoint.ErrorOf(err).Violations(), "%q", src)
	}
	var s *wrapperspb.StringValue
	require.ErrorIs(t, proto.Format().Decode([]byte("\x0a\x01\xff"), &s), codec.ErrInvalid, "UTF-8")
	deep := structpb.NewNullValue()
	for range 60 {
		deep = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{deep}})
	}
	text, err := proto.Format().Append(nil, &deep)
	require.NoError(t, err)
	require.ErrorIs(t, proto.Format().Decode(text, &deep), codec.ErrInvalid)
}

// TestUnknown has a field that the message does not have: it is kept in binary,
// and an error in JSON unless it is allowed.
func TestUnknown(t *testing.T) {
	t.Parallel()
	c, err := codec.Of[*wrapperspb.Int64Value](proto.Format(), codec.Options{})
	require.NoError(t, err)
	var m *wrapperspb.Int64Value
	src := []byte("\x08\x05\x50\x07")
	require.NoError(t, c.Decode(src, &m))
	require.Equal(t, int64(5), m.GetValue())
	text, err := c.Append(nil, m)
	require.NoError(t, err)
	require.Equal(t, src, text)

	lenient, err := codec.Of[*descriptorpb.FileDescriptorProto](proto.JSON(), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	var f *descriptorpb.FileDescriptorProto
	require.NoError(t, lenient.Decode([]byte(`{"name":"a","nope":{"a":[1]}}`), &f))
}

func TestJSONFaults(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]endpoint.Violation{
		``:                             {Detail: "empty; a JSON value is expected"},
		` `:                            {Detail: "empty; a JSON value is expected"},
		`{"name":`:                     {Detail: "not valid JSON at byte 8"},
		`{} {}`:                        {Detail: "not valid JSON"},
		`null`:                         {Detail: "not valid for this field"},
		`[]`:                           {Detail: "not valid for this field"},
		`{"name":"üüüüüüüü","nope":1}`: {Pointer: "/nope", Detail: "unknown member"},
		`{"nope":1}`:                   {Pointer: "/nope", Detail: "unknown member"},
		`{"name":"a","name":"b"}`:      {Pointer: "/name", Detail: "more than once"},
		`{"name":5}`:                   {Pointer: "/name", Detail: "not valid for this field"},
		"{\n \"publicDependency\":\n [1,\n 2, \"ü\"]}":        {Pointer: "/publicDependency/2", Detail: "not valid for this field"},
		`{"messageType":[{"field":[{"number":2147483648}]}]}`: {Pointer: "/messageType/0/field/0/number", Detail: "not valid for this field"},
		`{"messageType":[{"field":[{"type":"TYPE_NOPE"}]}]}`:  {Pointer: "/messageType/0/field/0/type", Detail: "not valid for this field"},
		`{"options":{"uninterpretedOption":[{"name":[{}]}]}}`: {Detail: "a required field is missing"},
	} {
		var m *descriptorpb.FileDescriptorProto
		err := proto.JSON().Decode([]byte(src), &m)
		require.ErrorIs(t, err, codec.ErrInvalid, src)
		require.Equal(t, []endpoint.Violation{want}, endpoint.ErrorOf(err).Violations(), src)
	}
	var v *structpb.Value
	err := proto.JSON().Decode([]byte(strings.Repeat("[", 5000)+strings.Repeat("]", 5000)), &v)
	require.Equal(t, "nested too deeply", endpoint.ErrorOf(err).Violations()[0].Detail)
}

// TestEmpty has structs without members, which are the empty message.
func TestEmpty(t *testing.T) {
	t.Parallel()
	type hidden struct {
		ID string `json:"-"`
		n  int    //nolint:unused // it is not written
	}
	for name, f := range formats {
		c, err := codec.Of[hidden](f, codec.Options{})
		require.NoError(t, err)
		text, err := c.Append(nil, hidden{ID: "x"})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"binary": "", "JSON": "{}"}[name], string(text))
		var e endpoint.Empty
		require.NoError(t, f.Decode(text, &e))
		require.ErrorIs(t, f.Decode([]byte("x"), &e), codec.ErrInvalid)
	}
	var e endpoint.Empty
	require.ErrorIs(t, proto.JSON().Decode([]byte(`{"a":1}`), &e), codec.ErrInvalid)
}

type names struct {
	Upper  endpoint.Endpoint[*wrapperspb.StringValue, *wrapperspb.StringValue]
	Put    endpoint.Endpoint[named, endpoint.Empty]
	Delete endpoint.Endpoint[byID, endpoint.Empty]
}

// named is a request with a parameter beside a message.
type named struct {
	ID   string                  `path:"id"`
	Name *wrapperspb.StringValue `body:"true"`
}

type byID struct {
	ID string `path:"id"`
}

func (s *names) HTTP(r *httpx.Routes) {
	r.POST("/upper", &s.Upper)
	r.PUT("/names/{id}", &s.Put)
	r.DELETE("/names/{id}", &s.Delete)
}

func put(_ context.Context, n named) (endpoint.Empty, error) {
	if n.ID != n.Name.GetValue() {
		return endpoint.Empty{}, endpoint.Errorf(endpoint.InvalidArgument, "%q is not %q", n.ID, n.Name.GetValue())
	}
	return endpoint.Empty{}, nil
}

func remove(context.Context, byID) (endpoint.Empty, error) { return endpoint.Empty{}, nil }

func upper(_ context.Context, s *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	return wrapperspb.String(strings.ToUpper(s.GetValue())), nil
}

// TestHTTP serves messages in both forms on one route.
func TestHTTP(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &names{Upper: upper, Put: put, Delete: remove},
		httpx.Formats(proto.JSON(), proto.Format(), codec.As(proto.Format(), "application/x-protobuf"))))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for name, f := range formats {
		var c names
		require.NoError(t, httpx.Client(httpx.To(server.URL), &c, httpx.Formats(f)))
		got, err := c.Upper(t.Context(), wrapperspb.String("ü"))
		require.NoError(t, err, name)
		require.Equal(t, "Ü", got.GetValue(), name)
		_, err = c.Put(t.Context(), named{ID: "a/b", Name: wrapperspb.String("a/b")})
		require.NoError(t, err, name)
		_, err = c.Delete(t.Context(), byID{ID: "a"})
		require.NoError(t, err, name)
	}
	for media, body := range map[string]string{
		"application/json": `"x"`, "application/protobuf": "\x0a\x01x", "application/x-protobuf": "\x0a\x01x",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/upper", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", media)
		r.Header.Set("Accept", media)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		require.NoError(t, err)
		require.Equal(t, media, resp.Header.Get("Content-Type"))
		require.Equal(t, strings.ToUpper(body), string(text))
	}
	var plain names
	err := httpx.Client(httpx.To(server.URL), &plain)
	require.ErrorContains(t, err, "a message of protobuf has its own form in JSON", "codec.JSON for messages")
}

func FuzzBinary(f *testing.F) {
	m := file()
	text, err := proto.Format().Append(nil, &m)
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("\x0a\x05a"))
	fuzz(f, proto.Format())
}

// TestErrorsRepeatNothing guards that no text of an error, which is logged, has a
// value that was sent.
func TestErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, src := range []string{`{"name":7,"syntax":"hunter2"}`, `{"publicDependency":["hunter2"]}`, `{"name":"hunter2`} {
		var f *descriptorpb.FileDescriptorProto
		err := proto.JSON().Decode([]byte(src), &f)
		require.ErrorIs(t, err, codec.ErrInvalid)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func FuzzJSON(f *testing.F) {
	m := file()
	text, err := proto.JSON().Append(nil, &m)
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"name":5,"messageType":[{"field":[{"number":"7"}]}]}`))
	fuzz(f, proto.JSON())
}

// fuzz checks decode∘encode = identity.
func fuzz(f *testing.F, format codec.Format) {
	f.Helper()
	f.Fuzz(func(t *testing.T, src []byte) {
		var v, w *descriptorpb.FileDescriptorProto
		if err := format.Decode(src, &v); err != nil {
			e := endpoint.ErrorOf(err)
			require.Equal(t, endpoint.InvalidArgument, e.Code(), "%q", src)
			require.NotEmpty(t, e.Violations(), "%q", src)
			return
		}
		text, err := format.Append(nil, &v)
		require.NoError(t, err, "%q", src)
		require.NoError(t, format.Decode(text, &w), "%q, encoded %q", src, text)
		again, err := format.Append(nil, &w)
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, again), "%q: %q, then %q", src, text, again)
	})
}

func ExampleFormat() {
	numbers, err := codec.Of[*wrapperspb.Int64Value](proto.Format(), codec.Options{})
	fmt.Println(numbers.MediaType(), err)
	text, err := numbers.Append(nil, wrapperspb.Int64(300))
	fmt.Printf("%x %v\n", text, err)
	// Output:
	// application/protobuf <nil>
	// 08ac02 <nil>
}

func ExampleJSON() {
	files, _ := codec.Of[*descriptorpb.FileDescriptorProto](proto.JSON(), codec.Options{})
	text, err := files.Append(nil, &descriptorpb.FileDescriptorProto{Name: new("a.proto"), PublicDependency: []int32{1}})
	fmt.Println(string(text), err)

	var f *descriptorpb.FileDescriptorProto
	err = files.Decode([]byte(`{"publicDependency":[1,"x"]}`), &f)
	fmt.Println(endpoint.ErrorOf(err).Violations()[0])
	// Output:
	// {"name":"a.proto","publicDependency":[1]} <nil>
	// {/publicDependency/1  not valid for this field}
}

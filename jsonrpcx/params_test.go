package jsonrpcx_test

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

type (
	audited struct {
		By string `json:"by,omitzero"`
	}
	room struct {
		Name string `json:"name" required:"true"`
		audited
		Seats int                 `json:"seats,omitzero"`
		Tag   *string             `json:"tag"`
		Slash codec.Optional[int] `json:"a/b~c,omitzero"`
		Other struct{ In []int }  `json:"other,omitzero"`
		Skip  string              `json:"-"`
	}
	color string
	pair  [2]int
	raw   struct{ json jsontext.Value }
)

func (c color) MarshalText() ([]byte, error)     { return []byte("#" + c), nil }
func (c *color) UnmarshalText(text []byte) error { *c = color(text[1:]); return nil }

func (r raw) MarshalJSON() ([]byte, error)     { return r.json, nil }
func (r *raw) UnmarshalJSON(text []byte) error { r.json = jsontext.Value(text).Clone(); return nil }

// invalidParams is the answer to params that have a fault.
func invalidParams(faults string) string {
	return `{"jsonrpc":"2.0","error":{"code":-32602,"message":"invalid request","data":{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[` + faults + `]}},"id":1}`
}

func result(v string) string { return `{"jsonrpc":"2.0","result":` + v + `,"id":1}` }

// TestParams has params of each form for requests of each kind.
func TestParams(t *testing.T) {
	t.Parallel()
	rooms, numbers, texts := one(echo[room]), one(echo[[]int]), one(echo[string])
	maps, colors, pairs, raws := one(echo[map[string]int]), one(echo[color]), one(echo[pair]), one(echo[raw])
	pointers, empties, times, blobs, anys := one(echo[*room]), one(echo[endpoint.Empty]), one(echo[time.Time]), one(echo[[]byte]), one(echo[any])
	for name, tt := range map[string]struct {
		h                http.Handler
		params, response string
	}{
		"by name":                {rooms, `{"name":"a","seats":2,"by":"me"}`, result(`{"name":"a","by":"me","seats":2,"tag":null}`)},
		"by position":            {rooms, `["a","me",2,"t",5]`, result(`{"name":"a","by":"me","seats":2,"tag":"t","a/b~c":5}`)},
		"some positions":         {rooms, `["a"]`, result(`{"name":"a","tag":null}`)},
		"null is absent":         {rooms, `["a",null,null,null,null]`, result(`{"name":"a","tag":null}`)},
		"null is not there":      {rooms, `[null,"me"]`, invalidParams(`{"pointer":"/0","detail":"missing"}`)},
		"no positions":           {rooms, `[]`, invalidParams(`{"pointer":"/0","detail":"missing"}`)},
		"no params":              {rooms, ``, invalidParams(`{"pointer":"/name","detail":"missing"}`)},
		"too many positions":     {rooms, `["a","me",2,"t",5,{},7]`, invalidParams(`{"pointer":"/6","detail":"there are too many params"}`)},
		"a fault at a position":  {rooms, `["a","me","x"]`, invalidParams(`{"pointer":"/2","detail":"must be a number"}`)},
		"a fault below":          {rooms, `["a","me",2,"t",5,{"In":[1,"x"]}]`, invalidParams(`{"pointer":"/5/In/1","detail":"must be a number"}`)},
		"a fault of an escape":   {rooms, `["a","me",2,"t","x"]`, invalidParams(`{"pointer":"/4","detail":"must be a number"}`)},
		"an unknown name":        {rooms, `{"name":"a","x":1}`, invalidParams(`{"pointer":"/x","detail":"unknown member"}`)},
		"a name twice":           {rooms, `{"name":"a","name":"b"}`, invalidParams(`{"pointer":"/name","detail":"more than once"}`)},
		"a pointer by position":  {pointers, `["a","me"]`, result(`{"name":"a","by":"me","tag":null}`)},
		"a list":                 {numbers, `[1,2]`, result(`[1,2]`)},
		"an empty list":          {numbers, ``, result(`[]`)},
		"a list by name":         {numbers, `{"a":1}`, invalidParams(`{"detail":"params are by position"}`)},
		"an item":                {numbers, `[1,"x"]`, invalidParams(`{"pointer":"/1","detail":"must be a number"}`)},
		"a map":                  {maps, `{"a":1}`, result(`{"a":1}`)},
		"an empty map":           {maps, ``, result(`{}`)},
		"a map by position":      {maps, `[1]`, invalidParams(`{"detail":"params are by name"}`)},
		"a text":                 {texts, `["a"]`, result(`"a"`)},
		"no text":                {texts, ``, invalidParams(`{"detail":"params are missing"}`)},
		"an empty array":         {texts, `[]`, invalidParams(`{"pointer":"/0","detail":"missing"}`)},
		"two texts":              {texts, `["a","b"]`, invalidParams(`{"pointer":"/1","detail":"there are too many params"}`)},
		"a text by name":         {texts, `{"a":"b"}`, invalidParams(`{"detail":"params are by position"}`)},
		"not a text":             {texts, `[1]`, invalidParams(`{"pointer":"/0","detail":"must be a string"}`)},
		"a type with a text":     {colors, `["#f00"]`, result(`"#f00"`)},
		"an array":               {pairs, `[1,2]`, result(`[1,2]`)},
		"a type of its own form": {raws, `{"x":[1]}`, result(`{"x":[1]}`)},
		"an array of its own":    {raws, `[1]`, result(`[1]`)},
		"no form of its own":     {raws, ``, invalidParams(`{"detail":"params are missing"}`)},
		"empty":                  {empties, ``, result(`{}`)},
		"empty by name":          {empties, `{}`, result(`{}`)},
		"empty by position":      {empties, `[]`, result(`{}`)},
		"not empty":              {empties, `[1]`, invalidParams(`{"pointer":"/0","detail":"there are too many params"}`)},
		"a time":                 {times, `["2026-01-02T03:04:05Z"]`, result(`"2026-01-02T03:04:05Z"`)},
		"bytes":                  {blobs, `["AQI="]`, result(`"AQI="`)},
		"anything":               {anys, `[1,{}]`, result(`[1,{}]`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.response, ask(t, tt.h, call(tt.params)))
		})
	}
	lenient := one(echo[room], jsonrpcx.AllowUnknown())
	require.Equal(t, result(`{"name":"a","tag":null}`), ask(t, lenient, call(`{"name":"a","x":1}`)))
}

// written returns the params that a client sends for a request, as they came.
func written[Req any](t *testing.T, req Req, opts ...jsonrpcx.MethodOption) (params string, err error) {
	t.Helper()
	url := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var got map[string]jsontext.Value
		_ = json.Unmarshal(body, &got)
		params = string(got["params"])
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, result(`{}`))
	}))
	c := &described[single[Req, endpoint.Empty]]{describe: func(s *single[Req, endpoint.Empty], m *jsonrpcx.Methods) { m.Method("do", &s.Do, opts...) }}
	require.NoError(t, jsonrpcx.Client(httpx.To(url), c))
	_, err = c.S.Do(t.Context(), req)
	return params, err
}

// TestWrittenParams has the params that clients send, by name and by position.
func TestWrittenParams(t *testing.T) {
	t.Parallel()
	of := func(t *testing.T, want string) func(got string, err error) {
		t.Helper()
		return func(got string, err error) {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	tag := "t"
	positional := jsonrpcx.Positional()
	of(t, `{"name":"a","seats":2,"tag":null}`)(written(t, room{Name: "a", Seats: 2}))
	of(t, `["a",null,2,null]`)(written(t, room{Name: "a", Seats: 2}, positional))
	of(t, `["a",null,null,"t",7]`)(written(t, room{Name: "a", Tag: &tag, Slash: codec.Some(7)}, positional))
	of(t, `["a",null,null,null]`)(written(t, &room{Name: "a"}, positional))
	of(t, `[]`)(written(t, audited{}, positional))
	of(t, ``)(written(t, endpoint.Empty{}))
	of(t, ``)(written(t, endpoint.Empty{}, positional))
	of(t, `[1,2]`)(written(t, []int{1, 2}))
	of(t, `[]`)(written(t, []int(nil)))
	of(t, `{"a":1}`)(written(t, map[string]int{"a": 1}))
	of(t, `["x"]`)(written(t, "x", positional))
	of(t, `["#f00"]`)(written(t, color("f00")))
	of(t, `["AQI="]`)(written(t, []byte{1, 2}))
	of(t, `{"x":1}`)(written(t, raw{jsontext.Value(`{"x":1}`)}))
	_, err := written(t, raw{jsontext.Value(`7`)})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "the params must be an object or an array")
}

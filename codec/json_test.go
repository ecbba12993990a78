package codec_test

import (
	"bytes"
	"encoding/json" //nolint:depguard // large numbers arrive as its Number
	"encoding/json/jsontext"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

type item struct {
	Qty  int8   `json:"qty" required:"true"`
	Note string `json:"note"`
}

type base struct {
	Kind string `json:"kind"`
}

type order struct {
	base
	ID    uint64            `json:"id"`
	Items []item            `json:"items"`
	Wait  time.Duration     `json:"wait"`
	At    time.Time         `json:"at"`
	Ok    bool              `json:"ok"`
	Rate  float32           `json:"rate"`
	Big   int64             `json:"big,string"`
	Any   any               `json:"any"`
	Raw   []byte            `json:"raw"`
	Pair  [2]int            `json:"pair"`
	Map   map[string]int    `json:"map"`
	Keys  map[int8]string   `json:"keys"`
	Next  *order            `json:"next"`
	Free  jsontext.Value    `json:"free"`
	Tags  map[string]string `json:"tags"`
}

func TestJSONFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want []endpoint.Violation
	}{
		"empty":       {``, []endpoint.Violation{{Detail: "empty; a JSON value is expected"}}},
		"null":        {` null`, []endpoint.Violation{{Detail: "must not be null"}}},
		"array":       {`[]`, []endpoint.Violation{{Detail: "must be an object"}}},
		"syntax":      {`{"id":`, []endpoint.Violation{{Detail: "not valid JSON at byte 6"}}},
		"bom":         {"\ufeff{}", []endpoint.Violation{{Detail: "not valid JSON at byte 0"}}},
		"trailing":    {`{} {}`, []endpoint.Violation{{Detail: "there is more after the JSON value"}}},
		"garbage":     {`{} x`, []endpoint.Violation{{Detail: "not valid JSON at byte 3"}}},
		"unknown":     {`{"nope":{"a":1}}`, []endpoint.Violation{{Pointer: "/nope", Detail: "unknown member"}}},
		"case":        {`{"ID":1}`, []endpoint.Violation{{Pointer: "/ID", Detail: "unknown member"}}},
		"twice":       {`{"id":1,"id":2}`, []endpoint.Violation{{Pointer: "/id", Detail: "more than once"}}},
		"utf8":        {"{\"kind\":\"\xff\"}", []endpoint.Violation{{Detail: "not valid JSON at byte 9"}}},
		"surrogate":   {`{"kind":"\ud800"}`, []endpoint.Violation{{Detail: "not valid JSON at byte 9"}}},
		"integers":    {`{"id":-1}`, []endpoint.Violation{{Pointer: "/id", Detail: "out of range"}}},
		"fraction":    {`{"id":1.0}`, []endpoint.Violation{{Pointer: "/id", Detail: "must be an integer without fraction or exponent"}}},
		"exponent":    {`{"id":1e2}`, []endpoint.Violation{{Pointer: "/id", Detail: "must be an integer without fraction or exponent"}}},
		"float":       {`{"rate":1e300}`, []endpoint.Violation{{Pointer: "/rate", Detail: "out of range"}}},
		"stringed":    {`{"big":5}`, []endpoint.Violation{{Pointer: "/big", Detail: "must be a number in a string"}}},
		"stringed no": {`{"big":"x"}`, []endpoint.Violation{{Pointer: "/big", Detail: "must be a number in a string"}}},
		"duration":    {`{"wait":5}`, []endpoint.Violation{{Pointer: "/wait", Detail: `must be a duration such as "1.5s"`}}},
		"time":        {`{"at":"yesterday"}`, []endpoint.Violation{{Pointer: "/at", Detail: "must be a time as in RFC 3339"}}},
		"loose time":  {`{"at":"2026-01-02T3:04:05Z"}`, []endpoint.Violation{{Pointer: "/at", Detail: "must be a time as in RFC 3339"}}},
		"bool":        {`{"ok":"true"}`, []endpoint.Violation{{Pointer: "/ok", Detail: "must be true or false"}}},
		"base64":      {`{"raw":"*"}`, []endpoint.Violation{{Pointer: "/raw", Detail: "must be a string in base64"}}},
		"array size":  {`{"pair":[1]}`, []endpoint.Violation{{Pointer: "/pair", Detail: "must have 2 items"}}},
		"map value":   {`{"map":{"a":"b"}}`, []endpoint.Violation{{Pointer: "/map/a", Detail: "must be a number"}}},
		"map key":     {`{"keys":{"300":"b"}}`, []endpoint.Violation{{Pointer: "/keys/300", Detail: "the name of this member is not valid"}}},
		"any 1e400":   {`{"any":[{"a":1e400}]}`, []endpoint.Violation{{Pointer: "/any/0/a", Detail: "out of range"}}},
		"escaped":     {`{"tags":{"a/b~c":1}}`, []endpoint.Violation{{Pointer: "/tags/a~1b~0c", Detail: "must be a string"}}},
		"all at once": {`{"id":"x","items":[{"qty":1},{"note":2},{"qty":200},7],"next":{"ok":1},"extra":0}`, []endpoint.Violation{
			{Pointer: "/id", Detail: "must be a number"},
			{Pointer: "/items/1/note", Detail: "must be a string"},
			{Pointer: "/items/1/qty", Detail: "missing"},
			{Pointer: "/items/2/qty", Detail: "out of range"},
			{Pointer: "/items/3", Detail: "must be an object"},
			{Pointer: "/next/ok", Detail: "must be true or false"},
			{Pointer: "/extra", Detail: "unknown member"},
		}},
		"required alone": {`{"items":[{}]}`, []endpoint.Violation{{Pointer: "/items/0/qty", Detail: "missing"}}},
	}
	c, err := codec.Of[order](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o order
			err := c.Decode([]byte(tt.in), &o)
			require.ErrorIs(t, err, codec.ErrInvalid, "input %s", tt.in)
			require.Equal(t, tt.want, endpoint.ErrorOf(err).Violations(), "input %s", tt.in)
		})
	}
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	c, err := codec.Of[order](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	in := order{
		base: base{"k"}, ID: math.MaxUint64, Items: []item{{Qty: -128, Note: "a"}}, Wait: 1500 * time.Millisecond,
		At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Ok: true, Rate: 1.25, Big: 1<<53 + 1, Any: 3.0, Raw: []byte{0, 255},
		Pair: [2]int{1, 2}, Map: map[string]int{"a": 1}, Keys: map[int8]string{-1: "x"}, Next: &order{Any: "x", Items: []item{}, Raw: []byte{}, Map: map[string]int{}, Keys: map[int8]string{}, Tags: map[string]string{}, Free: jsontext.Value("null")},
		Free: jsontext.Value(`{"x":[1]}`), Tags: map[string]string{},
	}
	b, err := c.Append([]byte("head:"), in)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(b), "head:{"))
	var out order
	require.NoError(t, c.Decode(b[5:], &out), "%s", b)
	require.Equal(t, in, out)
}

func TestJSONAppendKeepsLengthOnError(t *testing.T) {
	t.Parallel()
	c, err := codec.Of[map[string]float64](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	b, err := c.Append([]byte("head"), map[string]float64{"a": math.NaN()})
	require.Error(t, err)
	require.Equal(t, "head", string(b))
}

// TestJSONInto writes values of a type that json/v2 writes, one after the other.
func TestJSONInto(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	write := codec.JSON().(interface {
		Into(*bytes.Buffer) func(any) error
	}).Into(&buf)
	for _, want := range []string{"1", `"a"`, `{"a":[null]}`, "null", "2"} {
		buf.Reset()
		var v any
		require.NoError(t, json.Unmarshal([]byte(want), &v))
		err := write(&v)
		if want == "null" {
			require.ErrorContains(t, err, "the value is nil")
			continue
		}
		require.NoError(t, err, want)
		require.Equal(t, want+"\n", buf.String())
	}
	require.Error(t, write(new(math.NaN())))
}

func TestJSONAllowUnknown(t *testing.T) {
	t.Parallel()
	c, err := codec.Of[item](codec.JSON(), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	var i item
	require.NoError(t, c.Decode([]byte(`{"qty":1,"new":{}}`), &i))
}

func TestJSONFormless(t *testing.T) {
	t.Parallel()
	type bad struct {
		F func()
		C chan int
		X complex128
		E error
		M map[struct{}]int
		R int `required:"yes"`
		P protoMessage
		Q []*protoMessageHere
	}
	_, err := codec.Of[bad](codec.JSON(), codec.Options{})
	require.Error(t, err)
	for _, want := range []string{".F: a func", ".C: a chan", ".X: a complex128", ".E: an interface with methods", ".M: a map with keys", "field R: tag required", ".P: a message of protobuf", ".Q: a message of protobuf"} {
		require.ErrorContains(t, err, want)
	}
}

func TestJSONNameTwice(t *testing.T) {
	t.Parallel()
	bad := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"x"`}, {Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
	})
	_, err := codec.JSON().Compile(reflect.SliceOf(bad), codec.Options{})
	require.ErrorContains(t, err, `Go struct fields A and B conflict over JSON object name "x"`)
}

// protoMessage and protoMessageHere have the method that messages of protobuf have.
type (
	protoMessage     struct{ N int }
	protoMessageHere struct{ N int }
)

func (protoMessage) ProtoReflect() any      { return nil }
func (*protoMessageHere) ProtoReflect() any { return nil }

// TestLongNames has names that nobody declared come back cut short: an answer is
// no mirror.
func TestLongNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 100_000)
	var o order
	err := codec.JSON().Decode([]byte(`{"`+long+`":1,"tags":{"`+long+`":1}}`), &o)
	var l login
	formErr := codec.Form().Decode([]byte(long+"=1&user=x"), &l)
	vs := append(endpoint.ErrorOf(err).Violations(), endpoint.ErrorOf(formErr).Violations()...)
	require.Len(t, vs, 3)
	for _, v := range vs {
		require.Less(t, len(v.Pointer), 300)
		require.True(t, strings.HasSuffix(v.Pointer, "ü…"), v.Pointer)
	}
}

func TestJSONDepth(t *testing.T) {
	t.Parallel()
	var v any
	err := codec.JSON().Decode([]byte(strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), &v)
	require.ErrorIs(t, err, codec.ErrInvalid)
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"items":[{"qty":1}],"wait":"1s","any":{"a":[1,null]}}`, `{"big":"1","raw":"AA==","next":{"map":{"a":1}}}`, `null`,
		`{"id":null,"items":[null],"next":null,"tags":{"a":null}}`, `{"any":{"a":1,"a":2},"free":{"a":[{"b":1,"b":1}]}}`,
		`{"any":[9007199254740993,{"a":-123456789012345678901234567890}],"map":{"b":1,"a":2}}`, `[`, "\ufeff",
	} {
		f.Add([]byte(s))
	}
	c, err := codec.Of[order](codec.JSON(), codec.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var v order
		if err := c.Decode(src, &v); err != nil {
			e := endpoint.ErrorOf(err)
			if e.Code() != endpoint.InvalidArgument || len(e.Violations()) == 0 {
				t.Fatalf("Decode(%q): %v, want violations", src, err)
			}
			return
		}
		b, err := c.Append(nil, v)
		if err != nil {
			t.Fatalf("Append of what %q gave: %v", src, err)
		}
		var w order
		if err := c.Decode(b, &w); err != nil {
			t.Fatalf("Decode(Append(%q)) = %s: %v", src, b, err)
		}
		b2, err := c.Append(nil, w)
		if err != nil || !bytes.Equal(b, b2) {
			t.Fatalf("not stable: %s and %s", b, b2)
		}
	})
}

// TestJSONAnyNumbers has each number of an any come back as it was.
func TestJSONAnyNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"0": 0.0, "-0": math.Copysign(0, -1), "1.5": 1.5, "1e3": 1e3, "123456789012345": 123456789012345.0,
		"9007199254740992": 1 << 53 * 1.0, "9007199254740993": json.Number("9007199254740993"),
		"9007199254740994": 9007199254740994.0, "-9007199254740993": json.Number("-9007199254740993"),
		"18446744073709551615": json.Number("18446744073709551615"), "18446744073709551616": json.Number("18446744073709551616"), // 2^64 is written with other digits

		"100000000000000000000000":     json.Number("100000000000000000000000"), // 1e23 is a little less
		"1" + strings.Repeat("0", 400): json.Number("1" + strings.Repeat("0", 400)),
	} {
		for _, deep := range []struct {
			format string
			value  any
		}{{"%s", want}, {"[%s]", []any{want}}, {`{"a":[{"b":%s}]}`, map[string]any{"a": []any{map[string]any{"b": want}}}}} {
			in := fmt.Sprintf(deep.format, text)
			var v any
			require.NoError(t, codec.JSON().Decode([]byte(in), &v), in)
			require.Equal(t, deep.value, v, in)
			out, err := codec.JSON().Append(nil, &v)
			require.NoError(t, err, in)
			var again any
			require.NoError(t, codec.JSON().Decode(out, &again), out)
			require.Equal(t, v, again, in)
			if _, exact := want.(json.Number); exact {
				require.Equal(t, in, string(out))
			}
		}
	}
	c, err := codec.Of[order](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	var o order
	require.NoError(t, c.Decode([]byte(`{"any":[9007199254740993]}`), &o), "inside of a type")
	require.Equal(t, []any{json.Number("9007199254740993")}, o.Any)
}

// TestJSONMapsInOrder has the members of each map in the order of their names.
func TestJSONMapsInOrder(t *testing.T) {
	t.Parallel()
	type all struct {
		Strings map[string]int         `json:"strings"`
		Numbers map[int]bool           `json:"numbers"`
		Addrs   map[netip.Addr]int     `json:"addrs"`
		Any     any                    `json:"any"`
		Values  map[string]any         `json:"values"`
		Opt     codec.Optional[states] `json:"opt,omitzero"`
		Rest    map[string]int         `json:",embed"`
	}
	v := all{
		Strings: map[string]int{"b": 1, "a": 2, "ü": 3, "": 4, "B": 5}, Numbers: map[int]bool{10: true, 9: false, -1: true},
		Addrs:  map[netip.Addr]int{netip.MustParseAddr("::2"): 2, netip.MustParseAddr("::1"): 1},
		Any:    map[string]any{"y": map[string]any{"d": 1, "c": 2}, "x": []any{map[string]string{"f": "", "e": ""}}},
		Values: map[string]any{"h": 1, "g": 2, "i": 3}, Opt: codec.Some(states{"k": 1, "j": 2}), Rest: map[string]int{"z": 1, "q": 2},
	}
	const want = `{"strings":{"":4,"B":5,"a":2,"b":1,"ü":3},"numbers":{"-1":true,"10":true,"9":false},"addrs":{"::1":1,"::2":2},` +
		`"any":{"x":[{"e":"","f":""}],"y":{"c":2,"d":1}},"values":{"g":2,"h":1,"i":3},"opt":{"j":2,"k":1},"q":2,"z":1}`
	for range 20 {
		text, err := codec.JSON().Append(nil, &v)
		require.NoError(t, err)
		require.Zero(t, strings.Compare(want, string(text)), "%s", text) // not JSONEq: the order counts
	}
	plain := map[state]map[string]int{"b": {"d": 1, "c": 2}, "a": nil}
	c, err := codec.Of[map[state]map[string]int](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	text, err := c.Append(nil, plain)
	require.NoError(t, err)
	require.Zero(t, strings.Compare(`{"a":{},"b":{"c":2,"d":1}}`, string(text)), "%s", text)
}

type states map[state]int

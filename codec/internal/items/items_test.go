package items_test

import (
	"encoding/json" //nolint:depguard // large numbers of JSON arrive as its Number
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/codec/msgpack"
)

// formats are all that spell items; each test runs with each of them.
var formats = map[string]codec.Compiler{"CBOR": cbor.Format(), "MessagePack": msgpack.Format()}

func onFormats(t *testing.T, test func(t *testing.T, f codec.Compiler, name string)) {
	t.Helper()
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, f, name)
		})
	}
}

type base struct {
	Kind string `json:"kind"`
}

type Shared struct {
	Owner string `json:"owner"`
}

type item struct {
	Qty  int8   `json:"qty" required:"true"`
	Note string `json:"note,omitempty"`
}

type order struct {
	base
	*Shared
	ID    uint64                       `json:"id"`
	Items []item                       `json:"items"`
	Wait  time.Duration                `json:"wait"`
	At    time.Time                    `json:"at,omitzero"`
	OK    bool                         `json:"ok"`
	Rate  float32                      `json:"rate"`
	Exact float64                      `json:"exact"`
	Any   any                          `json:"any"`
	Raw   []byte                       `json:"raw"`
	Sum   [4]byte                      `json:"sum"`
	Pair  [2]int                       `json:"pair"`
	Map   map[string]int               `json:"map"`
	Keys  map[int8]string              `json:"keys"`
	Next  *order                       `json:"next"`
	Addr  netip.Addr                   `json:"addr,omitzero"`
	Hosts map[netip.Addr]string        `json:"hosts,omitempty"`
	Late  codec.Optional[int]          `json:"late,omitzero"`
	Pairs codec.Optional[[]*time.Time] `json:"pairs,omitzero"`
	Named string
	Fold  string `json:"fold,case:ignore"`
	Hide  string `json:"-"`
	Big   int64  `json:"big,string"`
}

func full() order {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	empty := order{
		Items: []item{}, Any: "x", Raw: []byte{}, Map: map[string]int{}, Keys: map[int8]string{},
	}
	return order{
		base: base{"k"}, Shared: &Shared{"o"}, ID: math.MaxUint64, Items: []item{{-128, "a"}, {127, ""}},
		Wait: 1500 * time.Millisecond, At: at, OK: true, Rate: 1.25, Exact: 0.1,
		Any: map[string]any{"a": []any{int64(-1), uint64(math.MaxUint64), 1.5, nil, true, []byte{1}, at}, "b": "x"},
		Raw: []byte{0, 255}, Sum: [4]byte{1, 2}, Pair: [2]int{1, 2}, Map: map[string]int{"b": 1, "a": 2},
		Keys: map[int8]string{-1: "x", 5: "y"}, Next: &empty, Addr: netip.MustParseAddr("::1"),
		Hosts: map[netip.Addr]string{netip.MustParseAddr("10.0.0.1"): "a"},
		Late:  codec.Some(7), Pairs: codec.Some([]*time.Time{nil, &at}), Named: "n", Fold: "f", Big: 1 << 60,
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		c, err := codec.Of[order](f, codec.Options{})
		require.NoError(t, err)
		text, err := c.Append([]byte("head"), full())
		require.NoError(t, err)
		require.Equal(t, "head", string(text[:4]))
		var got order
		require.NoError(t, c.Decode(text[4:], &got))
		require.Equal(t, full(), got)

		again, err := f.Append(nil, new(full()))
		require.NoError(t, err, "without Compile")
		require.Equal(t, text[4:], again, "not deterministic")
		var fresh order
		require.NoError(t, f.Decode(again, &fresh))
		clear(again)
		require.Equal(t, full(), fresh, "it keeps a part of the source")
	})
}

// TestNumbers has the ends of each size.
func TestNumbers(t *testing.T) {
	t.Parallel()
	type numbers struct {
		Ints   []int64
		Uints  []uint64
		Floats []float64
		Single []float32
	}
	in := numbers{Ints: []int64{}, Uints: []uint64{}, Floats: []float64{}, Single: []float32{}}
	for _, edge := range []uint64{0, 23, 24, 31, 32, 127, 128, 255, 256, 65535, 65536, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1} {
		in.Ints = append(in.Ints, int64(edge), -1-int64(edge))
		in.Uints = append(in.Uints, edge, edge+1)
		in.Floats = append(in.Floats, float64(edge), -float64(edge)/3)
		in.Single = append(in.Single, float32(edge), 1/float32(edge+1))
	}
	in.Floats = append(in.Floats, math.MaxFloat64, math.SmallestNonzeroFloat64, 65504, 65520, 0x1p-14, 0x1p-24, 0x1p-25, 0x1.8p-24, math.Copysign(0, -1))
	in.Single = append(in.Single, math.MaxFloat32, math.SmallestNonzeroFloat32)
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		text, err := f.Append(nil, &in)
		require.NoError(t, err)
		var got numbers
		require.NoError(t, f.Decode(text, &got))
		require.Equal(t, in, got)
		require.True(t, math.Signbit(got.Floats[len(got.Floats)-1]), "the sign of -0 is lost")
	})
}

// TestFaults has what is wrong in words and with places of ours. The input is
// written by the format itself, from values of no type.
func TestFaults(t *testing.T) {
	t.Parallel()
	at := func(pointer, detail string) []endpoint.Violation {
		return []endpoint.Violation{{Pointer: pointer, Detail: detail}}
	}
	type object = map[string]any
	tests := map[string]struct {
		in   any
		want []endpoint.Violation
	}{
		"null":         {nil, at("", "must not be null")},
		"array":        {[]any{1}, at("", "must be a map")},
		"unknown":      {object{"nope": object{"a": []any{1}}, "ok": true}, at("/nope", "unknown member")},
		"case":         {object{"ID": 1}, at("/ID", "unknown member")},
		"hidden":       {object{"Hide": "x"}, at("/Hide", "unknown member")},
		"numbered":     {map[int]any{1: object{"a": 1}}, at("", "the names of members must be strings")},
		"negative":     {object{"id": -1}, at("/id", "out of range")},
		"fraction":     {object{"id": 1.5}, at("/id", "must be an integer")},
		"whole float":  {object{"pair": []any{1.0, 2}}, at("/pair/0", "must be an integer")},
		"text":         {object{"id": "1"}, at("/id", "must be a number")},
		"container":    {object{"id": object{"a": []any{1, 2}}, "ok": true}, at("/id", "must be a number")},
		"range":        {object{"items": []any{object{"qty": 200}}}, at("/items/0/qty", "out of range")},
		"float":        {object{"rate": 1e300}, at("/rate", "out of range")},
		"bool":         {object{"ok": 1}, at("/ok", "must be true or false")},
		"string":       {object{"kind": []byte("x")}, at("/kind", "must be a string")},
		"bytes":        {object{"raw": "x"}, at("/raw", "must be bytes")},
		"byte array":   {object{"sum": []byte{1}}, at("/sum", "must have 4 bytes")},
		"array size":   {object{"pair": []any{1}}, at("/pair", "must have 2 items")},
		"array larger": {object{"pair": []any{1, 2, []any{3}}, "ok": true}, at("/pair", "must have 2 items")},
		"not an array": {object{"items": object{}}, at("/items", "must be an array")},
		"not a map":    {object{"map": []any{}}, at("/map", "must be a map")},
		"duration":     {object{"wait": 5}, at("/wait", `must be a duration such as "1.5s"`)},
		"no duration":  {object{"wait": "5"}, at("/wait", `must be a duration such as "1.5s"`)},
		"time":         {object{"at": "yesterday"}, at("/at", "must be a time")},
		"time number":  {object{"at": 5}, at("/at", "must be a time")},
		"addr":         {object{"addr": "nowhere"}, at("/addr", "not valid")},
		"addr number":  {object{"addr": 1}, at("/addr", "must be a string")},
		"map value":    {object{"map": object{"a/b~c": "b"}}, at("/map/a~1b~0c", "must be a number")},
		"map key":      {object{"keys": map[int]any{300: "b"}}, at("/keys/300", "the name of this member is not valid")},
		"low map key":  {object{"keys": map[int]any{-300: "b"}}, at("/keys/-300", "the name of this member is not valid")},
		"text map key": {object{"keys": object{"5": "b"}}, at("/keys/5", "the name of this member is not valid")},
		"host":         {object{"hosts": object{"x": "b"}}, at("/hosts/x", "the name of this member is not valid")},
		"any key":      {object{"any": map[int]any{1: 1}}, at("/any/1", "the name of this member is not valid")},
		"optional":     {object{"late": "x"}, at("/late", "must be a number")},
		"in optional":  {object{"pairs": []any{nil, 1}}, at("/pairs/1", "must be a time")},
		"missing": {object{"items": []any{object{"note": "x"}, object{}}}, []endpoint.Violation{
			{Pointer: "/items/0/qty", Detail: "missing"}, {Pointer: "/items/1/qty", Detail: "missing"},
		}},
		"in a pointer": {object{"next": object{"next": object{"ok": "x"}}}, at("/next/next/ok", "must be true or false")},
	}
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		c, err := codec.Of[order](f, codec.Options{})
		require.NoError(t, err)
		for name, tt := range tests {
			text, err := f.Append(nil, &tt.in)
			require.NoError(t, err, name)
			var v order
			err = c.Decode(text, &v)
			require.ErrorIs(t, err, codec.ErrInvalid, name)
			require.Equal(t, tt.want, endpoint.ErrorOf(err).Violations(), name)
		}
	})
}

// TestTruncated cuts a value at each byte.
func TestTruncated(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, name string) {
		text, err := f.Append(nil, new(full()))
		require.NoError(t, err)
		for n := range text {
			var v order
			err := f.Decode(text[:n], &v)
			require.ErrorIs(t, err, codec.ErrInvalid, "%d bytes of %d", n, len(text))
			require.Contains(t, endpoint.ErrorOf(err).Violations()[0].Detail, name, "%d bytes of %d", n, len(text))
		}
		var v order
		err = f.Decode(append(text, 0), &v)
		require.Equal(t, []endpoint.Violation{{Detail: "there is more after the " + name + " value"}}, endpoint.ErrorOf(err).Violations())
	})
}

// TestNulls reads null where it is a value, and names each place where it is none.
func TestNulls(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		text, err := f.Append(nil, &object{"items": nil, "next": nil, "late": nil, "any": nil, "raw": nil, "map": nil, "keys": nil, "pairs": []any{nil}})
		require.NoError(t, err)
		v := full()
		require.NoError(t, f.Decode(text, &v))
		require.True(t, v.Late.IsNull())
		v.Late.Clear()
		want := full()
		want.Items, want.Next, want.Any, want.Raw, want.Map, want.Keys = nil, nil, nil, nil, nil, nil
		want.Pairs = codec.Some([]*time.Time{nil})
		want.Late.Clear()
		require.Equal(t, want, v)

		for pointer, in := range map[string]object{
			"/kind": {"kind": nil}, "/at": {"at": nil}, "/sum": {"sum": nil}, "/wait": {"wait": nil}, "/ok": {"ok": nil},
			"/id": {"id": nil}, "/rate": {"rate": nil}, "/pair": {"pair": nil}, "/pair/1": {"pair": []any{1, nil}},
			"/addr": {"addr": nil}, "/items/0": {"items": []any{nil}}, "/items/0/qty": {"items": []any{object{"qty": nil}}},
			"/map/a": {"map": object{"a": nil}}, "/next/ok": {"next": object{"ok": nil}}, "/hosts/::1": {"hosts": object{"::1": nil}},
		} {
			text, err := f.Append(nil, &in)
			require.NoError(t, err)
			var v order
			err = f.Decode(text, &v)
			require.Equal(t, []endpoint.Violation{{Pointer: pointer, Detail: "must not be null"}}, endpoint.ErrorOf(err).Violations(), "%v", in)

			c, err := codec.Of[order](f, codec.Options{NullIsZero: true})
			require.NoError(t, err)
			require.NoError(t, c.Decode(text, &v), "%v", in)
		}
		text, err = f.Append(nil, new(any))
		require.NoError(t, err)
		for _, v := range []any{new(order), new(int), new(any), new(codec.Optional[int])} {
			require.Equal(t, []endpoint.Violation{{Detail: "must not be null"}}, endpoint.ErrorOf(f.Decode(text, v)).Violations(), "%T", v)
		}
	})
}

// level lists its values. The error of odd has a reason for the caller.
type (
	level string
	odd   string
)

func (l level) MarshalText() ([]byte, error) { return []byte(l), nil }
func (level) Values() []string               { return []string{"low", "high"} }
func (l *level) UnmarshalText(b []byte) error {
	if *l = level(b); *l != "low" && *l != "high" {
		return errors.New("hunter2")
	}
	return nil
}

func (o odd) MarshalText() ([]byte, error) { return []byte(o), nil }
func (*odd) UnmarshalText([]byte) error {
	return endpoint.Errorf(endpoint.InvalidArgument, "must be odd: %w", errors.New("hunter2"))
}

// TestReasons wants the reason of each type that rejects a value.
func TestReasons(t *testing.T) {
	t.Parallel()
	type body struct {
		Level codec.Optional[level] `json:"level,omitzero"`
		Odd   []odd                 `json:"odd"`
		Keys  map[level]int         `json:"keys"`
	}
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		text, err := f.Append(nil, &map[string]any{"level": "mid", "odd": []string{"x"}, "keys": map[string]int{"low": 1, "mid": 2}})
		require.NoError(t, err)
		err = f.Decode(text, new(body))
		require.ElementsMatch(t, []endpoint.Violation{
			{Pointer: "/level", Detail: "must be one of low, high"},
			{Pointer: "/odd/0", Detail: "must be odd"},
			{Pointer: "/keys/mid", Detail: "the name of this member is not valid: must be one of low, high"},
		}, endpoint.ErrorOf(err).Violations())
		require.NotContains(t, err.Error(), "hunter2")

		text, err = f.Append(nil, &map[string]any{"level": "mid", "keys": map[int]int{1: 1}})
		require.NoError(t, err)
		require.Contains(t, endpoint.ErrorOf(f.Decode(text, new(body))).Violations(),
			endpoint.Violation{Pointer: "/keys/1", Detail: "the name of this member is not valid"}, "the reason is of another value")
	})
}

// TestJSONNumbers carries the numbers that JSON reads from large integers.
func TestJSONNumbers(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		var in any
		require.NoError(t, codec.JSON().Decode([]byte(`[9007199254740993,-9007199254740993,18446744073709551615]`), &in))
		text, err := f.Append(nil, &in)
		require.NoError(t, err)
		var v any
		require.NoError(t, f.Decode(text, &v))
		require.Equal(t, []any{int64(9007199254740993), int64(-9007199254740993), uint64(math.MaxUint64)}, v)
		back, err := codec.JSON().Append(nil, &v)
		require.NoError(t, err)
		require.Equal(t, `[9007199254740993,-9007199254740993,18446744073709551615]`, string(back))

		var numbers []json.Number
		text, err = f.Append(nil, &[]any{1, -1, uint64(math.MaxUint64), 1.5, math.MinInt64})
		require.NoError(t, err)
		require.NoError(t, f.Decode(text, &numbers))
		require.Equal(t, []json.Number{"1", "-1", "18446744073709551615", "1.5", "-9223372036854775808"}, numbers)
		again, err := f.Append(nil, &numbers)
		require.NoError(t, err)
		require.Equal(t, text, again)

		text, err = f.Append(nil, &[]any{"1"})
		require.NoError(t, err)
		require.Equal(t, []endpoint.Violation{{Pointer: "/0", Detail: "must be a number"}}, endpoint.ErrorOf(f.Decode(text, &numbers)).Violations())
		for _, number := range []json.Number{"18446744073709551616", "-9223372036854775809", "1e999", "x", "0x1", "+1", " 1"} {
			_, err := f.Append(nil, &number)
			require.Error(t, err, number)
		}
		text, err = f.Append(nil, new(json.Number))
		require.NoError(t, err)
		var n int
		require.NoError(t, f.Decode(text, &n), "the empty one is 0, as encoding/json has it")
	})
}

func TestAbsence(t *testing.T) {
	t.Parallel()
	type rest struct {
		Empty  string              `json:"empty,omitempty"`
		None   []int               `json:"none,omitempty"`
		Zero   int                 `json:"zero,omitempty"` // written: json/v2 leaves out only what is empty
		Zeroed int                 `json:"zeroed,omitzero"`
		At     time.Time           `json:"at,omitzero"`
		Never  *time.Time          `json:"never,omitzero"`
		Opt    codec.Optional[int] `json:"opt,omitzero"`
		Nested struct {
			Opt codec.Optional[int] `json:"opt,omitzero"`
		} `json:"nested,omitempty"` //nolint:modernize // it has one in json/v2
	}
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		text, err := f.Append(nil, &rest{At: time.Time{}.In(time.FixedZone("x", 60)), Never: &time.Time{}})
		require.NoError(t, err)
		var got any
		require.NoError(t, f.Decode(text, &got))
		require.Equal(t, map[string]any{"zero": int64(0)}, got)
	})
}

func TestAllowUnknown(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		c, err := codec.Of[item](f, codec.Options{AllowUnknown: true})
		require.NoError(t, err)
		text, err := f.Append(nil, &map[string]any{"qty": 1, "new": map[string]any{"a": []any{1, "x", nil}}, "z": 1.5})
		require.NoError(t, err)
		var v item
		require.NoError(t, c.Decode(text, &v))
		require.Equal(t, item{Qty: 1}, v)
	})
}

func TestFolded(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		text, err := f.Append(nil, &map[string]any{"FO_LD": "x"})
		require.NoError(t, err)
		var v order
		require.NoError(t, f.Decode(text, &v))
		require.Equal(t, "x", v.Fold)
	})
}

type hiding struct{ *base }

type onlyJSON struct{}

func (onlyJSON) MarshalJSON() ([]byte, error) { return []byte("1"), nil }
func (*onlyJSON) UnmarshalJSON([]byte) error  { return nil }

type message struct{ N int }

func (*message) ProtoReflect() int { return 0 }

func TestFormless(t *testing.T) {
	t.Parallel()
	type bad struct {
		F func()
		C chan int
		X complex128
		E error
		M map[float64]int
		J onlyJSON
		P *message
		R int                 `required:"yes"`
		O codec.Optional[int] `json:"o"`
	}
	onFormats(t, func(t *testing.T, f codec.Compiler, name string) {
		_, err := codec.Of[bad](f, codec.Options{})
		for _, want := range []string{
			".F: a func has no form in " + name, ".C: a chan", ".X: a complex128", ".E: an interface with methods", ".M: a map with keys of kind float64",
			".J: it writes itself as JSON only", ".J: it reads itself from JSON only", ".P: a message of protobuf has no form", "field R: tag required",
			".O: an Optional member needs the tag option omitzero",
		} {
			require.ErrorContains(t, err, want)
		}
		_, err = f.Compile(reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"twice"`}, {Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"twice"`},
		}), codec.Options{})
		require.ErrorContains(t, err, "twice")
		_, err = codec.Of[hiding](f, codec.Options{})
		require.Error(t, err)
		_, err = codec.Of[struct {
			Rest map[string]int `json:",embed"`
		}](f, codec.Options{})
		require.ErrorContains(t, err, "an embedded map")
		// Without Compile, and within an any, the same is an error of the call.
		_, err = f.Append(nil, new(bad))
		require.Error(t, err)
		require.Error(t, f.Decode([]byte{1}, new(bad)))
		text, err := f.Append([]byte("head"), &[]any{1, make(chan int)})
		require.ErrorContains(t, err, "a chan has no form")
		require.Equal(t, "head", string(text))
	})
}

func TestUnwritable(t *testing.T) {
	t.Parallel()
	type node struct{ Next any }
	loop := &node{}
	loop.Next = loop
	var self any
	self = &self
	for name, v := range map[string]any{
		"NaN": &[]float64{math.NaN()}, "infinity": &[]float32{float32(math.Inf(1))}, "UTF-8": &map[string]string{"a": "\xff"},
		"UTF-8 of a key": &map[string]string{"\xff": "a"}, "cycle": loop, "cycle of any": &self,
	} {
		onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
			text, err := f.Append([]byte("head"), v)
			require.Error(t, err, name)
			require.Equal(t, "head", string(text), name)
		})
	}
}

// nested returns a value of any within n arrays.
func nested(n int) (v any) {
	for v = any([]any{}); n > 1; n-- {
		v = []any{v}
	}
	return v
}

func TestDepth(t *testing.T) {
	t.Parallel()
	type node struct {
		Next *node `json:"next,omitzero"`
	}
	tooDeep := []endpoint.Violation{{Detail: "nested too deeply"}}
	onFormats(t, func(t *testing.T, f codec.Compiler, name string) {
		deepest := nested(1000)
		text, err := f.Append(nil, &deepest)
		require.NoError(t, err)
		var got any
		require.NoError(t, f.Decode(text, &got))
		deeper := nested(1001)
		_, err = f.Append(nil, &deeper)
		require.ErrorContains(t, err, "nested too deeply")

		one := []byte{0x81} // an array of one in CBOR
		if name == "MessagePack" {
			one = []byte{0x91}
		}
		for _, n := range []int{1000, 1_000_000} {
			text = append([]byte(strings.Repeat(string(one), n)), one[0]-1)
			require.Equal(t, tooDeep, endpoint.ErrorOf(f.Decode(text, &got)).Violations())
			// In what is passed over, too.
			text, err = f.Append(nil, &map[string]any{"qty": 1, "zzzz": nil})
			require.NoError(t, err)
			text = append(text[:len(text)-1], strings.Repeat(string(one), n)...)
			text = append(text, one[0]-1)
			lenient, err := codec.Of[item](f, codec.Options{AllowUnknown: true})
			require.NoError(t, err)
			var v item
			require.Equal(t, tooDeep, endpoint.ErrorOf(lenient.Decode(text, &v)).Violations())
		}
		list := &node{}
		for range 998 {
			list = &node{list}
		}
		text, err = f.Append(nil, list)
		require.NoError(t, err)
		require.NoError(t, f.Decode(text, new(node)))
	})
}

// TestPromises has heads that promise more than there is.
func TestPromises(t *testing.T) {
	t.Parallel()
	for name, heads := range map[string][]string{
		"CBOR":        {"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "\x5b\xff\xff\xff\xff\xff\xff\xff\xff", "\x7a\xff\xff\xff\xff"},
		"MessagePack": {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff\xff"},
	} {
		for _, head := range heads {
			for _, v := range []any{new(any), new([]order), new(map[string]order), new(string), new([]byte), new(order)} {
				require.ErrorIs(t, formats[name].Decode([]byte(head), v), codec.ErrInvalid, "%s %x into %T", name, head, v)
				require.ErrorIs(t, formats[name].Decode([]byte(head+"\x01\x01"), v), codec.ErrInvalid, "%s %x into %T", name, head, v)
			}
		}
	}
}

func TestManyFaults(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		text, err := f.Append(nil, new(make([]string, 1000)))
		require.NoError(t, err)
		err = f.Decode(text, new([]int))
		require.Len(t, endpoint.ErrorOf(err).Violations(), 50)
		require.NotContains(t, err.Error(), "int", "the name of a type")
	})
}

// TestManyMembers has a struct with more members than a word has bits, one head
// larger than it turns out to be, and a member twice.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	var fields []reflect.StructField
	for i := range 300 {
		fields = append(fields, reflect.StructField{Name: "F" + strings.Repeat("x", i), Type: reflect.TypeFor[int](), Tag: `json:",omitzero"`})
	}
	typ := reflect.StructOf(fields)
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		for _, n := range []int{0, 1, 20, 30, 299, 300} {
			v := reflect.New(typ)
			for i := range n {
				v.Elem().Field(299 - i).SetInt(int64(i + 1))
			}
			text, err := f.Append(nil, v.Interface())
			require.NoError(t, err)
			got := reflect.New(typ)
			require.NoError(t, f.Decode(text, got.Interface()))
			require.Equal(t, v.Interface(), got.Interface())
		}
	})
}

func FuzzDecode(f *testing.F) {
	compiled := map[string]codec.Codec[order]{}
	for name, format := range formats {
		c, err := codec.Of[order](format, codec.Options{})
		require.NoError(f, err)
		text, err := c.Append(nil, full())
		require.NoError(f, err)
		f.Add(text)
		compiled[name] = c
	}
	f.Add([]byte("\xa1\x62at\xc1\xfb\x41\xd4\x52\xd9\xe2\x00\x00\x00")) // CBOR: a time of tag 1
	f.Add([]byte("\xa2\x62id\xf6\x65items\x81\xf6"))                    // nulls
	f.Add([]byte("\xbf\x64kind\x7f\x61a\x61b\xff\xff"))                 // indefinite lengths
	f.Fuzz(func(t *testing.T, src []byte) {
		for name, c := range compiled {
			var v, w order
			if err := c.Decode(src, &v); err != nil {
				e := endpoint.ErrorOf(err)
				require.Equal(t, endpoint.InvalidArgument, e.Code(), "%s %x", name, src)
				require.NotEmpty(t, e.Violations(), "%s %x", name, src)
				continue
			}
			text, err := c.Append(nil, v)
			require.NoError(t, err, "%s %x", name, src)
			require.NoError(t, c.Decode(text, &w), "%s %x, encoded %x", name, src, text)
			again, err := c.Append(nil, w)
			require.NoError(t, err)
			require.Equal(t, text, again, "%s %x", name, src)
		}
	})
}

// TestErrorsRepeatNothing guards that no text of an error, which is logged, has a
// value that was sent.
func TestErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		body, err := f.Append(nil, &map[string]string{"from": "hunter2"})
		require.NoError(t, err)
		err = f.Decode(body, &struct {
			From netip.Addr `json:"from"`
		}{})
		require.ErrorIs(t, err, codec.ErrInvalid)
		require.Equal(t, "invalid request: /from not valid", err.Error())
	})
}

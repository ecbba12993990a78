package codec_test

import (
	"bytes"
	"encoding/json/jsontext"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// These tests hold the encoder against json/v2: the format that is compiled for a
// type uses the one, the format for every type the other.

type (
	letter byte
	digits [3]letter
	state  string

	// unset is omitted by its own word.
	unset struct{ N int8 }
	// unsetHere is so by the word of its pointer.
	unsetHere struct{ S string }
)

func (u unset) IsZero() bool      { return u.N < 0 }
func (u *unsetHere) IsZero() bool { return strings.HasPrefix(u.S, "x") }

type numbers struct {
	Int     int
	Int8    int8
	Int16   int16
	Int32   int32
	Int64   int64
	Uint    uint
	Uint8   uint8
	Uint16  uint16
	Uint32  uint32
	Uint64  uint64
	Float32 float32
	Float64 float64
}

type quotedNumbers struct {
	Int   int8    `json:",string"`
	Uint  uint64  `json:"u,string,omitzero"`
	Float float64 `json:"f,string,omitempty"`
	Short float32 `json:",string"`
}

type texts struct {
	B     bool
	S     string
	State state `json:"state,case:ignore"`
	Raw   []byte
	Fixed [5]byte
	None  [0]byte
	L     []letter
	D     digits
	Wait  time.Duration
	At    time.Time
}

type lists struct {
	Strings []string
	Deep    [][]int16
	Pairs   [2][]bool
	Empty   [0]string
	Structs []quotedNumbers
	Nothing []struct{}
	Nowhere []*struct{}
}

type maps struct {
	Counts  map[string]int8
	States  map[state]*numbers
	Lists   map[string][]string `json:"lists,omitempty"`
	Deep    map[string]map[string]quotedNumbers
	Nothing map[string]struct{} `json:"nothing,omitzero"`
	Behind  *map[string]bool
}

type pointers struct {
	I  *int
	S  **string
	T  *time.Time
	D  *time.Duration
	L  *[]string
	At *struct{ X, Y float32 }
}

type omitting struct {
	I   int                   `json:"i,omitzero"`
	F   float64               `json:",omitzero"`
	S   string                `json:"s,omitzero"`
	E   string                `json:"e,omitempty"`
	EE  *string               `json:",omitempty,omitzero"`
	L   []string              `json:"l,omitzero"`
	LE  []string              `json:"le,omitempty"`
	A   [2]float32            `json:"a,omitzero"`
	AE  [0]int                `json:",omitempty"`
	T   time.Time             `json:"t,omitzero"`
	TP  *time.Time            `json:"tp,omitzero"`
	D   time.Duration         `json:"d,omitzero,omitempty"`
	O   struct{ S, T string } `json:"o,omitzero"`
	U   unset                 `json:"u,omitzero"`
	UP  *unset                `json:"up,omitzero"`
	UH  unsetHere             `json:"uh,omitzero"`
	UHP *unsetHere            `json:"uhp,omitzero"`
	Raw []byte                `json:"raw,omitempty"`
	P   **string              `json:"p,omitempty"`
}

type named struct {
	A int    `json:"<a & b>"`
	B int    `json:"größe"`
	D int    `json:"-"`
	E int    `json:"e\tf"`
	G string `json:" spaced "`
	h int
}

type inner struct {
	In  string `json:"in"`
	Own int    `json:"own,omitempty"`
}

type Outer struct {
	inner
	Out int `json:"out,omitzero"`
}

type embedding struct {
	First bool `json:"first,omitempty"`
	Outer
	Last   numbers `json:",embed"`
	Within inner   `json:"within"`
}

// encoded are the types that the encoder writes.
var encoded = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[float32](), reflect.TypeFor[int64](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[[4]byte](), reflect.TypeFor[digits](), reflect.TypeFor[state](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[struct{}](),
	reflect.TypeFor[*string](), reflect.TypeFor[**numbers](), reflect.TypeFor[[]*omitting](),
	reflect.TypeFor[numbers](), reflect.TypeFor[quotedNumbers](), reflect.TypeFor[texts](), reflect.TypeFor[lists](),
	reflect.TypeFor[pointers](), reflect.TypeFor[omitting](), reflect.TypeFor[named](), reflect.TypeFor[embedding](),
	reflect.TypeFor[item](),
	reflect.StructOf([]reflect.StructField{ // as httpx makes them, to hide what is no part of a body
		{Name: "ID", Type: reflect.TypeFor[int](), Tag: `json:"id"`},
		{Name: "hidden1", PkgPath: "httpx", Type: reflect.TypeFor[string](), Tag: `json:"-"`},
		{Name: "Outer", Type: reflect.TypeFor[Outer](), Tag: `json:",embed"`},
		{Name: "Rest", Type: reflect.TypeFor[[]texts](), Tag: `json:"rest,omitempty"`},
		{Name: "Embedded4", Type: field[[]bool](""), Anonymous: true},
	}),
	nested(reflect.TypeFor[float64](), 900),
	field[int](`json:"-,case:strict"`),
	field[struct {
		S string `json:",omitempty"`
	}](`json:"o,omitempty"`), // empty without its member
	reflect.TypeFor[map[string]int](), reflect.TypeFor[maps](),
}

func nested(t reflect.Type, depth int) reflect.Type {
	for range depth {
		t = reflect.SliceOf(t)
	}
	return t
}

type tree struct {
	Left, Right *tree
}

// field returns a struct of one field.
func field[T any](tag reflect.StructTag) reflect.Type {
	return reflect.StructOf([]reflect.StructField{{Name: "F", Type: reflect.TypeFor[T](), Tag: tag}})
}

// left are types that json/v2 writes, each for a reason of its own.
var left = map[string]reflect.Type{
	"map of numbers":   field[map[int]int](""),
	"map of texts":     field[map[netip.Addr]int](""),
	"map of any":       reflect.TypeFor[map[string]any](),
	"any":              reflect.TypeFor[[]any](),
	"optional":         field[codec.Optional[int]](`json:",omitzero"`),
	"text":             reflect.TypeFor[[]netip.Addr](),
	"raw":              field[jsontext.Value](""),
	"in itself":        reflect.TypeFor[tree](),
	"too deep":         nested(reflect.TypeFor[int](), 1100),
	"string of text":   field[string](`json:",string"`),
	"string of list":   field[[]int](`json:",string"`),
	"string of time":   field[time.Duration](`json:",string"`),
	"string behind":    field[*int](`json:",string"`),
	"new option":       field[int](`json:",fresh"`),
	"embedded map":     field[map[string]int](`json:",embed"`),
	"embedded pointer": reflect.TypeFor[struct{ *inner }](),
	"embedded twice": reflect.TypeFor[struct {
		inner
		In int `json:"in"`
	}](),
	"named embedded": reflect.TypeFor[struct {
		inner `json:"inner"`
	}](),
}

// compiled returns the format for a type alone.
func compiled(tb testing.TB, typ reflect.Type) codec.Format {
	tb.Helper()
	f, err := codec.JSON().Compile(typ, codec.Options{})
	require.NoError(tb, err)
	return f
}

func TestEncoded(t *testing.T) {
	t.Parallel()
	for _, typ := range encoded {
		require.True(t, codec.Encodes(compiled(t, typ)), typ)
	}
	for name, typ := range left {
		require.False(t, codec.Encodes(compiled(t, typ)), name)
	}
}

// requireSame checks that a format writes what json/v2 writes, after what is
// there, and fails as it does; and one value after the other, too.
func requireSame(tb testing.TB, f codec.Format, v any) {
	tb.Helper()
	want, wantErr := codec.JSON().Append([]byte("x"), v)
	got, err := f.Append([]byte("x"), v)
	require.Equal(tb, string(want), string(got), "%+v", reflect.ValueOf(v).Elem())
	require.Equal(tb, wantErr, err)

	var buf bytes.Buffer
	write := f.(interface {
		Into(*bytes.Buffer) func(any) error
	}).Into(&buf)
	for range 2 {
		buf.Reset()
		err := write(v)
		require.Equal(tb, wantErr, err)
		if err != nil {
			return
		}
		require.Equal(tb, string(want[1:])+"\n", buf.String())
	}
}

// TestEncodeZero writes the zero value of each type, with what is nil in it.
func TestEncodeZero(t *testing.T) {
	t.Parallel()
	for _, typ := range encoded {
		requireSame(t, compiled(t, typ), reflect.New(typ).Interface())
	}
}

func TestEncodeLimits(t *testing.T) {
	t.Parallel()
	hour := func(h float64) *time.Location { return time.FixedZone("", int(h*3600)) }
	at := func(year int, loc *time.Location) time.Time { return time.Date(year, 2, 3, 4, 5, 6, 7, loc) }
	tests := []struct {
		v    any    // a pointer
		want string // nothing for an error
	}{
		{&numbers{}, `{"Int":0,"Int8":0,"Int16":0,"Int32":0,"Int64":0,"Uint":0,"Uint8":0,"Uint16":0,"Uint32":0,"Uint64":0,"Float32":0,"Float64":0}`},
		{
			&numbers{math.MaxInt, math.MaxInt8, math.MaxInt16, math.MaxInt32, math.MaxInt64, math.MaxUint, math.MaxUint8, math.MaxUint16, math.MaxUint32, math.MaxUint64, math.MaxFloat32, math.MaxFloat64},
			`{"Int":9223372036854775807,"Int8":127,"Int16":32767,"Int32":2147483647,"Int64":9223372036854775807,"Uint":18446744073709551615,"Uint8":255,"Uint16":65535,"Uint32":4294967295,"Uint64":18446744073709551615,"Float32":3.4028235e+38,"Float64":1.7976931348623157e+308}`,
		},
		{
			&numbers{math.MinInt, math.MinInt8, math.MinInt16, math.MinInt32, math.MinInt64, 0, 0, 0, 0, 0, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat64},
			`{"Int":-9223372036854775808,"Int8":-128,"Int16":-32768,"Int32":-2147483648,"Int64":-9223372036854775808,"Uint":0,"Uint8":0,"Uint16":0,"Uint32":0,"Uint64":0,"Float32":1e-45,"Float64":-5e-324}`,
		},
		{&quotedNumbers{math.MinInt8, math.MaxUint64, 1e21, 1e-7}, `{"Int":"-128","u":"18446744073709551615","f":"1e+21","Short":"1e-7"}`},
		{new(math.Copysign(0, -1)), `-0`},
		{new(1e20), `100000000000000000000`},
		{new(1e21), `1e+21`},
		{new(1e-6), `0.000001`},
		{new(9.5e-7), `9.5e-7`},
		{new(float32(1e-6)), `0.000001`},
		{new(float32(0.1)), `0.1`},
		{new(math.NaN()), ``},
		{new(math.Inf(1)), ``},
		{&numbers{Float32: float32(math.Inf(-1))}, ``},
		{new(""), `""`},
		{new("\x00\x1f \x7f\"\\/\b\f\n\r\t<&>"), "\"\\u0000\\u001f \x7f\\\"\\\\/\\b\\f\\n\\r\\t<&>\""},
		{new("é日\u2028\u2029\U0001f600\ufffd"), "\"é日\u2028\u2029\U0001f600\ufffd\""},
		{new("eight ok"), `"eight ok"`},
		{new("null"), `"null"`},
		{new("\xff"), ``},
		{new("cut \xf0\x9f\x98"), ``},
		{new("surrogate \xed\xa0\x80"), ``},
		{&[]string{"fine", "\xc3"}, ``},
		{new([]byte(nil)), `""`},
		{new([]byte{0, 255, 16}), `"AP8Q"`},
		{new([2]byte{1, 2}), `"AQI="`},
		{new(digits{1, 2, 3}), `[1,2,3]`},
		{new([]int(nil)), `[]`},
		{new([][]int{{}, {1, 2}, nil}), `[[],[1,2],[]]`},
		{new(*int), ``},
		{new(new(new(5))), `5`},
		{(*numbers)(nil), ``},
		{new(time.Duration(math.MinInt64)), `"-2562047h47m16.854775808s"`},
		{new(1500 * time.Nanosecond), `"1.5µs"`},
		{new(time.Time{}), `"0001-01-01T00:00:00Z"`},
		{new(at(9999, hour(-1.5))), `"9999-02-03T04:05:06.000000007-01:30"`},
		{new(at(-1, time.UTC)), ``},
		{new(at(10000, time.UTC)), ``},
		{new(at(2026, hour(24))), ``},
		{new(at(2026, hour(-23.99))), `"2026-02-03T04:05:06.000000007-23:59"`},
		{&omitting{}, `{"u":{"N":0},"uh":{"S":""}}`},
		{&embedding{Outer: Outer{inner{"a", 1}, 2}}, `{"first":false,"in":"a","own":1,"out":2,"Int":0,"Int8":0,"Int16":0,"Int32":0,"Int64":0,"Uint":0,"Uint8":0,"Uint16":0,"Uint32":0,"Uint64":0,"Float32":0,"Float64":0,"within":{"in":"","own":0}}`},
		{&named{1, 2, 4, 5, "", 6}, "{\"<a & b>\":1,\"größe\":2,\"e\\tf\":5,\" spaced \":\"\"}"},
	}
	for _, tt := range tests {
		f := compiled(t, reflect.TypeOf(tt.v).Elem())
		require.True(t, codec.Encodes(f), tt.v)
		got, err := f.Append(nil, tt.v)
		require.Equal(t, tt.want == "", err != nil, "%v: %v", tt.v, err)
		require.Equal(t, tt.want, string(got))
		if v := reflect.ValueOf(tt.v); !v.IsNil() {
			requireSame(t, f, tt.v)
		}
	}
}

// TestEncodeBytes has every byte at every place of a string, which is looked at
// eight bytes at once.
func TestEncodeBytes(t *testing.T) {
	t.Parallel()
	f := compiled(t, reflect.TypeFor[string]())
	for c := range 256 {
		for i := range 17 {
			text := bytes.Repeat([]byte{'~'}, 17)
			text[i] = byte(c)
			requireSame(t, f, new(string(text)))
		}
	}
}

// TestEncodeOther gives a format what it is not compiled for.
func TestEncodeOther(t *testing.T) {
	t.Parallel()
	f := compiled(t, reflect.TypeFor[numbers]())
	for _, v := range []any{new("text"), numbers{Int: 1}, new(inner)} {
		want, err := codec.JSON().Append(nil, v)
		require.NoError(t, err)
		got, err := f.Append(nil, v)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// FuzzEncode fills every type that the encoder writes with what the input brings,
// and with what is at the limits.
func FuzzEncode(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, "text", int64(7), 1.5)
	}
	f.Add(uint64(9), "\xff\"\\\n<é", int64(math.MinInt64), math.Inf(1))
	formats := make([]codec.Format, len(encoded))
	for i, typ := range encoded {
		formats[i] = compiled(f, typ)
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string, n int64, x float64) {
		fill := filler{Rand: rand.New(rand.NewPCG(seed, 0)), text: text, n: n, x: x}
		for i, typ := range encoded {
			v := reflect.New(typ)
			fill.value(v.Elem(), 0)
			requireSame(t, formats[i], v.Interface())
		}
	})
}

// filler sets values from an input.
type filler struct {
	*rand.Rand
	text string
	n    int64
	x    float64
	real bool // never NaN, which does not equal itself
}

func (f *filler) value(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(f.int() >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.int()) >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f.float())
	case reflect.String:
		v.SetString(f.string())
	case reflect.Pointer:
		if f.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.value(v.Elem(), depth)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), f.len(depth), 5))
		f.elems(v, depth)
	case reflect.Map:
		f.entries(v, depth)
	case reflect.Array:
		f.elems(v, depth)
	case reflect.Struct:
		f.fields(v, depth)
	}
}

// len returns a length, which is next to nothing in the depth.
func (f *filler) len(depth int) int {
	if depth > 3 {
		return f.IntN(2)
	}
	return f.IntN(5)
}

func (f *filler) entries(v reflect.Value, depth int) {
	if f.IntN(4) == 0 {
		return // nil
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range f.len(depth) {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.value(key, depth+1)
		f.value(value, depth+1)
		v.SetMapIndex(key, value)
	}
}

func (f *filler) elems(v reflect.Value, depth int) {
	for i := range v.Len() {
		f.value(v.Index(i), depth+1)
	}
}

func (f *filler) fields(v reflect.Value, depth int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if f.IntN(3) > 0 {
			*v.Addr().Interface().(*time.Time) = time.Unix(f.int()>>(20+f.IntN(44)), f.n).In(time.FixedZone("", int(f.Int32())>>(13+f.IntN(19))))
		}
		return
	}
	for i := range v.NumField() {
		if field := v.Field(i); field.CanSet() || v.Type().Field(i).Anonymous {
			f.value(field, depth)
		}
	}
}

func (f *filler) int() int64 {
	return [...]int64{0, f.n, f.n << f.IntN(64), math.MinInt64, math.MaxInt64, int64(f.Uint64())}[f.IntN(6)]
}

func (f *filler) float() float64 {
	switch f.IntN(200) {
	case 0:
		if f.real {
			return 0
		}
		return math.NaN()
	case 1:
		return math.Inf(-1)
	case 2, 3:
		return f.x
	case 4:
		return math.MaxFloat32
	}
	return f.NormFloat64() * math.Pow10(f.IntN(60)-30)
}

func (f *filler) string() string {
	pieces := [...]string{"", "plain", "longer than eight", "\"", "\\", "\x00", "\x1f", "\x7f", "é", "\u2028", "null", "x"}
	var s strings.Builder
	for range f.IntN(4) {
		s.WriteString(pieces[f.IntN(len(pieces))])
	}
	if f.IntN(20) == 0 {
		s.WriteString(f.text[:f.IntN(len(f.text)+1)])
	}
	return s.String()
}

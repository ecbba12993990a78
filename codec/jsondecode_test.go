package codec_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// These tests hold the compiled readers against json/v2: a format without readers reads the
// same text, and must end with the same value and the same violations.

// optionals and demanding have what only readers are compiled for.
type optionals struct {
	I    codec.Optional[int]                       `json:"i,omitzero"`
	S    codec.Optional[*string]                   `json:"s,omitzero"`
	O    codec.Optional[struct{ A, B []bool }]     `json:"o,omitzero"`
	M    codec.Optional[map[string]string]         `json:"m,omitzero"`
	Deep codec.Optional[codec.Optional[time.Time]] `json:"deep,omitzero"`
}

type demanding struct {
	A   int     `json:"a" required:"true"`
	B   *string `json:"b" required:"true"`
	C   []demanded
	One demanded `json:"one" required:"false"`
}

type demanded struct {
	X bool `json:"x" required:"true"`
	Y bool
}

// decoded are the types that have readers, which are few enough to fuzz each.
var decoded = append([]reflect.Type{
	reflect.TypeFor[optionals](), reflect.TypeFor[demanding](), reflect.TypeFor[codec.Optional[numbers]](),
	reflect.TypeFor[map[string]demanded](), reflect.TypeFor[[3]struct{ A *int }](), reflect.TypeFor[[][]string](),
}, encoded...)

func TestDecoded(t *testing.T) {
	t.Parallel()
	for _, typ := range decoded {
		require.True(t, codec.HasReader(compiled(t, typ)), typ)
	}
	many := func(n int) reflect.Type {
		var fields []reflect.StructField
		for i := range n {
			fields = append(fields, reflect.StructField{Name: "F" + strings.Repeat("x", i), Type: reflect.TypeFor[int]()})
		}
		return reflect.StructOf(fields)
	}
	require.True(t, codec.HasReader(compiled(t, many(64))))
	none := map[string]reflect.Type{
		"65 members": many(65), "optional of any": field[codec.Optional[any]](`json:",omitzero"`),
		"around an optional": reflect.TypeFor[struct{ codec.Optional[int] }](),
	}
	for name, typ := range left {
		if name != "optional" {
			none[name] = typ
		}
	}
	for name, typ := range none {
		f, err := codec.JSON().Compile(typ, codec.Options{})
		if err == nil {
			require.False(t, codec.HasReader(f), name)
		}
	}
}

// requireReads wants that f reads src into v as json/v2 reads it into w, which has the same
// value before. It reports whether readers did it.
func requireReads(tb testing.TB, f codec.Format, src []byte, v, w reflect.Value) bool {
	tb.Helper()
	byReader := codec.Decodes(f, src, v.Interface())
	var err error
	if !byReader {
		err = f.Decode(src, v.Interface())
	}
	want := codec.WithoutReader(f).Decode(src, w.Interface())
	if (err == nil) != (want == nil) || err != nil && !reflect.DeepEqual(endpoint.ErrorOf(want).Violations(), endpoint.ErrorOf(err).Violations()) {
		tb.Fatalf("%s reads %q:\n%v, want\n%v", v.Type(), src, err, want)
	}
	if !reflect.DeepEqual(w.Interface(), v.Interface()) {
		tb.Fatalf("%s reads %q (error %v) as\n%+v, want\n%+v", v.Type(), src, err, v.Elem(), w.Elem())
	}
	return byReader
}

// lenient are the options of clients.
var lenient = codec.Options{AllowUnknown: true, NullIsZero: true}

// TestDecodeGrammar writes all forms of JSON that each type reads, by the grammar of RFC 8259.
// Readers read them into a value that is zero, without json/v2.
func TestDecodeGrammar(t *testing.T) {
	t.Parallel()
	for _, typ := range decoded {
		for _, opts := range []codec.Options{{}, lenient} {
			f, err := codec.JSON().Compile(typ, opts)
			require.NoError(t, err)
			for seed := range uint64(30) {
				s := speaker{Rand: rand.New(rand.NewPCG(seed, 1)), nulls: opts.NullIsZero}
				s.more = opts.AllowUnknown && !strings.Contains(typ.String(), "texts") // one of its members has the option case:ignore
				src := s.text(typ)
				require.True(t, requireReads(t, f, src, reflect.New(typ), reflect.New(typ)), "%s is left to json/v2: %s", typ, src)
			}
		}
	}
}

// TestDecodeEncoded reads what the encoder writes.
func TestDecodeEncoded(t *testing.T) {
	t.Parallel()
	fill := filler{Rand: rand.New(rand.NewPCG(3, 4))}
	for _, typ := range encoded {
		f := compiled(t, typ)
		for range 10 {
			v := reflect.New(typ)
			fill.value(v.Elem(), 0)
			text, err := f.Append(nil, v.Interface())
			if err != nil {
				continue
			}
			require.True(t, requireReads(t, f, text, reflect.New(typ), reflect.New(typ)), "%s", text)
		}
	}
}

// FuzzDecode reads, into values that are zero and values that are not: texts with faults, and
// the text of the input.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint8(seed*7), "")
	}
	for _, text := range []string{"null", " nul", `{"Int":1.5}`, `{"Int":-`, `{"S":"\ud83d\ude00\ud83d"}`, "[\"\xff\"]", `{"i":"1","i":1}`, `{"a":{}}`, `[{"A":1},`, "{\"Short\":\"12\x003\"}"} {
		f.Add(uint64(1), uint8(0), text)
	}
	types := decoded[:0:0]
	for _, typ := range decoded {
		if typ.String() != nested(reflect.TypeFor[float64](), 900).String() {
			types = append(types, typ)
		}
	}
	strict, loose := make([]codec.Format, len(types)), make([]codec.Format, len(types))
	for i, typ := range types {
		strict[i] = compiled(f, typ)
		loose[i], _ = codec.JSON().Compile(typ, lenient)
	}
	f.Fuzz(func(t *testing.T, seed uint64, faults uint8, text string) {
		for i, typ := range types {
			s := speaker{Rand: rand.New(rand.NewPCG(seed, uint64(i))), faults: int(faults), nulls: seed%2 == 0, more: seed%3 == 0}
			for _, src := range [][]byte{s.text(typ), s.noisy(s.text(typ)), []byte(text)} {
				requireReads(t, strict[i], src, reflect.New(typ), reflect.New(typ))
				requireReads(t, loose[i], src, reflect.New(typ), reflect.New(typ))
				requireReads(t, strict[i], src, filled(typ, seed), filled(typ, seed))
				requireReads(t, loose[i], src, filled(typ, seed), filled(typ, seed))
			}
		}
	})
}

// filled returns a pointer to a value that depends on the seed alone.
func filled(typ reflect.Type, seed uint64) reflect.Value {
	v := reflect.New(typ)
	fill := filler{Rand: rand.New(rand.NewPCG(seed, 9)), text: "more text", n: 77, x: 0.5, real: true}
	fill.value(v.Elem(), 0)
	return v
}

// TestDecodeOther gives a format what its readers are not for.
func TestDecodeOther(t *testing.T) {
	t.Parallel()
	f := compiled(t, reflect.TypeFor[numbers]())
	var text string
	require.NoError(t, f.Decode([]byte(`"x"`), &text))
	require.Equal(t, "x", text)
	require.Error(t, f.Decode([]byte(`{}`), (*numbers)(nil)))
	require.Error(t, f.Decode([]byte(`{}`), numbers{}))
	for _, typ := range []reflect.Type{reflect.TypeFor[*int](), reflect.TypeFor[[]int](), reflect.TypeFor[codec.Optional[int]]()} {
		f := compiled(t, typ)
		require.ErrorIs(t, f.Decode([]byte(" null "), reflect.New(typ).Interface()), codec.ErrInvalid, typ)
		require.ErrorIs(t, f.Decode([]byte(" \n"), reflect.New(typ).Interface()), codec.ErrInvalid, typ)
		require.ErrorIs(t, f.Decode(nil, reflect.New(typ).Interface()), codec.ErrInvalid, typ)
	}
}

// TestDecodeKeepsNothing changes the text after it was read.
func TestDecodeKeepsNothing(t *testing.T) {
	t.Parallel()
	f := compiled(t, reflect.TypeFor[texts]())
	src := []byte(`{"S":"` + strings.Repeat("long ", 100) + `","state":"short","Raw":"AAEC"}`)
	var v, w texts
	require.True(t, codec.Decodes(f, src, &v))
	require.True(t, codec.Decodes(f, src, &w))
	for i := range src {
		src[i] = 'x'
	}
	require.Equal(t, w, v)
	require.Equal(t, state("short"), v.State)
	v.Raw[0] = 9
	require.Equal(t, []byte{0, 1, 2}, w.Raw)
}

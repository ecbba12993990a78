package codec_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestReadTokens has for each type what its reader reads, and what it leaves to json/v2. In both
// cases the value is that of json/v2, before which it was zero or was not.
func TestReadTokens(t *testing.T) {
	t.Parallel()
	texts := func(text ...string) []string { return text }
	tests := map[string]struct {
		typ        reflect.Type
		read, left []string
	}{
		"bool": {reflect.TypeFor[bool](), texts("true", "false"), texts("tru", "fals", "t", "f", "truE", "null", "0", `"true"`, "truex")},
		"int8": {
			reflect.TypeFor[int8](), texts("0", "-0", "1", "-1", "127", "-128", "9", "10"),
			texts("128", "-129", "00", "01", "-01", "-", "+1", "1.0", "1e0", "1E0", "1.", "1e", "--1", "a", `"1"`, "1x", "1 1", ":", "/"),
		},
		"int64": {
			reflect.TypeFor[int64](), texts("9223372036854775807", "-9223372036854775808"),
			texts("9223372036854775808", "-9223372036854775809", "18446744073709551616", "-18446744073709551616", "99999999999999999999999"),
		},
		"uint8": {reflect.TypeFor[uint8](), texts("0", "255"), texts("256", "-0", "-1", "0.0")},
		"uint64": {
			reflect.TypeFor[uint64](), texts("18446744073709551615", "18446744073709551610", "18446744073709551609", "10000000000000000000"),
			texts("18446744073709551616", "18446744073709551620", "19000000000000000000", "99999999999999999999", "184467440737095516150", "100000000000000000000"),
		},
		"float64": {
			reflect.TypeFor[float64](), texts("0", "-0", "0.0", "1.5", "1e5", "1E5", "1e+5", "1e-5", "0e0", "-1.25e-3", "1e308", "1e-400", "9.9", "123456789012345678901234567890.5"),
			texts("1e309", "-1e309", "1.", "1.e5", ".5", "1e", "1e+", "01", "-01.5", "-", "1.5.5", "1ee5", "1x", "\x001", "1D5", "NaN", `"1"`),
		},
		"float32": {reflect.TypeFor[float32](), texts("3.4028234e38", "0.1", "-0"), texts("3.5e38", "1.", `"0.1"`, "x")},
		"quoted": {
			field[int8](`json:",string"`), texts(`{"F":"5"}`, `{"F":"-128"}`),
			texts(`{"F":5}`, `{"F":"128"}`, `{"F":"5`, `{"F":"`, `{"F":"5 "}`, `{"F":" 5"}`, `{"F":"5.0"}`, `{"F":""}`, `{"F":"\u0035"}`, `{"F":"null"}`, `{"F":null}`, `{"F":5"}`),
		},
		"string": {
			reflect.TypeFor[string](), texts(`""`, `"a"`, `"12345678"`, `"1234567\n"`, `"12345678\""`, `"\\"`, `"\ud83d\ude00"`, `"é"`, `"1234567é"`, `"日本日本日本\t"`, `"~"`, "\"\x7f\""),
			texts(`"`, `"a`, `"\"`, `"\`, `"a\`, `"\x"`, `"\u12"`, `"\ud83d"`, "\"\n\"", "\"1234567\x1f\"", "\"12345678\x00", "\"\xff\"", "\"\\n\xff\"", "\"12345678\xc3\"", `a"`, "1", "null", `"a"b`),
		},
		"strings": { // in which eight bytes at once are looked at
			reflect.TypeFor[[]string](), texts(`["é","12345678"]`, `["1234567é","12345678"]`, `["123456é\n","12345678"]`),
			texts("[\"\xff\",\"12345678\"]", "[\"a\xffb\",\"12345678\"]", "[\"123456\xff\",\"12345678\"]", "[\"1234567\xff\",\"12345678\"]", "[\"a\x01\",\"12345678\"]"),
		},
		"bytes": {
			reflect.TypeFor[[]byte](), texts(`""`, `"AAEC"`, `"AA=="`, `"AAE="`, `"\u0041AEC"`, `"\/\/\/\/"`),
			texts(`"A"`, `"AA"`, `"AA=A"`, `"A\nAEC"`, `"AAEC\r\n"`, `"AA EC"`, `"-_-_"`, "1", `"é"`, `"AAEC`, "[0]", "null"),
		},
		"byte array": {
			reflect.TypeFor[[4]byte](), texts(`"AAECAw=="`),
			texts(`"AAECAwQF"`, `"AAECAwQ="`, `"AAEC"`, `""`, `"AAECAw=A"`, `"AAEC*w=="`, `"AAECAw==`, `"\u0041AECAw=="`, "1", "[0,1,2,3]", "null"),
		},
		"time": {
			reflect.TypeFor[time.Time](), texts(`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.5+23:59"`, `"2026-01-02T03:04:05-00:00"`, `"\u0032026-01-02T03:04:05Z"`),
			texts(`"2026-01-02T3:04:05Z"`, `"2026-01-02T3:04:05.5Z"`, `"2026-01-02T03:04:05,5Z"`, `"2026-01-02T03:04:05+24:00"`, `"2026-01-02T03:04:05+23:60"`, `"2026-01-02T03:04:0Z"`, `""`, `"x"`, "1", "null",
				`"2026-01-02T03:04:05z"`, `"2026-13-02T03:04:05Z"`, `"2026-01-02T03:04:05Z`, `"2026-01-02T03:04:05+1:00"`, `"2026-01-02 03:04:05Z"`),
		},
		"duration": {reflect.TypeFor[time.Duration](), texts(`"1.5s"`, `"0"`, `"3µs"`, `"1\u0068"`), texts(`"5"`, `""`, `"x"`, "5", "null", `"1s`)},
		"slice": {
			reflect.TypeFor[[]int](), texts("[]", "[ ]", "[1]", "[1,2]", "[ 1 , 2 ]", "[1,2,3,4,5,6,7]"),
			texts("[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "]", "{}", "[1]]", "[null]", "null", "[nul", "[1.5]", "[1,2,3.5]"),
		},
		"array": {
			reflect.TypeFor[[2]int](), texts("[1,2]", "[ 1,2 ]"), texts("[]", "[1]", "[1,2,3]", "[1,2", "[1,2,", "[1,2,]", "[", "null", "{}", "[1,null]"),
		},
		"no array": {reflect.TypeFor[[0]int](), texts("[]"), texts("[1]", "[", "{}")},
		"pointer":  {reflect.TypeFor[[]*int](), texts("[null]", "[1,null]", "[null,2]"), texts("[nul]", "[nulll]", "[n", "[1.5]")},
		"map": {
			reflect.TypeFor[map[string]int](), texts("{}", "{ }", `{"a":1}`, `{"a":1,"b":2}`, `{ "a" : 1 , "b" : 2 }`, `{"\u0061":1,"":2}`),
			texts("{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" 1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":1.5}`, `{"a":null}`, "null", "nul", "[]", `{"a":1]`, `{"a":1}}`),
		},
		"struct": {
			reflect.TypeFor[struct{ A, BB, C int }](), texts("{}", `{"A":1}`, `{"C":1,"BB":2,"A":3}`, `{"A":1,"C":2}`, "{ \"A\"\t:\n1\r,\"BB\":2 }"),
			texts("{", `{"A"`, `{"A":`, `{"A":1`, `{"A":1,`, `{"A":1,}`, `{"A":1,"A":2}`, `{"C":1,"A":1,"C":1}`, `{"a":1}`, `{"\u0041":1}`, `{"A" 1}`, `{A:1}`, `{"A":1]`, `{"A":1}}`, "[]", "null",
				`{"B":1}`, `{"BBB":1}`, `{"A":null}`, `{"A":1,,"C":1}`, `{"A":1 "C":1}`),
		},
		"required": {
			reflect.TypeFor[demanded](), texts(`{"x":true}`, `{"Y":true,"x":false}`), texts("{}", `{"Y":true}`, `{"x":null}`),
		},
		"optional": {
			field[codec.Optional[int]](`json:",omitzero"`), texts(`{"F":null}`, `{"F":1}`, `{}`), texts(`{"F":nul}`, `{"F":"1"}`, `{"F":1.5}`),
		},
	}
	for name, tt := range tests {
		f := compiled(t, tt.typ)
		check := func(text string, read bool) {
			for _, src := range []string{text, " " + text, text + "\n"} {
				if src == "null\n" || strings.TrimSpace(src) != text {
					continue
				}
				ok := requireReads(t, f, []byte(src), reflect.New(tt.typ), reflect.New(tt.typ))
				require.Equal(t, read, ok, "%s: %q", name, src)
				requireReads(t, f, []byte(src), filled(tt.typ, 5), filled(tt.typ, 5))
			}
		}
		for _, text := range tt.read {
			check(text, true)
		}
		for _, text := range tt.left {
			check(text, false)
		}
	}
}

// TestReadNull reads null as the zero value, for clients.
func TestReadNull(t *testing.T) {
	t.Parallel()
	for _, typ := range []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[[2]int](), reflect.TypeFor[[4]byte](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[numbers](), reflect.TypeFor[[]byte](), reflect.TypeFor[map[string]int](),
	} {
		list := reflect.ArrayOf(1, typ)
		f, err := codec.JSON().Compile(list, codec.Options{NullIsZero: true})
		require.NoError(t, err)
		require.True(t, requireReads(t, f, []byte("[null]"), filled(list, 3), filled(list, 3)), typ)
		for _, text := range []string{"[nul]", "[nulll]", "[n", "null"} {
			require.False(t, requireReads(t, f, []byte(text), filled(list, 3), filled(list, 3)), typ)
		}
	}
	f, err := codec.JSON().Compile(reflect.TypeFor[quotedNumbers](), codec.Options{NullIsZero: true})
	require.NoError(t, err)
	require.True(t, requireReads(t, f, []byte(`{"Int":null,"u":"1"}`), reflect.ValueOf(&quotedNumbers{Int: 5}), reflect.ValueOf(&quotedNumbers{Int: 5})))
	require.False(t, requireReads(t, f, []byte(`{"Int":"null"}`), reflect.ValueOf(&quotedNumbers{Int: 5}), reflect.ValueOf(&quotedNumbers{Int: 5})))
}

// TestReadNullOver reads null into what has a value, by the null of each type.
func TestReadNullOver(t *testing.T) {
	t.Parallel()
	for text, typ := range map[string]reflect.Type{
		`{"a":1}`: reflect.TypeFor[map[string]int](), `[1]`: reflect.TypeFor[[]int](), `"AAEC"`: reflect.TypeFor[[]byte](),
		`5`: reflect.TypeFor[*int](), `"x"`: reflect.TypeFor[codec.Optional[string]](),
	} {
		member := reflect.StructOf([]reflect.StructField{{Name: "F", Type: typ, Tag: `json:",omitzero"`}})
		f := compiled(t, member)
		for null, read := range map[string]bool{"null": true, "nul": false} {
			v, w := reflect.New(member), reflect.New(member)
			for _, v := range []reflect.Value{v, w} {
				require.True(t, codec.Decodes(f, []byte(`{"F":`+text+`}`), v.Interface()), typ)
				require.False(t, v.Elem().IsZero(), typ)
			}
			require.Equal(t, read, requireReads(t, f, []byte(`{"F":`+null+`}`), v, w), typ)
		}
	}
}

package codec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestRFC8259 holds what is JSON and what is not, by the sections of the RFC, and
// three choices that it leaves open: names of an object are unique, a null at the
// top is no value, and a number that the value would change is out of range.
func TestRFC8259(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		accept, refuse []string
	}{
		"§2 white space": {
			[]string{" 1", "\t1", "\n1", "\r1", "1 \t\r\n", "[ ]", "{ }", "[1 , 2]", `{"a" : 1 , "b" : 2}`},
			[]string{"\f1", "\v1", "\u00a01", "1\x00", "\ufeff1", "/**/1", "1//x", "# 1"},
		},
		"§3 literals": {
			[]string{"true", "false", "[null]"},
			[]string{"True", "FALSE", "nul", "truefalse", "undefined", "NaN", "Infinity", "-Infinity", "nil", "'a'", "a", "&"},
		},
		"§4 objects": {
			[]string{`{}`, `{"a":1}`, `{"":0}`, `{"a":{"a":{}}}`, `{"\u0000":1}`},
			[]string{`{`, `}`, `{a:1}`, `{"a"}`, `{"a":}`, `{:1}`, `{"a":1,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:1}`, `{null:1}`, `{"a":1}}`, `{"a":1]`, `{"a":1,"a":1}`, `{"a":1,"\u0061":2}`},
		},
		"§5 arrays": {
			[]string{`[]`, `[1]`, `[1,"a",true,null,{},[]]`, strings.Repeat("[", 500) + strings.Repeat("]", 500)},
			[]string{`[`, `]`, `[1,]`, `[,1]`, `[1,,2]`, `[1 2]`, `[1}`, `[]]`, `[[]`, `[*]`, strings.Repeat("[", 100_000)},
		},
		"§6 numbers": {
			[]string{"0", "-0", "1", "-1", "10", "0.5", "-0.5", "1e1", "1E1", "1e+1", "1e-1", "0e0", "1.5e300", "9007199254740992", "9007199254740993", "1e-400"},
			[]string{"+1", "01", "-01", "1.", ".5", "-.5", "-", "1e", "1e+", "1.e1", "0x1", "1_000", "１", "1e400", "--1", "1 2", "0b1", "1.2.3", "1a"},
		},
		"§7 strings": {
			[]string{`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9"`, `"\uD834\uDD1E"`, `"é𝄞"`, `"\u0000"`, "\"\u007f\"", `"/"`, "\"\u2028\""},
			[]string{`"`, `"a`, `a"`, "\"\n\"", "\"\t\"", "\"\x00\"", "\"\x1f\"", `"\a"`, `"\x41"`, `"\u12"`, `"\u12G4"`, `"\`, `"\"`, `"\U0041"`, `'a'`},
		},
		"§8.1 encoding": {
			[]string{`"ü"`, `"日本"`},
			[]string{"\"\xff\"", "\"\xc3\"", "\"\xe9\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "\"\xf4\x90\x80\x80\"", "\xff\xfe1\x00", "[\xa0]"},
		},
		"§8.2 surrogates": {
			nil,
			[]string{`"\ud800"`, `"\udc00"`, `"\ud800x"`, `"\ud800\n"`, `"\ud800\u0041"`, `"\ud800\ud800"`, `"\udc00\ud800"`},
		},
		"one value": {
			[]string{"1\n", "[]\n"},
			[]string{"", " ", "1 1", "[][]", "1,", "{}{}", "[]x", "[] \x00", "null", " null "},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range tt.accept {
				var v any
				require.NoError(t, codec.JSON().Decode([]byte(text), &v), "%.60q", text)
				again, err := codec.JSON().Append(nil, &v)
				require.NoError(t, err, "%.60q", text)
				var w any
				require.NoError(t, codec.JSON().Decode(again, &w), "%.60q", again)
				require.Equal(t, v, w, "%.60q", text)
			}
			for _, text := range tt.refuse {
				var v any
				require.ErrorIs(t, codec.JSON().Decode([]byte(text), &v), codec.ErrInvalid, "%.60q", text)
			}
		})
	}
}

// TestJSONNumbersAtTheirLimits reads and writes the last number that fits each
// kind, and refuses the next one.
func TestJSONNumbersAtTheirLimits(t *testing.T) {
	t.Parallel()
	type all struct {
		I8  int8    `json:"i8"`
		I16 int16   `json:"i16"`
		I32 int32   `json:"i32"`
		I64 int64   `json:"i64"`
		U8  uint8   `json:"u8"`
		U16 uint16  `json:"u16"`
		U32 uint32  `json:"u32"`
		U64 uint64  `json:"u64"`
		F32 float32 `json:"f32"`
		F64 float64 `json:"f64"`
	}
	limits := map[string]struct{ fits, beyond []string }{
		"i8":  {[]string{"127", "-128"}, []string{"128", "-129"}},
		"i16": {[]string{"32767", "-32768"}, []string{"32768", "-32769"}},
		"i32": {[]string{"2147483647", "-2147483648"}, []string{"2147483648", "-2147483649"}},
		"i64": {[]string{"9223372036854775807", "-9223372036854775808", "9007199254740993"}, []string{"9223372036854775808", "-9223372036854775809"}},
		"u8":  {[]string{"0", "255"}, []string{"-1", "256"}},
		"u16": {[]string{"0", "65535"}, []string{"-1", "65536"}},
		"u32": {[]string{"0", "4294967295"}, []string{"-1", "4294967296"}},
		"u64": {[]string{"0", "18446744073709551615"}, []string{"-1", "18446744073709551616"}},
		"f32": {[]string{"3.4028235e+38", "-3.4028235e+38"}, []string{"3.5e38", "-3.5e38"}},
		"f64": {[]string{"1.7976931348623157e+308"}, []string{"1.8e308"}},
	}
	c, err := codec.Of[all](codec.JSON(), codec.Options{})
	require.NoError(t, err)
	for name, l := range limits {
		for _, number := range l.fits {
			var v all
			require.NoError(t, c.Decode([]byte(`{"`+name+`":`+number+`}`), &v), "%s %s", name, number)
			text, err := c.Append(nil, v)
			require.NoError(t, err)
			require.Contains(t, string(text), `"`+name+`":`+number)
		}
		for _, number := range l.beyond {
			var v all
			require.ErrorIs(t, c.Decode([]byte(`{"`+name+`":`+number+`}`), &v), codec.ErrInvalid, "%s %s", name, number)
		}
	}
}

package codec_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestUnknownMembers has members that a client's type does not have.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	type body struct {
		A int               `json:"a"`
		B []struct{ C int } `json:"b"`
	}
	numbered := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"u%d":%d,`, i, i)
		}
		return b.String()
	}
	nest := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := map[string]struct {
		text     string
		byReader bool
	}{
		"kinds":                    {`{"x":null,"a":1,"y":true,"z":false,"v":-1.5e+3,"w":"s","":"\u00e9"}`, true},
		"composites":               {`{"x":{"x":[],"y":{},"a":[1,[2],{"x":0}]},"a":1,"y":[{"a":1},{"a":2}]}`, true},
		"spaces":                   {"{ \"x\" : [ 1 , { \"y\" : 2 } ] , \"a\" : 1 }", true},
		"numbers out of range":     {`{"x":1e999,"y":[-123456789012345678901234567890],"a":1}`, true},
		"in objects":               {`{"b":[{"C":1,"x":1},{"x":2,"C":2}],"x":3}`, true},
		"before, within and after": {`{"x":1,"b":[{"x":{"x":1,"y":2},"y":1}],"y":1,"a":2}`, true},
		"32 of them":               {`{` + numbered(32) + `"a":1}`, true},
		"33 of them":               {`{` + numbered(33) + `"a":1}`, false},
		"32 within":                {`{"x":{` + numbered(31) + `"a":1}}`, true},
		"33 within":                {`{"x":{` + numbered(32) + `"a":1}}`, false},
		"not ASCII":                {`{"größe":1,"größer":{"größe":2}}`, true},
		"100 deep":                 {`{"x":` + nest(100) + `}`, true},
		"101 deep":                 {`{"x":` + nest(101) + `}`, false},
		"objects 101 deep":         {`{"x":` + strings.Repeat(`{"x":`, 101) + "1" + strings.Repeat("}", 101) + `}`, false},
		"too deep":                 {`{"x":` + nest(20_000) + `}`, false},
		"escaped name":             {`{"\u0078":1,"a":1}`, false},
		"escaped known name":       {`{"\u0061":1}`, false},
		"another case":             {`{"A":1}`, true},
		"twice":                    {`{"x":1,"y":1,"x":2}`, false},
		"twice, escaped":           {`{"x":1,"\u0078":2}`, false},
		"a known one twice":        {`{"a":1,"x":1,"a":2}`, false},
		"twice within":             {`{"x":{"y":1,"z":{"y":2},"y":3}}`, false},
		"twice deeper":             {`{"x":[{"z":1,"z":2}]}`, false},
		"twice in an item":         {`{"b":[{"x":1,"x":2}]}`, false},
		"not a literal":            {`{"x":tru}`, false},
		"not a string":             {`{"x":"\x"}`, false},
		"not a number":             {`{"x":01}`, false},
		"not UTF-8":                {"{\"x\":\"\xff\"}", false},
		"name not UTF-8":           {"{\"\xff\":1}", false},
		"no value":                 {`{"x":}`, false},
		"no colon":                 {`{"x"}`, false},
		"open array":               {`{"x":[1`, false},
		"open object":              {`{"x":{"y":1`, false},
		"other bracket":            {`{"x":[1}}`, false},
		"bare comma":               {`{"x":[1,]}`, false},
	}
	f, err := codec.JSON().Compile(reflect.TypeFor[body](), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	strict := compiled(t, reflect.TypeFor[body]())
	for name, tt := range tests {
		require.Equal(t, tt.byReader, requireReads(t, f, []byte(tt.text), reflect.ValueOf(new(body)), reflect.ValueOf(new(body))), name)
		require.False(t, requireReads(t, strict, []byte(tt.text), reflect.ValueOf(new(body)), reflect.ValueOf(new(body))), name)
	}

	f, err = codec.JSON().Compile(field[int](`json:"an_a,case:ignore"`), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	v := reflect.New(field[int](`json:"an_a,case:ignore"`))
	require.NoError(t, f.Decode([]byte(`{"AnA":5}`), v.Interface()))
	require.Equal(t, int64(5), v.Elem().Field(0).Int())
}

package codec_test

import (
	"encoding/json" //nolint:depguard // large numbers arrive as its Number
	"encoding/json/jsontext"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// nullable has a member of each type that has a null, nullless of those that have not.
type nullable struct {
	Pointer *int                  `json:"pointer" required:"true"`
	Slice   []string              `json:"slice"`
	Map     map[string]int        `json:"map"`
	Bytes   []byte                `json:"bytes"`
	Any     any                   `json:"any"`
	Raw     jsontext.Value        `json:"raw"`
	Opt     codec.Optional[int]   `json:"opt,omitzero"`
	Own     big.Int               `json:"own"` // its UnmarshalJSON takes null
	Texts   *netip.Addr           `json:"texts"`
	Inner   []*int                `json:"inner"`
	Deep    map[string][]any      `json:"deep"`
	Opts    []codec.Optional[int] `json:"opts"`
}

type nullless struct {
	Bool     bool                     `json:"bool"`
	Int      int                      `json:"int" required:"true"`
	Float    float32                  `json:"float"`
	Quoted   int                      `json:"quoted,string"`
	String   string                   `json:"string"`
	Array    [2]int                   `json:"array"`
	Sum      [2]byte                  `json:"sum"`
	Time     time.Time                `json:"time"`
	Duration time.Duration            `json:"duration"`
	Addr     netip.Addr               `json:"addr"`
	IP       net.IP                   `json:"ip"` // a slice in Go, a text in JSON
	Number   json.Number              `json:"number"`
	Struct   struct{ N int }          `json:"struct"`
	Items    []string                 `json:"items"`
	Values   map[string]int           `json:"values"`
	Deep     map[string][]item        `json:"deep"`
	Pointer  *[]int                   `json:"pointer"`
	Opt      codec.Optional[[]string] `json:"opt,omitzero"`
}

// TestNull reads null where it is a value, and names each place where it is none.
func TestNull(t *testing.T) {
	t.Parallel()
	const valid = `{"pointer":null,"slice":null,"map":null,"bytes":null,"any":null,"raw":null,"opt":null,"own":null,"texts":null,` +
		`"inner":[null],"deep":{"a":null,"b":[null]},"opts":[null,1]}`
	var v nullable
	require.NoError(t, codec.JSON().Decode([]byte(valid), &v))
	require.True(t, v.Opt.IsNull())
	require.True(t, v.Opts[0].IsNull())
	require.Nil(t, v.Pointer)

	const invalid = `{"bool":null,"int":null,"float":null,"quoted":null,"string":null,"array":null,"sum":null,"time":null,` +
		`"duration":null,"addr":null,"ip":null,"number":null,"struct": ` + "\n\t" + `null,"items":["", null],"values":{"a/b":null},` +
		`"deep":{"x":[null,{"qty":null}]},"pointer":[null],"opt":[null]}`
	at := []string{
		"/bool", "/int", "/float", "/quoted", "/string", "/array", "/sum", "/time", "/duration", "/addr", "/ip", "/number",
		"/struct", "/items/1", "/values/a~1b", "/deep/x/0", "/deep/x/1/qty", "/pointer/0", "/opt/0",
	}
	want := make([]endpoint.Violation, 0, len(at))
	for _, pointer := range at {
		want = append(want, endpoint.Violation{Pointer: pointer, Detail: "must not be null"})
	}
	strict, err := codec.Of[nullless](codec.JSON(), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	for name, decode := range map[string]func([]byte, *nullless) error{
		"any type": func(b []byte, v *nullless) error { return codec.JSON().Decode(b, v) }, "compiled": strict.Decode,
	} {
		var w nullless
		require.Equal(t, want, endpoint.ErrorOf(decode([]byte(invalid), &w)).Violations(), name)
	}

	lenient, err := codec.Of[nullless](codec.JSON(), codec.Options{NullIsZero: true})
	require.NoError(t, err)
	w := nullless{Int: 5}
	require.NoError(t, lenient.Decode([]byte(invalid), &w))
	require.Zero(t, w.Int)
	err = lenient.Decode([]byte(`null`), &w)
	require.Equal(t, []endpoint.Violation{{Detail: "must not be null"}}, endpoint.ErrorOf(err).Violations())
}

// TestNullAlone has each fault as the only one of a text that is valid otherwise.
func TestNullAlone(t *testing.T) {
	t.Parallel()
	for text, v := range map[string]any{
		`{"A":null}`: new(struct{ A int }), `{"A" : null}`: new(struct{ A int }), `[1,null]`: new([]int), `[null]`: new([]string),
		`{"a":null}`: new(map[string]bool), "[1,\n null]": new([2]int), `{"A":[[],[null]]}`: new(struct{ A [][]int }),
		`{"A":"nullnull","B":null}`: new(struct{ A, B string }),
	} {
		require.ErrorIs(t, codec.JSON().Decode([]byte(text), v), codec.ErrInvalid, text)
	}
	var v struct{ A string }
	require.NoError(t, codec.JSON().Decode([]byte(`{"A":"null, [null], :null"}`), &v), "a text with the same letters")
	require.Equal(t, "null, [null], :null", v.A)
}

// TestTwice names a member that is there twice, wherever it is.
func TestTwice(t *testing.T) {
	t.Parallel()
	type value struct {
		Any  any            `json:"any"`
		Raw  jsontext.Value `json:"raw"`
		Own  marked         `json:"own"`
		Keys map[int]int    `json:"keys"`
		Rest map[string]any `json:",embed"`
	}
	for text, pointer := range map[string]string{
		`{"any":{"b":1,"b":2}}`:                 "/any/b",
		`{"any":[0,{"b":{"c":null,"c":null}}]}`: "/any/1/b/c",
		`{"raw":{"b":[{"c/d":1,"c/d":2}]}}`:     "/raw/b/0/c~1d",
		`{"own":{"b":{"c":1,"c":2}}}`:           "/own/b/c",
		`{"new":{"b":1,"b":1}}`:                 "/new/b",
		`{"new":1,"new":1}`:                     "/new",
		`{"keys":{"0":1,"-0":2}}`:               "/keys/-0",
	} {
		var v value
		err := codec.JSON().Decode([]byte(text), &v)
		require.Equal(t, []endpoint.Violation{{Pointer: pointer, Detail: "more than once"}}, endpoint.ErrorOf(err).Violations(), text)
	}
	var both value
	err := codec.JSON().Decode([]byte(`{"keys":{"1":1,"1":2,"2":"x"}}`), &both)
	require.Equal(t, []endpoint.Violation{{Pointer: "/keys/1", Detail: "more than once"}, {Pointer: "/keys/2", Detail: "must be a number"}},
		endpoint.ErrorOf(err).Violations())
	lenient, err := codec.Of[item](codec.JSON(), codec.Options{AllowUnknown: true})
	require.NoError(t, err)
	var v item
	err = lenient.Decode([]byte(`{"qty":1,"new":[{"b":1,"b":2}]}`), &v)
	require.Equal(t, []endpoint.Violation{{Pointer: "/new/0/b", Detail: "more than once"}}, endpoint.ErrorOf(err).Violations())
}

// marked reads itself.
type marked struct{ jsontext.Value }

func (m *marked) UnmarshalJSON(b []byte) error { m.Value = jsontext.Value(b).Clone(); return nil }
func (m marked) MarshalJSON() ([]byte, error)  { return m.Value, nil }

// nest is nothing but lists, so that no member ends the way down.
type nest []nest

func TestDepthOfLists(t *testing.T) {
	t.Parallel()
	for _, v := range []any{new(nest), new(any), new([]jsontext.Value)} {
		err := codec.JSON().Decode([]byte(strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), v)
		require.ErrorIs(t, err, codec.ErrInvalid)
		err = codec.JSON().Decode([]byte(strings.Repeat(`{"a":[`, 20_000)), v)
		require.ErrorIs(t, err, codec.ErrInvalid)
	}
}

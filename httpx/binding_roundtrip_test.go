package httpx_test

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// anything has a field of each kind in each place. As a response, what is in
// the path and the query is in the body.
type anything struct {
	PathText  string  `path:"text"`
	PathInt   int16   `path:"int"`
	PathFloat float64 `path:"float"`
	PathRest  string  `path:"rest"`

	Text     string                 `query:"text"`
	Flag     bool                   `query:"flag"`
	Tiny     int8                   `query:"tiny"`
	Huge     uint64                 `query:"huge"`
	Small    float32                `query:"small"`
	Wait     time.Duration          `query:"wait"`
	At       time.Time              `query:"at"`
	Blob     []byte                 `query:"blob"`
	Color    color                  `query:"color"`
	Pointer  *string                `query:"pointer"`
	Number   *int                   `query:"number"`
	Optional codec.Optional[string] `query:"optional" json:",omitzero"`
	Texts    []string               `query:"texts"`
	Floats   []float64              `query:"floats"`
	Pair     [2]int8                `query:"pair"`

	HeadText  string                  `header:"X-Text"`
	HeadTexts []string                `header:"X-Texts"`
	HeadInt   *int64                  `header:"X-Int"`
	HeadTime  codec.Optional[float64] `header:"X-Float"`

	CookieText string  `cookie:"text"`
	CookieUint *uint16 `cookie:"uint"`

	Body struct {
		Text  string
		Any   any
		Deep  []map[string]*part
		Times map[int8]time.Time
		Wait  time.Duration
		Array [3]uint8
		Blobs [][]byte
		Maybe codec.Optional[*part] `json:",omitzero"`
		Float float64
	} `json:"body"`
	part
}

type part struct {
	Note string            `json:"note"`
	Big  int64             `json:"big,string"`
	More map[string]string `json:"more"`
}

// A generator makes random values.
type generator struct{ *rand.Rand }

var alphabet = []rune("aZ09 -._~/%&=?#+;,:@!$'()*[]{}<>|\\\"^`\t\u00e4\u65e5\U0001f600\u0301\u2028\u007f")

func (g generator) text(keep func(c rune) bool) string {
	var b strings.Builder
	for range g.IntN(6) {
		if c := alphabet[g.IntN(len(alphabet))]; keep == nil || keep(c) {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (g generator) header() string {
	return strings.Trim(g.text(func(c rune) bool { return c != 0x7f }), " \t")
}

func (g generator) cookie() string {
	return g.text(func(c rune) bool { return c >= ' ' && c < 0x7f && !strings.ContainsRune(`";\`, c) })
}

// rest returns segments, none of them empty but the last.
func (g generator) rest() string {
	text := g.text(nil)
	for strings.Contains(text, "//") {
		text = strings.ReplaceAll(text, "//", "/")
	}
	return strings.TrimPrefix(text, "/")
}

func (g generator) float() float64 {
	for {
		f := math.Float64frombits(g.Uint64())
		switch {
		case g.IntN(4) == 0:
			return float64(g.IntN(100)) - 50
		case !math.IsNaN(f) && !math.IsInf(f, 0):
			return f
		}
	}
}

func (g generator) int() int64 {
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt8, math.MinInt16}
	if g.IntN(2) == 0 {
		return edges[g.IntN(len(edges))]
	}
	return int64(g.Uint64()) >> g.IntN(64)
}

func (g generator) time() time.Time {
	if g.IntN(5) == 0 {
		return time.Time{}
	}
	return time.Unix(g.Int64N(1<<33), g.Int64N(1e9)).UTC()
}

func (g generator) part() *part {
	if g.IntN(3) == 0 {
		return nil
	}
	return &part{g.text(nil), g.int(), map[string]string{g.text(nil): g.text(nil) + "\x00"}}
}

func maybe[T any](g generator, v T) *T {
	if g.IntN(3) == 0 {
		return nil
	}
	return &v
}

func optional[T any](g generator, v T) codec.Optional[T] {
	if g.IntN(3) == 0 {
		return codec.Optional[T]{}
	}
	return codec.Some(v)
}

func several[T any](g generator, one func() T) []T {
	var all []T
	for range g.IntN(4) {
		all = append(all, one())
	}
	return all
}

func (g generator) anything() anything {
	v := anything{
		PathText: "x" + g.text(nil), PathInt: int16(g.int()), PathFloat: g.float(), PathRest: g.rest(),
		Text: g.text(nil), Flag: g.IntN(2) == 0, Tiny: int8(g.int()), Huge: uint64(g.int()), Small: float32(g.IntN(1000)) / 3,
		Wait: time.Duration(g.int()), At: g.time(), Color: color(g.text(nil)), Blob: several(g, func() byte { return byte(g.int()) }),
		Pointer: maybe(g, g.text(nil)), Number: maybe(g, int(g.int())), Optional: optional(g, g.text(nil)),
		Texts: several(g, func() string { return g.text(nil) }), Floats: several(g, g.float), Pair: [2]int8{int8(g.int()), int8(g.int())},
		HeadText: g.header(), HeadTexts: several(g, g.header), HeadInt: maybe(g, g.int()), HeadTime: optional(g, g.float()),
		CookieText: g.cookie(), CookieUint: maybe(g, uint16(g.int())),
	}
	if p := g.part(); p != nil {
		v.part = *p
	}
	b := &v.Body
	b.Text, b.Wait, b.Float = g.text(nil)+"\x00", time.Duration(g.int()), g.float()
	b.Any = []any{nil, true, g.text(nil), float64(g.IntN(1 << 30)), map[string]any{g.text(nil): []any{}}}
	b.Deep = several(g, func() map[string]*part { return map[string]*part{g.text(nil): g.part()} })
	b.Times = map[int8]time.Time{int8(g.int()): g.time()}
	b.Array = [3]uint8{uint8(g.int()), 1, 2}
	b.Blobs = several(g, func() []byte { return []byte{byte(g.int())} })
	b.Maybe = optional(g, &part{Note: g.text(nil), More: map[string]string{}})
	return v
}

// tidy makes empty lists and maps nil: JSON does not tell them apart.
func tidy(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() || v.Type().Field(i).Anonymous {
				tidy(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			tidy(v.Elem())
		}
	case reflect.Slice:
		if v.Len() == 0 && v.CanSet() {
			v.SetZero()
		}
		for i := range v.Len() {
			tidy(v.Index(i))
		}
	case reflect.Map:
		if v.Len() == 0 && v.CanSet() {
			v.SetZero()
		}
		for _, k := range v.MapKeys() {
			tidy(v.MapIndex(k))
		}
	}
}

// TestRoundTrip has random values come to the server as they are, and back to
// the client: binding and encoding are each other's inverse.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		var got anything
		c := pair(t, r, route("POST", "/{text}/{int}/{float}/{rest...}", func(_ context.Context, in anything) (anything, error) {
			got = in
			return in, nil
		}))
		calls := 300
		if testing.Short() {
			calls = 50
		}
		for seed := range uint64(calls) {
			want := generator{rand.New(rand.NewPCG(seed, 7))}.anything()
			answer, err := c.Do(t.Context(), want)
			require.NoError(t, err, "seed %d: %q %+v", seed, faultsOf(err), want)
			for _, v := range []any{&want, &got, &answer} {
				tidy(reflect.ValueOf(v).Elem())
			}
			require.Equal(t, want, got, "seed %d, at the server", seed)
			require.Equal(t, want, answer, "seed %d, back at the client", seed)
		}
	})
}

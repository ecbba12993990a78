package httpx_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// inBody has a member of type T beside a parameter.
type inBody[T any] struct {
	ID string `path:"id"`
	V  T      `json:"v,omitzero"`
	W  T      `json:"w,omitzero" required:"true"`
}

// A member is a kind of member of a body.
type member struct {
	svc  httpx.Service
	good map[string]string // JSON to JSON
	bad  map[string]string // JSON to what is wrong with it
}

func memberOf[T any](good, bad map[string]string) member {
	return member{svc: route("POST", "/{id}", func(_ context.Context, in inBody[T]) (map[string]T, error) {
		return map[string]T{"v": in.V, "w": in.W}, nil
	}), good: good, bad: bad}
}

func members() map[string]member {
	const (
		number   = "must be a number"
		integer  = "must be an integer without fraction or exponent"
		tooFar   = "out of range"
		text     = "must be a string"
		boolean  = "must be true or false"
		howLong  = `must be a duration such as "1.5s"`
		when     = "must be a time as in RFC 3339"
		base64   = "must be a string in base64"
		notValid = "not valid"
		notNull  = "must not be null"
	)
	integers := map[string]string{`"1"`: number, `""`: number, `true`: number, `{}`: number, `[]`: number, `null`: notNull, `1.0`: integer, `1e2`: integer, `99999999999999999999`: tooFar}
	whole := map[string]string{`0`: `0`, `7`: `7`}
	return map[string]member{
		"bool":                memberOf[bool](map[string]string{`true`: `true`, `false`: `false`}, map[string]string{`null`: notNull, `"true"`: boolean, `0`: boolean, `""`: boolean}),
		"int":                 memberOf[int](whole, integers),
		"int8":                memberOf[int8](whole, integers),
		"int16":               memberOf[int16](whole, integers),
		"int32":               memberOf[int32](whole, integers),
		"int64":               memberOf[int64](whole, integers),
		"uint":                memberOf[uint](whole, integers),
		"uint8":               memberOf[uint8](whole, integers),
		"uint16":              memberOf[uint16](whole, integers),
		"uint32":              memberOf[uint32](whole, integers),
		"uint64":              memberOf[uint64](whole, integers),
		"float32":             memberOf[float32](map[string]string{`0`: `0`, `1.5`: `1.5`, `1e2`: `100`}, map[string]string{`null`: notNull, `"1"`: number, `1e39`: tooFar, `{}`: number}),
		"float64":             memberOf[float64](map[string]string{`-0.25`: `-0.25`, `1e300`: `1e300`}, map[string]string{`"NaN"`: number, `1e309`: tooFar}),
		"string":              memberOf[string](map[string]string{`""`: `""`, `"a"`: `"a"`, `"\u00fc"`: `"ü"`}, map[string]string{`null`: notNull, `7`: text, `true`: text, `{}`: text, `["a"]`: text}),
		"named":               memberOf[color](map[string]string{`"red"`: `"red"`}, map[string]string{`null`: notNull, `7`: text}),
		"bytes":               memberOf[[]byte](map[string]string{`""`: `""`, `"AP8="`: `"AP8="`}, map[string]string{`"*"`: base64, `[1]`: base64, `7`: base64}),
		"time":                memberOf[time.Time](map[string]string{`"2024-02-29T12:00:00Z"`: `"2024-02-29T12:00:00Z"`}, map[string]string{`null`: notNull, `""`: when, `"x"`: when, `7`: when, `"2024-02-29"`: when}),
		"duration":            memberOf[time.Duration](map[string]string{`"1.5s"`: `"1.5s"`, `"0s"`: `"0s"`}, map[string]string{`null`: notNull, `""`: howLong, `5`: howLong, `"x"`: howLong}),
		"address":             memberOf[netip.Addr](map[string]string{`"192.0.2.1"`: `"192.0.2.1"`}, map[string]string{`null`: notNull, `"x"`: notValid, `7`: text}),
		"pointer":             memberOf[*int8](map[string]string{`0`: `0`, `5`: `5`, `null`: `null`}, map[string]string{`""`: number, `300`: tooFar}),
		"optional":            memberOf[codec.Optional[uint8]](map[string]string{`0`: `0`, `5`: `5`, `null`: `null`}, map[string]string{`""`: number, `300`: tooFar}),
		"slice":               memberOf[[]int8](map[string]string{`[]`: `[]`, `[1,2]`: `[1,2]`, `null`: `[]`}, map[string]string{`1`: "must be an array", `{}`: "must be an array"}),
		"array":               memberOf[[2]bool](map[string]string{`[true,false]`: `[true,false]`}, map[string]string{`null`: notNull, `[true]`: "must have 2 items", `[]`: "must have 2 items", `1`: "must be an array"}),
		"map":                 memberOf[map[string]int](map[string]string{`{}`: `{}`, `{"a":1}`: `{"a":1}`, `null`: `{}`}, map[string]string{`[]`: "must be an object", `1`: "must be an object"}),
		"struct":              memberOf[Text](map[string]string{`{}`: `{"s":""}`, `{"s":"x"}`: `{"s":"x"}`}, map[string]string{`null`: notNull, `[]`: "must be an object", `"x"`: "must be an object"}),
		"pointer to a struct": memberOf[*Text](map[string]string{`{"s":"x"}`: `{"s":"x"}`, `null`: `null`}, map[string]string{`7`: "must be an object"}),
	}
}

// TestMembers has every kind of value in a body, beside a parameter: absent,
// null, zero, a value, malformed, out of range, twice; each fault at its own
// pointer.
func TestMembers(t *testing.T) {
	t.Parallel()
	for name, m := range members() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onRouters(t, func(t *testing.T, r muxer) {
				require.NoError(t, httpx.Mount(r, m.svc))
				for in, want := range m.good {
					a := ask(t, r, "POST", "/7", `{"v":`+in+`,"w":`+in+`}`)
					require.Equal(t, http.StatusOK, a.status, "%s: %s", in, a.body)
					require.JSONEq(t, `{"v":`+want+`,"w":`+want+`}`, a.body, in)
					require.Equal(t, 200, ask(t, r, "POST", "/7", `{"w":`+in+`}`).status, "absent, where that is no fault")
					require.Equal(t, []string{"/v: more than once"}, ask(t, r, "POST", "/7", `{"w":`+in+`,"v":`+in+`,"v":`+in+`}`).faults(t), in)
				}
				for in, want := range m.bad {
					require.Equal(t, []string{"/v: " + want, "/w: missing"}, ask(t, r, "POST", "/7", `{"v":`+in+`}`).faults(t), in)
				}
			})
		})
	}
}

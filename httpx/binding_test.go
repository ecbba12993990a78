package httpx_test

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// One parameter of type T in each source.
type (
	inPath[T any] struct {
		V T `path:"v"`
	}
	inQuery[T any] struct {
		V T `query:"v"`
	}
	inHeader[T any] struct {
		V T `header:"X-V"`
	}
	inCookie[T any] struct {
		V T `cookie:"v"`
	}
	inForm[T any] struct {
		V T `form:"v"`
	}
)

// A kind is a type of parameters, with servers that answer with what they read
// from each source, as JSON.
type kind struct {
	handlers map[string]http.Handler
	zero     string            // JSON of the value of an absent parameter
	good     map[string]string // text to JSON
	bad      map[string]string // text to what is wrong with it
}

func kindOf[T any](t *testing.T, zero string, good, bad map[string]string) kind {
	t.Helper()
	k := kind{zero: zero, good: good, bad: bad, handlers: map[string]http.Handler{}}
	for name, newRouter := range routers {
		on := func(source string, svc httpx.Service) {
			r := newRouter()
			require.NoError(t, httpx.Mount(r, svc))
			k.handlers[source+" on "+name] = r
		}
		on("path", route("GET", "/{v}", func(_ context.Context, in inPath[T]) (map[string]T, error) { return map[string]T{"v": in.V}, nil }))
		on("query", route("GET", "/", func(_ context.Context, in inQuery[T]) (map[string]T, error) { return map[string]T{"v": in.V}, nil }))
		on("header", route("GET", "/", func(_ context.Context, in inHeader[T]) (map[string]T, error) { return map[string]T{"v": in.V}, nil }))
		on("cookie", route("GET", "/", func(_ context.Context, in inCookie[T]) (map[string]T, error) { return map[string]T{"v": in.V}, nil }))
		on("form", route("POST", "/", func(_ context.Context, in inForm[T]) (map[string]T, error) { return map[string]T{"v": in.V}, nil }))
	}
	return k
}

// send sends texts as the values of the parameter; ok is false for texts that
// the source cannot carry.
func (k kind) send(t *testing.T, source string, texts ...string) (a answer, ok bool) {
	t.Helper()
	h := k.handlers[source]
	switch source, _, _ := strings.Cut(source, " "); source {
	case "path":
		if len(texts) != 1 || texts[0] == "" || texts[0] == "." { // a router's matter
			return a, false
		}
		return ask(t, h, "GET", "/"+url.PathEscape(texts[0]), ""), true
	case "query":
		return ask(t, h, "GET", "/?"+url.Values{"v": texts}.Encode(), ""), true
	case "header":
		var header []string
		for _, text := range texts {
			header = append(header, "X-V", text)
		}
		return ask(t, h, "GET", "/", "", header...), true
	case "cookie":
		var all []string
		for _, text := range texts {
			if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == ';' || c == '\\' }) {
				return a, false
			}
			all = append(all, `v="`+text+`"`)
		}
		if len(all) == 0 {
			return ask(t, h, "GET", "/", ""), true
		}
		return ask(t, h, "GET", "/", "", "Cookie", strings.Join(all, "; ")), true
	default:
		return ask(t, h, "POST", "/", url.Values{"v": texts}.Encode(), "Content-Type", "application/x-www-form-urlencoded"), true
	}
}

// place is how a violation names the parameter.
func place(source string) string {
	switch source, _, _ := strings.Cut(source, " "); source {
	case "header":
		return "header:X-V"
	case "form":
		return "/v"
	default:
		return source + ":v"
	}
}

type (
	color   string
	weekday int8
	labels  []byte
)

func kinds(t *testing.T) map[string]kind {
	t.Helper()
	const (
		integer = "must be an integer"
		tooFar  = "out of range"
		number  = "must be a number"
		when    = "must be a time as in RFC 3339"
		howLong = "must be a duration such as 1.5s"
		base64  = "must be base64"
	)
	noInteger := map[string]string{"": integer, " ": integer, "1.0": integer, "1e2": integer, "0x1": integer, "1_0": integer, "x": integer, "1 ": integer, "٣": integer}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{noInteger, more} {
			maps.Copy(all, m)
		}
		return all
	}
	return map[string]kind{
		"string": kindOf[string](t, `""`, map[string]string{"": `""`, "a": `"a"`, " a, b": `" a, b"`, "ü/+%&=#?": `"ü/+%&=#?"`, "null": `"null"`}, map[string]string{"\xff": "not valid UTF-8", "a\x00": "has a zero byte"}),
		"named":  kindOf[color](t, `""`, map[string]string{"red": `"red"`}, nil),
		"bool": kindOf[bool](t, `false`, map[string]string{"true": `true`, "1": `true`, "false": `false`, "0": `false`},
			map[string]string{"": "must be true or false", "TRUE": "must be true or false", "t": "must be true or false", "yes": "must be true or false", "2": "must be true or false"}),
		"int":      kindOf[int](t, `0`, map[string]string{"0": "0", "-7": "-7", "+7": "7", "007": "7", "-0": "0", "9223372036854775807": "9223372036854775807"}, with(map[string]string{"9223372036854775808": tooFar})),
		"int8":     kindOf[int8](t, `0`, map[string]string{"127": "127", "-128": "-128"}, with(map[string]string{"128": tooFar, "-129": tooFar, "99999999999999999999999": tooFar})),
		"int16":    kindOf[int16](t, `0`, map[string]string{"32767": "32767"}, with(map[string]string{"32768": tooFar})),
		"int32":    kindOf[int32](t, `0`, map[string]string{"-2147483648": "-2147483648"}, with(map[string]string{"2147483648": tooFar})),
		"int64":    kindOf[int64](t, `0`, map[string]string{"-9223372036854775808": "-9223372036854775808"}, with(map[string]string{"-9223372036854775809": tooFar})),
		"weekday":  kindOf[weekday](t, `0`, map[string]string{"6": "6"}, map[string]string{"200": tooFar}),
		"uint":     kindOf[uint](t, `0`, map[string]string{"0": "0", "18446744073709551615": "18446744073709551615"}, with(map[string]string{"-1": tooFar, "18446744073709551616": tooFar})),
		"uint8":    kindOf[uint8](t, `0`, map[string]string{"255": "255"}, with(map[string]string{"256": tooFar, "-1": tooFar})),
		"uint16":   kindOf[uint16](t, `0`, map[string]string{"65535": "65535"}, with(map[string]string{"65536": tooFar})),
		"uint32":   kindOf[uint32](t, `0`, map[string]string{"4294967295": "4294967295"}, with(map[string]string{"4294967296": tooFar})),
		"uint64":   kindOf[uint64](t, `0`, map[string]string{"1": "1"}, with(map[string]string{"-1": tooFar})),
		"float32":  kindOf[float32](t, `0`, map[string]string{"0": "0", "1.5": "1.5", "-1e3": "-1000", "3.4e38": "3.4e+38"}, map[string]string{"": number, "3.5e38": tooFar, "NaN": number, "x": number, "1,5": number}),
		"float64":  kindOf[float64](t, `0`, map[string]string{"1.5e300": "1.5e+300", "-0.25": "-0.25"}, map[string]string{"": number, "1e309": tooFar, "NaN": number, "Inf": number, "-infinity": number, "0x1p-2": number, "1_0": number, ".": number}),
		"duration": kindOf[time.Duration](t, `"0s"`, map[string]string{"1.5s": `"1.5s"`, "0": `"0s"`, "-2h": `"-2h0m0s"`}, map[string]string{"": howLong, "7": howLong, "1 s": howLong, "9999999h": howLong}),
		"time": kindOf[time.Time](t, `"0001-01-01T00:00:00Z"`, map[string]string{"2024-02-29T12:00:00Z": `"2024-02-29T12:00:00Z"`, "2024-02-29T12:00:00.5+02:00": `"2024-02-29T12:00:00.5+02:00"`},
			map[string]string{"": when, "2024-02-30T12:00:00Z": when, "2024-02-29": when, "2024-02-29t12:00:00Z": when, "2024-02-29T1:00:00Z": when, "2024-02-29T12:00:00+24:00": when, "2024-02-29T12:00:00+02:60": when, "2024-02-29T12:00:00,5Z": when}),
		"address":             kindOf[netip.Addr](t, `""`, map[string]string{"192.0.2.1": `"192.0.2.1"`, "2001:db8::1": `"2001:db8::1"`}, map[string]string{"192.0.2": "not valid", "x": "not valid", "\xff": "not valid UTF-8"}),
		"bytes":               kindOf[[]byte](t, `""`, map[string]string{"": `""`, "AP-_": `"AP+/"`, "AP+/": `"AP+/"`, "AA==": `"AA=="`, "AA": `"AA=="`}, map[string]string{"A": base64, "A!": base64, "AB": base64, " ": base64}),
		"labels":              kindOf[labels](t, `""`, map[string]string{"AA": `"AA=="`}, nil),
		"pointer":             kindOf[*int8](t, `null`, map[string]string{"0": "0", "5": "5"}, map[string]string{"": integer, "300": tooFar}),
		"pointer to a string": kindOf[*string](t, `null`, map[string]string{"": `""`, "a": `"a"`}, nil),
		"optional":            kindOf[codec.Optional[uint8]](t, `null`, map[string]string{"0": "0", "5": "5"}, map[string]string{"": integer, "300": tooFar, "null": integer}),
	}
}

// TestKinds has every kind of value in every source: absent, empty, zero, a
// value, malformed, out of range, several times.
func TestKinds(t *testing.T) {
	t.Parallel()
	for name, k := range kinds(t) {
		for source := range k.handlers {
			t.Run(name+" in "+source, func(t *testing.T) {
				t.Parallel()
				if a, ok := k.send(t, source); ok {
					require.Equal(t, 200, a.status, "absent: %s", a.body)
					require.JSONEq(t, `{"v":`+k.zero+`}`, a.body, "absent")
				}
				for text, want := range k.good {
					a, ok := k.send(t, source, text)
					if !ok {
						continue
					}
					require.Equal(t, 200, a.status, "%q: %s", text, a.body)
					require.JSONEq(t, `{"v":`+want+`}`, a.body, "%q", text)
					k.twice(t, source, text, want)
				}
				for text, want := range k.bad {
					a, ok := k.send(t, source, text)
					if !ok {
						continue
					}
					require.Equal(t, 400, a.status, "%q: %s", text, a.body)
					require.Equal(t, []string{place(source) + ": " + want}, a.faults(t), "%q", text)
				}
			})
		}
	}
}

// twice sends a value two times: a fault, but for cookies, of which the first
// wins.
func (k kind) twice(t *testing.T, source, text, want string) {
	t.Helper()
	a, ok := k.send(t, source, text, text)
	switch {
	case !ok:
	case strings.HasPrefix(source, "cookie"):
		require.Equal(t, 200, a.status, a.body)
		require.JSONEq(t, `{"v":`+want+`}`, a.body)
	default:
		require.Equal(t, 400, a.status, "%q twice: %s", text, a.body)
		require.Equal(t, []string{place(source) + ": more than one value"}, a.faults(t))
	}
}

// TestLists has parameters of several values.
func TestLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind  kind
		texts []string
		want  string // JSON
		fault string
	}{
		"none":             {kindOfList[[]int](t), nil, `[]`, ""},
		"one":              {kindOfList[[]int](t), []string{"1"}, `[1]`, ""},
		"several":          {kindOfList[[]int](t), []string{"3", "1", "3"}, `[3,1,3]`, ""},
		"a bad one":        {kindOfList[[]int8](t), []string{"3", "x"}, ``, "must be an integer"},
		"one out of range": {kindOfList[[]int8](t), []string{"300", "1"}, ``, "out of range"},
		"a comma":          {kindOfList[[]string](t), []string{"a,b", "c"}, `["a,b","c"]`, ""},
		"empty ones":       {kindOfList[[]string](t), []string{"", ""}, `["",""]`, ""},
		"of bytes":         {kindOfList[[][]byte](t), []string{"AA", "AQ"}, `["AA==","AQ=="]`, ""},
		"of times":         {kindOfList[[]time.Time](t), []string{"2024-02-29T12:00:00Z"}, `["2024-02-29T12:00:00Z"]`, ""},
		"a pair":           {kindOfList[[2]bool](t), []string{"1", "0"}, `[true,false]`, ""},
		"no pair":          {kindOfList[[2]bool](t), nil, `[false,false]`, ""},
		"half a pair":      {kindOfList[[2]bool](t), []string{"1"}, ``, "must have 2 values"},
		"more than a pair": {kindOfList[[2]bool](t), []string{"1", "0", "1"}, ``, "must have 2 values"},
	} {
		for source := range tt.kind.handlers {
			t.Run(name+" in "+source, func(t *testing.T) {
				t.Parallel()
				a, _ := tt.kind.send(t, source, tt.texts...)
				if tt.fault == "" {
					require.Equal(t, 200, a.status, a.body)
					require.JSONEq(t, tt.want, a.body)
					return
				}
				require.Equal(t, []string{place(source) + ": " + tt.fault}, a.faults(t))
			})
		}
	}
}

func kindOfList[T any](t *testing.T) kind {
	t.Helper()
	return kind{handlers: map[string]http.Handler{
		"query":  mounted(t, route("GET", "/", func(_ context.Context, in inQuery[T]) (T, error) { return in.V, nil })),
		"header": mounted(t, route("GET", "/", func(_ context.Context, in inHeader[T]) (T, error) { return in.V, nil })),
	}}
}

// TestQueries has queries that are not plain.
func TestQueries(t *testing.T) {
	t.Parallel()
	h := mounted(t, route("GET", "/", func(_ context.Context, in inQuery[[]string]) ([]string, error) { return in.V, nil }))
	for query, tt := range map[string]struct{ want, fault string }{
		"":                {`[]`, ""},
		"v":               {`[""]`, ""},
		"v=":              {`[""]`, ""},
		"v=a+b":           {`["a b"]`, ""},
		"v=a%20b%2Bc":     {`["a b+c"]`, ""},
		"v=a=b":           {`["a=b"]`, ""},
		"v=a&&v=b&":       {`["a","b"]`, ""},
		"%76=a":           {`["a"]`, ""},
		"V=a":             {`[]`, ""},
		"other=1&v=a":     {`["a"]`, ""},
		"v=ü":             {`["ü"]`, ""},
		"v=%ff":           {"", "query:v: not valid UTF-8"},
		"v=%00":           {"", "query:v: has a zero byte"},
		"v=%":             {"", "query:v: not valid percent-encoding"},
		"v=%zz&v=%a":      {"", "query:v: not valid percent-encoding|query:v: not valid percent-encoding"},
		"%zz=a":           {"", "query:: not valid percent-encoding"},
		"v=a;v=b":         {"", "query:: has a semicolon; pairs are separated by &"},
		"v=a&x;y":         {"", "query:: has a semicolon; pairs are separated by &"},
		"v=%D8%00":        {"", "query:v: not valid UTF-8"},
		"v=%F4%90%80%80a": {"", "query:v: not valid UTF-8"},
	} {
		a := ask(t, h, "GET", "/?"+query, "")
		if tt.fault == "" {
			require.Equal(t, 200, a.status, "%s: %s", query, a.body)
			require.JSONEq(t, tt.want, a.body, query)
			continue
		}
		require.Equal(t, tt.fault, strings.Join(a.faults(t), "|"), query)
	}
}

// TestFaultsInOrder has several lists that are wrong: the answer is always the
// same.
func TestFaultsInOrder(t *testing.T) {
	t.Parallel()
	type request struct {
		E [2]int `query:"e"`
		F [2]int `query:"f"`
		G [2]int `query:"g"`
		H [2]int `query:"h"`
	}
	h := mounted(t, accepting[request]("GET", "/"))
	for range 50 {
		require.Equal(t, []string{
			"query:e: must have 2 values", "query:f: must have 2 values", "query:g: must have 2 values", "query:h: must have 2 values",
		}, ask(t, h, "GET", "/?h=1&g=1&f=1&e=1", "").faults(t))
	}
}

// TestCookies has cookies that are not plain.
func TestCookies(t *testing.T) {
	t.Parallel()
	h := mounted(t, route("GET", "/", func(_ context.Context, in inCookie[*string]) ([]*string, error) { return []*string{in.V}, nil }))
	for cookies, want := range map[string]string{
		"v=a":                                 `"a"`,
		"v=a; v=b":                            `"a"`,
		"x=1; v=a":                            `"a"`,
		"V=a":                                 `null`,
		`v="a b,c"`:                           `"a b,c"`,
		"v=":                                  `""`,
		"v":                                   `""`,
		"=;v=a;;":                             `"a"`,
		strings.Repeat("x=1; ", 1000) + "v=a": `"a"`,
	} {
		a := ask(t, h, "GET", "/", "", "Cookie", cookies)
		require.Equal(t, 200, a.status, cookies)
		require.JSONEq(t, "["+want+"]", a.body, cookies)
	}
}

// TestAllFaults has everything that is wrong with a request in one answer.
func TestAllFaults(t *testing.T) {
	t.Parallel()
	type request struct {
		ID    int8   `path:"id"`
		Limit int    `query:"limit" required:"true"`
		Since string `header:"X-Since" required:"true"`
		Own   string `cookie:"own" required:"true"`
		Name  string `json:"name" required:"true"`
		Qty   uint8  `json:"qty"`
	}
	h := mounted(t, echo[request]("POST", "/{id}"))
	a := ask(t, h, "POST", "/x", `{"qty":-1,"nope":1}`)
	require.Equal(t, []string{
		"path:id: must be an integer", "query:limit: missing", "header:X-Since: missing", "cookie:own: missing",
		"/qty: out of range", "/nope: unknown member", "/name: missing",
	}, a.faults(t))
	p := a.problem(t)
	require.Equal(t, "INVALID_REQUEST", p.Reason)
	require.Equal(t, "invalid request", p.Detail)

	c := route[request, request]("POST", "/{id}", nil)
	dial(t, listen(t, h), c)
	_, err := c.Do(t.Context(), request{})
	require.NoError(t, err, "what is required is sent, zero or not")
}

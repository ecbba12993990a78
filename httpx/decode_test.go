package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/race"
)

// badParts is a request whose parts can have any number of faults, but for the array
// and the cookie.
type badParts struct {
	Query  []int       `query:"q"`
	One    int         `query:"one"`
	Array  [2]int      `query:"array"`
	Header []int       `header:"X-H"`
	Cookie int         `cookie:"c"`
	Body   map[int]int `json:"body"`
	List   []int       `json:"list"`
}

// badForm is a request whose body is a form.
type badForm struct {
	Query []int `query:"q"`
	List  []int `form:"list"`
}

// TestFaultsAreBounded has requests with more faults than an answer lists, in each
// place, and in several together.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	values := func(n int, item string) string { return strings.Repeat(item, n) }
	lines := func(n int) []string {
		var all []string
		for range n {
			all = append(all, "X-H", "x")
		}
		return all
	}
	for name, tt := range map[string]struct {
		target, body string
		header       []string
		want         int
		first, last  string // fault
	}{
		"as many as are listed":      {"/?" + values(50, "q=x&"), "{}", nil, 50, "query:q: must be an integer", "query:q: must be an integer"},
		"values of a query":          {"/?" + values(51, "q=x&"), "{}", nil, 50, "query:q: must be an integer", "query:q: must be an integer"},
		"escapes of a query":         {"/?" + values(1000, "%zz&"), "{}", nil, 50, "query:: not valid percent-encoding", "query:: not valid percent-encoding"},
		"escapes of values":          {"/?" + values(1000, "q=%zz&"), "{}", nil, 50, "query:q: not valid percent-encoding", "query:q: not valid percent-encoding"},
		"semicolons":                 {"/?" + values(1000, ";&"), "{}", nil, 50, "query:: has a semicolon; pairs are separated by &", "query:: has a semicolon; pairs are separated by &"},
		"one value many times":       {"/?" + values(1000, "one=1&"), "{}", nil, 50, "query:one: more than one value", "query:one: more than one value"},
		"an array of too many":       {"/?" + values(1000, "array=1&"), "{}", nil, 1, "query:array: must have 2 values", "query:array: must have 2 values"},
		"lines of a header":          {"/", "{}", lines(100), 50, "header:X-H: must be an integer", "header:X-H: must be an integer"},
		"members":                    {"/", `{"list":["x"` + values(100, `,"x"`) + `]}`, nil, 50, "/list/0: must be a number", "/list/49: must be a number"},
		"unknown members":            {"/", `{` + list(100, func(i int) string { return fmt.Sprintf(`"u%d":1`, i) }) + `}`, nil, 50, "/u0: unknown member", "/u49: unknown member"},
		"names of members":           {"/", `{"body":{` + list(100, func(i int) string { return fmt.Sprintf(`"u%d":1`, i) }) + `}}`, nil, 50, "/body/u0: the name of this member is not valid", "/body/u49: the name of this member is not valid"},
		"members and broken JSON":    {"/", `{"body":{` + list(50, func(i int) string { return fmt.Sprintf(`"u%d":1`, i) }) + `,x`, nil, 50, "/body/u0: the name of this member is not valid", "/body/u49: the name of this member is not valid"},
		"parameters, then a body":    {"/?" + values(30, "q=x&"), `{"list":["x"` + values(100, `,"x"`) + `]}`, []string{"X-H", "x", "Cookie", "c=x"}, 50, "header:X-H: must be an integer", "/list/17: must be a number"},
		"parameters, and any body":   {"/?" + values(50, "q=x&"), `[`, nil, 50, "query:q: must be an integer", "query:q: must be an integer"},
		"headers, and then no query": {"/?%zz", "{}", lines(50), 50, "header:X-H: must be an integer", "header:X-H: must be an integer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ask(t, mounted(t, accepting[badParts]("POST", "/")), "POST", tt.target, tt.body, tt.header...).faults(t)
			require.Len(t, got, tt.want)
			require.Equal(t, tt.first, got[0])
			require.Equal(t, tt.last, got[len(got)-1])
		})
	}
	t.Run("a form", func(t *testing.T) {
		t.Parallel()
		h := mounted(t, accepting[badForm]("POST", "/"))
		for _, pair := range []string{"list=x&", "u=1&", "%zz&"} {
			got := ask(t, h, "POST", "/", values(100, pair), "Content-Type", "application/x-www-form-urlencoded").faults(t)
			require.Len(t, got, 50, pair)
		}
		got := ask(t, h, "POST", "/?"+values(20, "q=x&"), values(100, "list=x&"), "Content-Type", "application/x-www-form-urlencoded").faults(t)
		require.Len(t, got, 50)
		require.Equal(t, "/list: must be an integer", got[20])
	})
}

// itemReq is one item of a request stream.
type itemReq struct {
	Qty int `json:"qty"`
}

// TestFaultsInErrorText has the text of the error, as hooks and logs get it: each fault
// once, in the parameters and in the body alike.
func TestFaultsInErrorText(t *testing.T) {
	t.Parallel()
	type paramsAndBody struct {
		Limit int        `query:"limit"`
		Trace int        `header:"X-Trace"`
		Qty   int        `json:"qty"`
		Addr  netip.Addr `json:"addr"` // its decoder repeats what it was sent
	}
	type formReq struct {
		Limit int `query:"limit"`
		Qty   int `form:"qty"`
	}
	upload := &uploads[itemReq]{Do: func(_ context.Context, items endpoint.Stream[itemReq]) (endpoint.Empty, error) {
		for _, err := range items {
			if err != nil {
				return endpoint.Empty{}, err
			}
		}
		return endpoint.Empty{}, nil
	}}
	for name, tt := range map[string]struct {
		svc          httpx.Service
		target, body string
		header       []string
		want         string
	}{
		"a query":            {accepting[paramsAndBody]("POST", "/"), "/?limit=x", "{}", nil, "invalid request: query:limit must be an integer"},
		"a header":           {accepting[paramsAndBody]("POST", "/"), "/", "{}", []string{"X-Trace", "x"}, "invalid request: header:X-Trace must be an integer"},
		"a body":             {accepting[paramsAndBody]("POST", "/"), "/", `{"qty":"x"}`, nil, "invalid request: /qty must be a number"},
		"both":               {accepting[paramsAndBody]("POST", "/"), "/?limit=x", `{"qty":"x"}`, nil, "invalid request: query:limit must be an integer; /qty must be a number"},
		"a secret":           {accepting[paramsAndBody]("POST", "/"), "/", `{"addr":"hunter2"}`, nil, "invalid request: /addr not valid"},
		"a form":             {accepting[formReq]("POST", "/"), "/?limit=x", "qty=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, "invalid request: query:limit must be an integer; /qty must be an integer"},
		"a time-out":         {accepting[paramsAndBody]("POST", "/"), "/", "{}", []string{"Connect-Timeout-Ms", "x"}, "invalid request: header:Connect-Timeout-Ms must be one positive number of milliseconds of at most ten digits"},
		"an item":            {upload, "/", "{\"qty\":1}\n{\"qty\":\"x\"}\n", []string{"Content-Type", "application/x-ndjson"}, "invalid request: /1/qty must be a number"},
		"a body that breaks": {accepting[paramsAndBody]("POST", "/"), "/?limit=x", `{`, nil, "invalid request: query:limit must be an integer; not valid JSON at byte 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got error
			h := mounted(t, tt.svc, httpx.ErrorHook(func(_ context.Context, err error) { got = err }))
			require.Equal(t, 400, ask(t, h, "POST", tt.target, tt.body, tt.header...).status)
			require.EqualError(t, got, tt.want)
			require.ErrorIs(t, got, httpx.ErrInvalidRequest)
		})
	}
}

// uploads is a service of one request stream.
type uploads[Item any] struct {
	Do endpoint.Endpoint[endpoint.Stream[Item], endpoint.Empty]
}

func (s *uploads[Item]) HTTP(r *httpx.Routes) { r.ClientStream("POST", "/", &s.Do) }

// TestAllocationsOfFaults guards that a query is scanned no further once as many faults
// were found as are listed: each fault costs an allocation at least.
func TestAllocationsOfFaults(t *testing.T) { // not parallel: it counts
	if race.Enabled() {
		t.Skip("the race detector allocates")
	}
	h := mounted(t, accepting[badParts]("POST", "/"))
	w := &nullWriter{http.Header{}}
	measure := func(target string, header []string, body string) float64 {
		return testing.AllocsPerRun(5, func() {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.URL.RawQuery = target
			r.Header["X-H"] = header
			clear(w.h)
			h.ServeHTTP(w, r)
		})
	}
	many := strings.Split(strings.Repeat("x", 50_000), "")
	for name, got := range map[string][2]float64{
		"escapes": {measure(strings.Repeat("%zz&", 50), nil, "{}"), measure(strings.Repeat("%zz&", 50_000), nil, "{}")},
		"values":  {measure(strings.Repeat("q=x&", 50), nil, "{}"), measure(strings.Repeat("q=x&", 50_000), nil, "{}")},
		"lines":   {measure("", many[:50], "{}"), measure("", many, "{}")},
		"members": {measure("", nil, "{"+strings.Repeat(`"":1,`, 50)+"}"), measure("", nil, "{"+strings.Repeat(`"":1,`, 50_000)+"}")},
	} {
		require.Less(t, got[1], 2*got[0]+100, name)
	}
}

// TestQueryIsWellFormed has queries that are malformed in a part that no field reads.
func TestQueryIsWellFormed(t *testing.T) {
	t.Parallel()
	type query struct {
		Q string `query:"q"`
	}
	services := map[string]httpx.Service{
		"a parameter":   accepting[query]("POST", "/"),
		"no parameters": accepting[endpoint.Empty]("POST", "/"),
		"a header": accepting[struct {
			H string `header:"X-H"`
		}]("POST", "/"),
		"a GET":            accepting[query]("GET", "/"),
		"a DELETE":         accepting[endpoint.Empty]("DELETE", "/"),
		"a request stream": &uploads[Text]{Do: func(context.Context, endpoint.Stream[Text]) (endpoint.Empty, error) { return endpoint.Empty{}, nil }},
	}
	const escape, semicolon = "query:: not valid percent-encoding", "query:: has a semicolon; pairs are separated by &"
	for name, svc := range services {
		h := mounted(t, svc)
		method := "POST"
		header := []string{"Content-Type", "application/json"}
		switch name {
		case "a GET", "a DELETE":
			method = strings.TrimPrefix(name, "a ")
		case "a request stream":
			header[1] = "application/x-ndjson"
		}
		for query, want := range map[string][]string{
			"x=1&y=%41&z&=&&": nil,
			"x=%ff":           nil,
			"x=a+b":           nil,
			"x=%zz":           {escape},
			"%zz=x":           {escape},
			"x=1%":            {escape},
			"x%4":             {escape},
			"=%":              {escape},
			"x=1;y=2":         {semicolon},
			";":               {semicolon},
			"x=%3b":           nil,
			"x=%zz;":          {semicolon},
			"y=%zz&x=%zz":     {escape, escape},
		} {
			a := ask(t, h, method, "/?"+query, "", header...)
			if want == nil {
				require.Equal(t, 200, a.status, "%s: %s: %s", name, query, a.body)
				continue
			}
			require.Equal(t, 400, a.status, "%s: %s", name, query)
			require.Equal(t, want, a.faults(t), "%s: %s", name, query)
		}
	}
	h := httpx.Handler(func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil })
	require.Equal(t, []string{escape}, ask(t, h, "GET", "/?x=%zz", "").faults(t))
}

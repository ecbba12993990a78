package httpx_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

type (
	Page struct {
		Limit int    `query:"limit"`
		Token string `query:"token"`
		Total int    `json:"total"`
	}
	Audit struct {
		By string `header:"X-By"`
		At string `json:"at"`
	}
	base struct {
		Tenant string `path:"tenant"`
		Region string `json:"region"`
	}
	// Named is embedded under a name: it is one member.
	Named struct {
		A int `json:"a"`
	}
	number int
	Memo   struct {
		Memo string `json:"memo"`
	}
	embedding struct {
		base
		Page
		*Memo
		Audit `json:",embed"`
		Named `json:"named"`
		number
		hidden int
		Skip   string `json:"-"`
		Name   string `json:"name"`
	}
	whole struct {
		ID   string  `path:"id"`
		Tag  string  `header:"X-Tag"`
		Item Profile `body:"true"`
	}
	Envelope[T any] struct {
		ID   string `path:"id"`
		Data T      `json:"data"`
	}
	wrapped[T any] struct {
		Kind string `query:"kind"`
		Data T      `body:""`
	}
)

// travels checks that a value comes back as it went, through a server on each
// router and a client, both over a socket.
func travels[T any](t *testing.T, method, path string, values ...T) {
	t.Helper()
	onRouters(t, func(t *testing.T, r muxer) {
		var got T
		c := pair(t, r, route(method, path, func(_ context.Context, v T) (endpoint.Empty, error) { got = v; return endpoint.Empty{}, nil }))
		for _, want := range values {
			got = *new(T)
			_, err := c.Do(t.Context(), want)
			require.NoError(t, err, "%v %v", want, faultsOf(err))
			require.Equal(t, want, got)
		}
	})
}

// returns checks the same for a response.
func returns[T any](t *testing.T, values ...T) {
	t.Helper()
	onRouters(t, func(t *testing.T, r muxer) {
		var next T
		c := pair(t, r, route("GET", "/", func(context.Context, endpoint.Empty) (T, error) { return next, nil }))
		for _, next = range values {
			got, err := c.Do(t.Context(), endpoint.Empty{})
			require.NoError(t, err, "%v", next)
			require.Equal(t, next, got)
		}
	})
}

// TestEmbedded has structs in a struct: parameters and members side by side.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	travels(t, "POST", "/{tenant}/x", embedding{
		base: base{"t", "eu"}, Page: Page{5, "x", 7}, Memo: &Memo{"m"}, Audit: Audit{"ada", "now"}, Named: Named{3}, Name: "n",
	}, embedding{Tenant: "t"})

	h := mounted(t, route("POST", "/{tenant}", func(_ context.Context, in embedding) (embedding, error) {
		in.hidden, in.number, in.Skip = 1, 2, "skip"
		return in, nil
	}))
	a := ask(t, h, "POST", "/t?limit=5", `{"region":"eu","total":7,"memo":"m","at":"now","named":{"a":3},"name":"n"}`, "X-By", "ada")
	require.Equal(t, 200, a.status, a.body)
	// A response has no path and no query: these are members there.
	require.JSONEq(t, `{"Tenant":"t","region":"eu","Limit":5,"Token":"","total":7,"memo":"m","at":"now","named":{"a":3},"name":"n"}`, a.body)
	require.Equal(t, "ada", a.header.Get("X-By"))

	a = ask(t, h, "POST", "/t", `{"Tenant":"x","Limit":1,"By":"y","hidden":1,"Skip":"x","number":2,"Page":{},"base":{},"named":{"b":1}}`)
	require.Equal(t, []string{
		"/Tenant: unknown member", "/Limit: unknown member", "/By: unknown member", "/hidden: unknown member", "/Skip: unknown member",
		"/number: unknown member", "/Page: unknown member", "/base: unknown member", "/named/b: unknown member",
	}, a.faults(t))
}

// TestWholeBody has a field that is the body.
func TestWholeBody(t *testing.T) {
	t.Parallel()
	travels(t, "PUT", "/{id}", whole{"7", "t", Profile{"8", "n"}}, whole{ID: "7"})
	travels(t, "POST", "/", wrapped[[]string]{"k", []string{"a"}}, wrapped[[]string]{Data: []string{}})
	travels(t, "POST", "/", wrapped[string]{"k", "a"}, wrapped[string]{})
	travels(t, "POST", "/", wrapped[map[string]int]{"k", map[string]int{"a": 1}})
	travels(t, "POST", "/", wrapped[*Text]{"k", &Text{"x"}})
	travels(t, "POST", "/", wrapped[time.Time]{"k", time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC)})
	type reply struct {
		ETag string  `header:"ETag"`
		Item Profile `body:"true"`
	}
	returns(t, reply{`"x"`, Profile{"7", "n"}}, reply{})

	a := ask(t, mounted(t, route("PUT", "/{id}", none[whole, endpoint.Empty])), "PUT", "/7", `{"id":8}`)
	require.Equal(t, []string{"/id: must be a string"}, a.faults(t))
}

// TestGeneric has generic types of requests and responses.
func TestGeneric(t *testing.T) {
	t.Parallel()
	travels(t, "POST", "/{id}", Envelope[Text]{"7", Text{"x"}}, Envelope[Text]{ID: "8"})
	travels(t, "POST", "/{id}", Envelope[[]Envelope2[int]]{"7", []Envelope2[int]{{1}, {2}}})
	returns(t, Envelope2[Text]{Text{"x"}})
	err := httpx.Mount(&ledger{}, echo[Envelope[Envelope[int]]]("POST", "/{id}"))
	require.ErrorContains(t, err, "field Data.ID is tagged path and cannot be reached")
}

// Envelope2 is an Envelope without parameters.
type Envelope2[T any] struct {
	Data T `json:"data"`
}

// TestNoStructs has requests and responses that are no structs.
func TestNoStructs(t *testing.T) {
	t.Parallel()
	travels(t, "POST", "/", []Text{{"a"}, {"b"}}, []Text{})
	travels(t, "POST", "/", map[string][]int{"a": {1}}, map[string][]int{})
	travels(t, "POST", "/", "text", "", "ü\"\\\n\x00")
	travels(t, "POST", "/", math.MaxInt64, 0)
	travels(t, "POST", "/", []byte{0, 255}, []byte{})
	travels(t, "POST", "/", &Text{"x"})
	travels(t, "POST", "/", time.Second)
	travels(t, "POST", "/", [2]bool{true, false})
	travels(t, "POST", "/", color("red"))
	travels(t, "POST", "/", any(map[string]any{"a": []any{1.5, "x", nil, true}}))
	returns(t, []Text{{"a"}}, []Text{})
	returns(t, map[int8]string{-1: "a"})
	returns(t, "text", "")
	returns(t, 7)
	returns(t, time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC))
	returns(t, true, false)
	returns(t, new(7))
}

// TestNilMessages has messages that are nil and would be null, which no reader
// takes: a defect of who made them, found before anything is sent.
func TestNilMessages(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		type field struct {
			Tag  string `header:"X-Tag"`
			Item *Text  `body:"true"`
		}
		var hooked error
		hook := httpx.ErrorHook(func(_ context.Context, err error) { hooked = err })
		formats := httpx.Formats(codec.JSON(), codec.XML())
		require.NoError(t, httpx.Mount(r, route("GET", "/pointer", none[endpoint.Empty, *Text]), hook, formats))
		require.NoError(t, httpx.Mount(r, route("GET", "/double", none[endpoint.Empty, **Text]), hook))
		require.NoError(t, httpx.Mount(r, route("GET", "/any", none[endpoint.Empty, any]), hook))
		require.NoError(t, httpx.Mount(r, route("GET", "/field", none[endpoint.Empty, field]), hook))
		require.NoError(t, httpx.Mount(r, route("GET", "/optional", none[endpoint.Empty, codec.Optional[int]]), hook))
		require.NoError(t, httpx.Mount(r, route("GET", "/empty", none[endpoint.Empty, *endpoint.Empty], httpx.Status(204)), hook))
		type chosen struct {
			Status int   `status:"true"`
			Item   *Text `body:"true"`
		}
		require.NoError(t, httpx.Mount(r, route("GET", "/chosen", func(context.Context, endpoint.Empty) (chosen, error) { return chosen{Status: 204}, nil }), hook))
		for _, path := range []string{"/pointer", "/double", "/any", "/field", "/optional"} {
			hooked = nil
			a := ask(t, r, "GET", path, "")
			require.Equal(t, 500, a.status, path)
			require.Equal(t, "cannot write the response", a.problem(t).Detail, path)
			require.ErrorContains(t, hooked, "the value is nil", path)
		}
		require.Equal(t, 500, ask(t, r, "GET", "/pointer", "", "Accept", "application/xml").status)
		require.Equal(t, 204, ask(t, r, "GET", "/empty", "").status)
		require.Equal(t, 204, ask(t, r, "GET", "/chosen", "").status)
	})
	c := route[*Text, endpoint.Empty]("POST", "/", nil)
	dial(t, listen(t, answering(200, "{}")), c)
	_, err := c.Do(t.Context(), nil)
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.False(t, endpoint.ErrorOf(err).Remote())
	require.ErrorContains(t, err, "the value is nil")
}

// TestNilBodies has values that are nil: lists and maps are written as empty.
func TestNilBodies(t *testing.T) {
	t.Parallel()
	require.Equal(t, `[]`, ask(t, mounted(t, route("GET", "/", none[endpoint.Empty, []Text])), "GET", "/", "").body)
	require.Equal(t, `{}`, ask(t, mounted(t, route("GET", "/", none[endpoint.Empty, map[string]int])), "GET", "/", "").body)
	require.Equal(t, `{}`, ask(t, mounted(t, route("GET", "/", none[endpoint.Empty, endpoint.Empty])), "GET", "/", "").body)
	require.JSONEq(t, `{"List":[],"Map":{},"P":null}`, ask(t, mounted(t, route("GET", "/", none[endpoint.Empty, struct {
		List []int
		Map  map[string]int
		P    *int
	}])), "GET", "/", "").body)
}

package httpx_test

import (
	"context"
	"encoding/json/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// everywhere has a parameter in each source beside a member.
type everywhere struct {
	Path   string `path:"id" json:"path"`
	Query  string `query:"q"`
	Header string `header:"X-H" json:"header"`
	Cookie string `cookie:"c" json:"cookie"`
	Member string `json:"member"`
}

// TestBodySetsNoParameter has a body with the names of parameters, in all ways
// that they could be called.
func TestBodySetsNoParameter(t *testing.T) {
	t.Parallel()
	var got everywhere
	svc := route("POST", "/{id}", func(_ context.Context, in everywhere) (endpoint.Empty, error) {
		got = in
		return endpoint.Empty{}, nil
	})
	strict, lenient := mounted(t, svc), mounted(t, route("POST", "/{id}", svc.Do, httpx.AllowUnknown()))
	want := everywhere{"p", "q", "h", "c", "m"}
	for _, name := range []string{
		"path", "Path", "id", "PATH", "Query", "query", "q", "Header", "header", "X-H", "Cookie", "cookie", "c",
		"hidden0", "X_0", "Embedded0", "", "_",
	} {
		body := `{"member":"m","` + name + `":"evil"}`
		a := ask(t, strict, "POST", "/p?q=q", body, "X-H", "h", "Cookie", "c=c")
		require.Equal(t, 400, a.status, name)
		require.Equal(t, []string{"/" + name + ": unknown member"}, a.faults(t))

		got = everywhere{}
		a = ask(t, lenient, "POST", "/p?q=q", body, "X-H", "h", "Cookie", "c=c")
		require.Equal(t, 200, a.status, "%s: %s", name, a.body)
		require.Equal(t, want, got, name)
	}
}

// TestReplyShowsNoParameter has a response whose parameters are not members,
// and a type that is a request elsewhere: tags of requests are members here.
func TestReplyShowsNoParameter(t *testing.T) {
	t.Parallel()
	type reply struct {
		Header string `header:"X-H" json:"header"`
		Cookie string `cookie:"c" json:"cookie"`
		Code   int    `status:"true" json:"code"`
		ID     string `path:"id" json:"id"`
		Page   int    `query:"page" json:"page"`
		Name   string `json:"name"`
	}
	svc := route("GET", "/", func(context.Context, endpoint.Empty) (reply, error) {
		return reply{"h", "c", 203, "7", 2, "n"}, nil
	})
	c := route[endpoint.Empty, reply]("GET", "/", nil)
	url := listen(t, mounted(t, svc))
	a := fetch(t, "GET", url, "")
	require.Equal(t, 203, a.status)
	require.JSONEq(t, `{"id":"7","page":2,"name":"n"}`, a.body)
	require.Equal(t, "h", a.header.Get("X-H"))
	require.Equal(t, "c=c; Path=/; HttpOnly; SameSite=Lax", a.header.Get("Set-Cookie"))
	dial(t, url, c)
	got, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, reply{"h", "c", 203, "7", 2, "n"}, got)
}

// TestStatusInRequest has a tag of responses in a request: it is a member.
func TestStatusInRequest(t *testing.T) {
	t.Parallel()
	type shared struct {
		Code int    `status:"true" json:"code"`
		ID   string `path:"id" json:"id"`
	}
	var got shared
	h := mounted(t, route("PUT", "/{id}", func(_ context.Context, in shared) (endpoint.Empty, error) {
		got = in
		return endpoint.Empty{}, nil
	}))
	require.Equal(t, 200, ask(t, h, "PUT", "/7", `{"code":5}`).status)
	require.Equal(t, shared{5, "7"}, got)
}

type defaulted struct {
	Limit int                   `query:"limit" default:"10"`
	Sort  *string               `query:"sort" default:"name"`
	Since time.Duration         `header:"X-Since" default:"1h"`
	Theme codec.Optional[int8]  `cookie:"theme" default:"3"`
	Qty   int                   `json:"qty" default:"1"`
	Note  *string               `json:"note" default:"none"`
	Rate  codec.Optional[uint8] `json:"rate,omitzero" default:"7"`
	Live  bool                  `json:"live" default:"true"`
}

// TestDefaults has defaults of parameters and members: they apply when there is
// nothing, and to nothing else.
func TestDefaults(t *testing.T) {
	t.Parallel()
	h := mounted(t, route("POST", "/", func(_ context.Context, in defaulted) (map[string]any, error) {
		return map[string]any{
			"limit": in.Limit, "sort": in.Sort, "since": in.Since, "theme": in.Theme,
			"qty": in.Qty, "note": in.Note, "rate": in.Rate, "live": in.Live,
		}, nil
	}))
	for name, tt := range map[string]struct {
		target, body string
		header       []string
		want         string
	}{
		"absent": {"/", `{}`, nil, `{"limit":10,"sort":"name","since":"1h0m0s","theme":3,"qty":1,"note":"none","rate":7,"live":true}`},
		"zero": {
			"/?limit=0&sort=", `{"qty":0,"note":"","rate":0,"live":false}`,
			[]string{"X-Since", "0s", "Cookie", "theme=0"},
			`{"limit":0,"sort":"","since":"0s","theme":0,"qty":0,"note":"","rate":0,"live":false}`,
		},
		"null": {
			"/", `{"note":null,"rate":null}`, nil,
			`{"limit":10,"sort":"name","since":"1h0m0s","theme":3,"qty":1,"note":null,"rate":null,"live":true}`,
		},
		"values": {
			"/?limit=5&sort=x", `{"qty":2,"note":"n","rate":8,"live":false}`,
			[]string{"X-Since", "2s", "Cookie", "theme=4"},
			`{"limit":5,"sort":"x","since":"2s","theme":4,"qty":2,"note":"n","rate":8,"live":false}`,
		},
	} {
		a := ask(t, h, "POST", tt.target, tt.body, tt.header...)
		require.Equal(t, 200, a.status, "%s: %s", name, a.body)
		require.JSONEq(t, tt.want, a.body, name)
	}
	a := ask(t, h, "POST", "/", `{"qty":null,"live":null}`)
	require.Equal(t, []string{"/qty: must not be null", "/live: must not be null"}, a.faults(t))
	a = ask(t, h, "POST", "/?limit=", `{}`)
	require.Equal(t, []string{"query:limit: must be an integer"}, a.faults(t), "empty is not absent")

	// A client sends nothing for the zero value, and zero by a pointer or an Optional.
	var got defaulted
	svc := route("POST", "/", func(_ context.Context, in defaulted) (endpoint.Empty, error) { got = in; return endpoint.Empty{}, nil })
	c := pair(t, routers["ServeMux"](), svc)
	_, err := c.Do(t.Context(), defaulted{})
	require.NoError(t, err)
	want := defaulted{
		Limit: 10, Sort: new("name"), Since: time.Hour, Theme: codec.Some[int8](3),
		Qty: 1, Note: new("none"), Rate: codec.Some[uint8](7), Live: true,
	}
	require.Equal(t, want, got)
	want.Sort, want.Theme, want.Note, want.Rate = new(""), codec.Some[int8](0), new(""), codec.Some[uint8](0)
	_, err = c.Do(t.Context(), defaulted{Sort: want.Sort, Theme: want.Theme, Note: want.Note, Rate: want.Rate})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// TestRequired asks for what is there, not for what is not zero.
func TestRequired(t *testing.T) {
	t.Parallel()
	type part struct {
		Qty *int `json:"qty" required:"true"`
	}
	type request struct {
		Limit int            `query:"limit" required:"true"`
		Name  string         `json:"name" required:"true"`
		Parts []part         `json:"parts"`
		Map   map[string]int `json:"map" required:"true"`
	}
	h := mounted(t, echo[request]("POST", "/"))
	for name, tt := range map[string]struct {
		target, body string
		want         []string
	}{
		"all there":       {"/?limit=1", `{"name":"x","map":{}}`, nil},
		"zero and null":   {"/?limit=0", `{"name":"","map":null,"parts":[{"qty":null}]}`, nil},
		"nothing there":   {"/", `{}`, []string{"query:limit: missing", "/name: missing", "/map: missing"}},
		"inside":          {"/?limit=1", `{"name":"x","map":{},"parts":[{"qty":1},{}]}`, []string{"/parts/1/qty: missing"}},
		"no body":         {"/?limit=1", ``, []string{": empty; a JSON value is expected"}},
		"nothing at all":  {"/", ``, []string{"query:limit: missing", ": empty; a JSON value is expected"}},
		"null alone":      {"/?limit=1", `{"name":null,"map":{}}`, []string{"/name: must not be null"}},
		"in another case": {"/?limit=1", `{"Name":"x","map":{}}`, []string{"/Name: unknown member", "/name: missing"}},
	} {
		a := ask(t, h, "POST", tt.target, tt.body)
		if tt.want == nil {
			require.Equal(t, 200, a.status, "%s: %s", name, a.body)
			continue
		}
		require.Equal(t, tt.want, a.faults(t), name)
	}
}

// TestUnknownMembers has members that the request does not have: a fault, and
// none with AllowUnknown.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	type request struct {
		Q  string                     `query:"q"`
		In struct{ A int }            `json:"in"`
		M  map[string]struct{ B int } `json:"m"`
	}
	const body = `{"in":{"A":1,"X":{"deep":[1]}},"m":{"k":{"B":1,"Y":2}},"Z~/":3}`
	a := ask(t, mounted(t, echo[request]("POST", "/")), "POST", "/", body)
	require.Equal(t, []string{"/in/X: unknown member", "/m/k/Y: unknown member", "/Z~0~1: unknown member"}, a.faults(t))
	a = ask(t, mounted(t, echo[request]("POST", "/", httpx.AllowUnknown())), "POST", "/", body)
	require.Equal(t, 200, a.status, a.body)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
}

// TestEmptyBodies has bodies that are not there, in requests without members
// and with.
func TestEmptyBodies(t *testing.T) {
	t.Parallel()
	none := mounted(t, echo[endpoint.Empty]("POST", "/"))
	some := mounted(t, echo[Text]("POST", "/"))
	params := mounted(t, echo[inQuery[string]]("POST", "/"))
	for name, tt := range map[string]struct {
		body               string
		none, some, params int
	}{
		"nothing":       {"", 200, 400, 200},
		"an object":     {"{}", 200, 200, 200},
		"white space":   {" ", 400, 400, 400},
		"null":          {"null", 400, 400, 400},
		"a list":        {"[]", 400, 400, 400},
		"a member":      {`{"s":"x"}`, 400, 200, 400},
		"two objects":   {`{}{}`, 400, 400, 400},
		"a mark":        {"\ufeff{}", 400, 400, 400},
		"a member more": {`{"s":"x","s":"y"}`, 400, 400, 400},
	} {
		require.Equal(t, tt.none, ask(t, none, "POST", "/", tt.body).status, name)
		require.Equal(t, tt.some, ask(t, some, "POST", "/", tt.body).status, name)
		require.Equal(t, tt.params, ask(t, params, "POST", "/?v=1", tt.body).status, name)
	}
	// A body of a GET means nothing (RFC 9110 §9.3.1).
	require.Equal(t, 200, ask(t, mounted(t, echo[endpoint.Empty]("GET", "/")), "GET", "/", "garbage").status)
}

package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// signedIn is a response with a cookie by its value, and cookies as a whole.
type signedIn struct {
	Session string       `cookie:"session"`
	Visits  *int         `cookie:"visits"`
	Theme   http.Cookie  `cookie:"theme"`
	Old     *http.Cookie `cookie:"old"`
	Name    string       `json:"name"`
}

// TestSetCookie has cookies of a response, with what protects them, over TLS and
// without, come back at the client.
func TestSetCookie(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		full := signedIn{
			Session: "s 1",
			Theme:   http.Cookie{Value: "dark", Path: "/app", MaxAge: 60, SameSite: http.SameSiteNoneMode, Secure: true, Partitioned: true},
			Old:     &http.Cookie{Name: "old", MaxAge: -1},
			Name:    "n",
		}
		var next signedIn
		require.NoError(t, httpx.Mount(r, route("GET", "/", func(context.Context, endpoint.Empty) (signedIn, error) { return next, nil })))
		secure := httptest.NewTLSServer(r)
		t.Cleanup(secure.Close)
		whole := []string{"theme=dark; Path=/app; Max-Age=60; Secure; SameSite=None; Partitioned", "old=; Max-Age=0"}

		next = full
		a := ask(t, r, "GET", "/", "")
		require.Equal(t, append([]string{`session="s 1"; Path=/; HttpOnly; SameSite=Lax`}, whole...), a.header["Set-Cookie"])
		require.JSONEq(t, `{"name":"n"}`, a.body)
		a = ask(t, r, "GET", "https://example.com/", "")
		require.Equal(t, append([]string{`session="s 1"; Path=/; HttpOnly; Secure; SameSite=Lax`}, whole...), a.header["Set-Cookie"])

		c := route[endpoint.Empty, signedIn]("GET", "/", nil)
		require.NoError(t, httpx.Client(httpx.To(secure.URL, httpx.HTTPClient(secure.Client())), c))
		got, err := c.Do(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		require.Equal(t, "s 1", got.Session)
		got.Theme.Raw, got.Old.Raw = "", ""
		full.Theme.Name = "theme"
		require.Equal(t, full.Theme, got.Theme)
		require.Equal(t, full.Old, got.Old)

		next = signedIn{}
		require.Empty(t, ask(t, r, "GET", "/", "").header["Set-Cookie"])
		got, err = c.Do(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		require.Equal(t, signedIn{}, got)

		next = signedIn{Visits: new(0)}
		require.Equal(t, []string{"visits=0; Path=/; HttpOnly; SameSite=Lax"}, ask(t, r, "GET", "/", "").header["Set-Cookie"])
	})
}

// TestBadSetCookie has cookies that are none: nothing of them is sent, and the
// answer is a clean 500.
func TestBadSetCookie(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]http.Cookie{
		"another name": {Name: "other", Value: "x"},
		"a value":      {Value: "a;b"},
		"a path":       {Value: "a", Path: "/;x"},
		"a domain":     {Value: "a", Domain: "no domain"},
	} {
		var hooked error
		h := mounted(t, route("GET", "/", func(context.Context, endpoint.Empty) (signedIn, error) {
			return signedIn{Session: "s", Theme: bad}, nil
		}), httpx.ErrorHook(func(_ context.Context, err error) { hooked = err }))
		a := ask(t, h, "GET", "/", "")
		require.Equal(t, 500, a.status, name)
		require.Equal(t, "cannot write the response", a.problem(t).Detail)
		require.Empty(t, a.header["Set-Cookie"], name)
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(hooked), name)
	}
}

// TestCookieOfRequest has a whole cookie in a request, which sends but a value.
func TestCookieOfRequest(t *testing.T) {
	t.Parallel()
	type request struct {
		Session http.Cookie `cookie:"session"`
	}
	err := httpx.Mount(http.NewServeMux(), route("GET", "/", none[request, endpoint.Empty]))
	require.ErrorContains(t, err, "field Session: the kind http.Cookie has no form as a cookie parameter")
}

package httpx_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// TestMalformedCookie has cookies of requests that net/http would leave out: they are
// faults if a field reads them, whether or not it has a default, and nobody's otherwise.
func TestMalformedCookie(t *testing.T) {
	t.Parallel()
	type cookies struct {
		ID string `cookie:"id" default:"none"`
		N  *int   `cookie:"n"`
	}
	type read struct {
		ID string
		N  *int
	}
	h := mounted(t, route("GET", "/", func(_ context.Context, in cookies) (read, error) { return read(in), nil }))
	const bad = "cookie:id: not a valid cookie"
	for line, want := range map[string]string{
		`id=a; n=1`:                         `{"ID":"a","N":1}`,
		`id="a b,c"`:                        `{"ID":"a b,c","N":null}`,
		`id=`:                               `{"ID":"","N":null}`,
		`id`:                                `{"ID":"","N":null}`,
		` id =a=b;`:                         `{"ID":"a=b","N":null}`,
		`id=a; id=b"`:                       `{"ID":"a","N":null}`, // the first counts
		`ID=a"`:                             `{"ID":"none","N":null}`,
		`other=a"; x=` + "ü":                `{"ID":"none","N":null}`,
		``:                                  `{"ID":"none","N":null}`,
		`id=a"b`:                            bad,
		`id="a`:                             bad,
		`id="a;b"`:                          bad,
		`id=a\b`:                            bad,
		"id=\x01":                           bad,
		"id=ü":                              bad,
		"id=a\x7f":                          bad,
		`id=a"; id=b`:                       bad,
		`n="1`:                              "cookie:n: not a valid cookie",
		`n=x; id=a"`:                        "cookie:n: must be an integer|" + bad,
		strings.Repeat("x;", 2999) + "id=a": `{"ID":"a","N":null}`,
		strings.Repeat("x;", 3000) + "id=a": "header:Cookie: more than 3000 cookies",
	} {
		a := ask(t, h, "GET", "/", "", "Cookie", line)
		if strings.HasPrefix(want, "{") {
			require.Equal(t, 200, a.status, "%q: %s", line, a.body)
			require.JSONEq(t, want, a.body, line)
			continue
		}
		require.Equal(t, want, strings.Join(a.faults(t), "|"), line)
	}
	// Two lines are one list, as in net/http.
	require.JSONEq(t, `{"ID":"a","N":2}`, ask(t, h, "GET", "/", "", "Cookie", "n=2", "Cookie", "id=a").body)
}

// TestMalformedSetCookie has cookies of a response that net/http leaves out.
func TestMalformedSetCookie(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`session=a; Path=/`:           "",
		`session=a; Expires=tomorrow`: "", // an attribute that is not read
		`other=a"b`:                   "",
		`session=a"b; Path=/`:         "cookie:session not a valid cookie",
		`session =a"b`:                "cookie:session not a valid cookie",
		`theme=a\b`:                   "cookie:theme not a valid cookie",
	} {
		c := route[endpoint.Empty, signedIn]("GET", "/", nil)
		dial(t, listen(t, answering(200, `{"name":"n"}`, "Set-Cookie", line)), c)
		_, err := c.Do(t.Context(), endpoint.Empty{})
		if want == "" {
			require.NoError(t, err, line)
			continue
		}
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), line)
		require.ErrorContains(t, err, want, line)
	}
}

// TestUnsendableCookie has cookies that net/http would drop, or send without a part of
// their value: on neither end does anything of them leave.
func TestUnsendableCookie(t *testing.T) {
	t.Parallel()
	type cookie struct {
		ID string `cookie:"id"`
	}
	onRouters(t, func(t *testing.T, r muxer) {
		asked := false
		c := route[cookie, endpoint.Empty]("GET", "/", nil)
		dial(t, listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true })), c)
		for _, value := range []string{`a"b`, "a;b", `a\b`, "\x01", "ü", "\x7f"} {
			_, err := c.Do(t.Context(), cookie{value})
			require.Equal(t, []string{"cookie:id: the value cannot be sent"}, faultsOf(err), value)
		}
		require.False(t, asked)
		require.NoError(t, httpx.Mount(r, route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (cookie, error) {
			return cookie{endpoint.CallFrom(ctx).Header().Get("X-Value")}, nil
		})))
		for _, value := range []string{`a"b`, "a;b", `a\b`, "ü"} {
			a := ask(t, r, "GET", "/", "", "X-Value", value)
			require.Equal(t, 500, a.status, value)
			require.Empty(t, a.header.Values("Set-Cookie"), value)
		}
	})
}

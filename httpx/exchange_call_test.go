package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// headers is a service that answers with the headers of the request.
func headers(names ...string) *one[endpoint.Empty, map[string][]string] {
	return route("GET", "/headers", func(ctx context.Context, _ endpoint.Empty) (map[string][]string, error) {
		got := map[string][]string{}
		for _, name := range names {
			got[name] = endpoint.CallFrom(ctx).Header().Values(name)
		}
		return got, nil
	})
}

// calling returns an implementation that makes another call and drops what
// comes of it.
func calling[Req, Resp any](e endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[endpoint.Empty, Resp] {
	return func(ctx context.Context, _ endpoint.Empty) (Resp, error) {
		return e(ctx, *new(Req))
	}
}

// TestServersCall has what layers and endpoints know of a call that is served.
func TestServersCall(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		check := func(ctx context.Context) {
			c := endpoint.CallFrom(ctx)
			assert.Same(t, c, endpoint.Incoming(ctx))
			assert.Equal(t, endpoint.ServerSide, c.Side())
			assert.True(t, strings.HasPrefix(c.Peer(), "127.0.0.1:"), c.Peer())
			assert.Equal(t, "a", c.Header().Get("x-a"))
			assert.Equal(t, 1, c.Attempt())
			op := *c.Operation()
			op.StatusOf, op.SizeOf = nil, nil // functions are not compared
			assert.Equal(t, endpoint.Operation{
				Service: "Profiles", Name: "Get", Side: endpoint.ServerSide, Transport: "http", Method: "GET", Pattern: "/profiles/{id}",
				Idempotent: true, Fails: []*endpoint.Error{ErrNotFound},
			}, op)
		}
		svc := profiles()
		get := svc.Get
		svc.Get = func(ctx context.Context, r ByID) (Profile, error) { check(ctx); return get(ctx, r) }
		outer := &layer{
			enter: func(ctx context.Context) (context.Context, error) {
				check(ctx)
				endpoint.CallFrom(ctx).SetPrincipal("ada")
				return ctx, nil
			},
			exit: func(ctx context.Context, err error) error { check(ctx); return err },
		}
		inner := &layer{exit: func(ctx context.Context, err error) error {
			assert.Equal(t, "ada", endpoint.CallFrom(ctx).Principal())
			return err
		}}
		require.NoError(t, httpx.Mount(r, svc, httpx.Use(outer, inner)))
		require.Equal(t, 404, fetch(t, "GET", listen(t, r)+"/profiles/7", "", "X-A", "a").status)
	})
}

// TestClientsCall has a client in the handler of a server: its layers see the
// client's call, and the one that is served as Incoming.
func TestClientsCall(t *testing.T) {
	t.Parallel()
	var saw atomic.Int32
	inClient := func(ctx context.Context, err error) error {
		saw.Add(1)
		c, in := endpoint.CallFrom(ctx), endpoint.Incoming(ctx)
		assert.Equal(t, endpoint.ClientSide, c.Side())
		assert.Equal(t, "/headers", c.Operation().Pattern)
		assert.Empty(t, c.Header().Get("X-Secret"))
		assert.Equal(t, 200, c.Status(err))
		assert.True(t, strings.HasPrefix(c.Peer(), "127.0.0.1:"), c.Peer())
		assert.Equal(t, endpoint.ServerSide, in.Side())
		assert.Equal(t, "/front", in.Operation().Pattern)
		assert.Equal(t, "s", in.Header().Get("X-Secret"))
		return err
	}
	behind := headers()
	dial(t, listen(t, mounted(t, headers("X-Secret", "Cookie", "Authorization", "X-Forwarded-For"))), behind, httpx.Use(&layer{exit: inClient}))
	front := route("GET", "/front", calling(behind.Do))
	a := fetch(t, "GET", listen(t, mounted(t, front))+"/front", "", "X-Secret", "s", "Cookie", "a=b", "Authorization", "Basic x")
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"X-Secret":[],"Cookie":[],"Authorization":[],"X-Forwarded-For":[]}`, a.body, "nothing is forwarded by itself")
	require.EqualValues(t, 1, saw.Load())
}

// TestWithHeader has headers that are given to the next call alone.
func TestWithHeader(t *testing.T) {
	t.Parallel()
	url := listen(t, mounted(t, headers("X-A", "X-B", "Accept", "User-Agent")))
	token := headers()
	dial(t, url, token)
	var inLayer map[string][]string
	c := headers()
	dial(t, url, c, httpx.Use(&layer{enter: func(ctx context.Context) (context.Context, error) {
		var err error
		inLayer, err = token.Do(ctx, endpoint.Empty{}) // a call for a token, say
		return ctx, err
	}}, &layer{enter: func(ctx context.Context) (context.Context, error) {
		if endpoint.CallFrom(ctx).Header().Get("X-A") == "" {
			return ctx, nil
		}
		return endpoint.WithHeader(ctx, "X-B", "b"), nil
	}}))

	ctx := endpoint.WithHeader(t.Context(), "X-A", "0")
	ctx = endpoint.WithHeader(ctx, "x-a", "1")
	ctx = endpoint.WithHeader(ctx, "User-Agent", "me/1")
	got, err := c.Do(ctx, endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, got["X-A"], "the innermost value wins")
	require.Equal(t, []string{"application/json, application/problem+json"}, got["Accept"], "the client says what it reads")
	require.Equal(t, []string{"me/1"}, got["User-Agent"])
	require.Equal(t, []string{"b"}, got["X-B"], "what a layer adds for the call around which it is")
	require.Empty(t, inLayer["X-A"], "a call of a layer's own is another call")

	for _, key := range []string{"accept", "Accept-Encoding"} {
		_, err = c.Do(endpoint.WithHeader(ctx, key, "gzip"), endpoint.Empty{})
		require.ErrorContains(t, err, `endpoint: header "`+key+`" belongs to the transport`)
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	}

	got, err = c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Empty(t, got["X-A"])

	for name, kv := range map[string][2]string{
		"owned by the transport": {"Content-Length", "1"},
		"its host":               {"Host", "x"},
		"no token":               {"a b", "x"},
		"no name":                {"", "x"},
		"a line break":           {"X-A", "a\r\nX-B: b"},
		"a time":                 {"Connect-Timeout-Ms", "1"},
	} {
		_, err := c.Do(endpoint.WithHeader(t.Context(), kv[0], kv[1]), endpoint.Empty{})
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), "%s: %v", name, err)
	}
}

// TestBinaryHeader has a value of raw bytes, which is base64 on the wire once.
func TestBinaryHeader(t *testing.T) {
	t.Parallel()
	var wire string
	svc := route("POST", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		assert.Equal(t, "\x00\xff", endpoint.CallFrom(ctx).Header().Get("X-Id-Bin"))
		endpoint.CallFrom(ctx).Reply().Set("X-Back-Bin", "\x01\xfe")
		return endpoint.Empty{}, nil
	})
	h := mounted(t, svc)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire = r.Header.Get("X-Id-Bin")
		h.ServeHTTP(w, r)
	}))
	c := failing(nil)
	dial(t, url, c, httpx.Use(&layer{exit: func(ctx context.Context, err error) error {
		require.Equal(t, "\x01\xfe", endpoint.CallFrom(ctx).Reply().Get("X-Back-Bin"))
		return err
	}}))
	_, err := c.Do(endpoint.WithHeader(t.Context(), "X-Id-Bin", "\x00\xff"), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, "AP8", wire)
}

// TestReplyHeader has headers that a server's layers set, which reach the
// client's layers, also with an error.
func TestReplyHeader(t *testing.T) {
	t.Parallel()
	set := &layer{enter: func(ctx context.Context) (context.Context, error) {
		endpoint.CallFrom(ctx).Reply().Set("x-request-id", "7")
		return ctx, nil
	}}
	url := listen(t, mounted(t, &Strings{Upper: upper, Count: count}, httpx.Use(set)))
	var rec endpointtest.Recorder
	var c Strings
	dial(t, url, &c, httpx.Use(&layer{exit: func(ctx context.Context, err error) error {
		call := endpoint.CallFrom(ctx)
		rec.Log("%d %s %v", call.Status(err), call.Reply().Get("X-Request-ID"), err)
		return err
	}}))
	_, err := c.Upper(t.Context(), Text{"x"})
	require.NoError(t, err)
	_, err = c.Upper(t.Context(), Text{})
	require.ErrorIs(t, err, ErrEmpty)
	require.Equal(t, []string{"200 7 <nil>", "400 7 empty string"}, rec.Lines())
}

// TestRepeatedCall has a client that repeats a call with a header and a
// parameter in a header: each attempt sends them once.
func TestRepeatedCall(t *testing.T) {
	t.Parallel()
	type tagged struct {
		Tag string `header:"X-Tag"`
		Own string `cookie:"own"`
	}
	var seen []http.Header
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Clone())
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	c := route[tagged, endpoint.Empty]("GET", "/", nil)
	var attempts []int
	note := &layer{exit: func(ctx context.Context, err error) error {
		attempts = append(attempts, endpoint.CallFrom(ctx).Attempt())
		return err
	}}
	dial(t, url, c, httpx.Use(&threeTimes{}, note))
	_, err := c.Do(endpoint.WithHeader(t.Context(), "X-A", "a"), tagged{Tag: "t", Own: "o"})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.Equal(t, []int{1, 2, 3}, attempts)
	require.Len(t, seen, 3)
	for _, h := range seen {
		require.Equal(t, []string{"t"}, h["X-Tag"])
		require.Equal(t, []string{"a"}, h["X-A"])
		require.Equal(t, []string{"own=o"}, h["Cookie"])
	}
}

// threeTimes makes three attempts.
type threeTimes struct{ layer }

func (threeTimes) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	t.N++
	return ctx, t, t.N < 3
}

// TestSizes has what layers know of the bytes and the status when a call ends.
func TestSizes(t *testing.T) {
	t.Parallel()
	var rec endpointtest.Recorder
	sizes := func(side string) endpoint.Layer {
		return &layer{exit: func(ctx context.Context, err error) error {
			c := endpoint.CallFrom(ctx)
			rec.Log("%s %d %d %d", side, c.Status(err), c.RequestBytes(), c.ResponseBytes())
			return err
		}}
	}
	var c Strings
	dial(t, listen(t, mounted(t, &Strings{Upper: upper, Count: count}, httpx.Use(sizes("server")))), &c, httpx.Use(sizes("client")))
	_, err := c.Count(t.Context(), Text{"hello"})
	require.NoError(t, err)
	require.Equal(t, []string{"server 200 13 7", "client 200 13 7"}, rec.Reset())

	_, err = c.Upper(t.Context(), Text{})
	require.Error(t, err)
	require.Equal(t, []string{"server 400 8 143", "client 400 8 143"}, rec.Reset())
}

// TestNothingWrittenBeforeExit has a slow reader hold no permit: what goes to
// the socket goes after the layers' Exit.
func TestNothingWrittenBeforeExit(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	h := mounted(t, &Strings{Upper: upper, Count: count}, httpx.Use(&layer{exit: func(_ context.Context, err error) error {
		require.Zero(t, w.Body.Len())
		require.Empty(t, w.Header())
		return err
	}}))
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/upper", strings.NewReader(`{"s":"x"}`)))
	require.JSONEq(t, `{"s":"X"}`, w.Body.String())
}

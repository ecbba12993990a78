package gokithttp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/go-kit/kit/transport"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit/gokithttp"
)

// seen is what the endpoint and the finalizer see of a call.
type seen struct {
	user, method, remote any
	code                 int
	header               string
	size                 int64
	finalizer            *http.Request
}

func (s *seen) say(ctx context.Context, n number) (word, error) {
	s.user = ctx.Value(kithttp.ContextKeyRequestUserAgent)
	s.method = ctx.Value(kithttp.ContextKeyRequestMethod)
	s.remote = ctx.Value(kithttp.ContextKeyRequestRemoteAddr)
	return say(ctx, n)
}

func (s *seen) finalize(ctx context.Context, code int, r *http.Request) {
	s.code, s.finalizer = code, r
	s.header = ctx.Value(kithttp.ContextKeyResponseHeaders).(http.Header).Get("X-After")
	s.size = ctx.Value(kithttp.ContextKeyResponseSize).(int64)
}

// TestServer has the functions of go-kit around a server of ours and one of go-kit, which do
// the same.
func TestServer(t *testing.T) {
	t.Parallel()
	before, after := kithttp.PopulateRequestContext, kithttp.SetResponseHeader("X-After", "yes")
	for name, start := range map[string]func(*testing.T, *seen) string{
		"ours": func(t *testing.T, s *seen) string {
			t.Helper()
			return serve(t, &sayer{Say: s.say},
				gokithttp.ServerFinalizer(s.finalize, nil), gokithttp.ServerBefore(before, nil), gokithttp.ServerAfter(after, nil))
		},
		"kit": func(t *testing.T, s *seen) string {
			t.Helper()
			return serveKit(t, s.say, kithttp.ServerFinalizer(s.finalize), kithttp.ServerBefore(before), kithttp.ServerAfter(after))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s seen
			var c sayer
			var answered *http.Response
			gokithttp.Set(&c.Say, kitClient(t, start(t, &s), kithttp.ClientBefore(kithttp.SetRequestHeader("User-Agent", "me")),
				kithttp.ClientAfter(func(ctx context.Context, r *http.Response) context.Context {
					answered = r
					return ctx
				})))
			got, err := c.Say(t.Context(), number{1})
			require.NoError(t, err)
			require.Equal(t, word{"fine"}, got)
			require.Equal(t, "me", s.user)
			require.Equal(t, "POST", s.method)
			require.Contains(t, s.remote, "127.0.0.1:")
			require.Equal(t, 200, s.code)
			require.Equal(t, "yes", s.header)
			require.Equal(t, "me", s.finalizer.Header.Get("User-Agent"))
			require.Equal(t, answered.ContentLength, s.size)
			require.Equal(t, "yes", answered.Header.Get("X-After"))

			_, err = c.Say(t.Context(), number{})
			require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))
			require.Equal(t, 404, s.code)
			require.Empty(t, s.header, "ServerAfter runs after a success")
		})
	}
}

// TestServerAfter has a function remove a header and try to write.
func TestServerAfter(t *testing.T) {
	t.Parallel()
	url := serve(
		t, &sayer{Say: say},
		gokithttp.ServerAfter(func(ctx context.Context, w http.ResponseWriter) context.Context {
			w.Header().Del("X-One")
			w.Header()["X-Two"] = []string{"a", "b"}
			w.WriteHeader(http.StatusTeapot)
			_, err := w.Write([]byte("text"))
			require.ErrorIs(t, err, http.ErrBodyNotAllowed)
			return ctx
		}),
		gokithttp.ServerAfter(kithttp.SetResponseHeader("X-One", "1")),
	)
	var c sayer
	gokithttp.Set(&c.Say, kitClient(t, url, kithttp.ClientAfter(func(ctx context.Context, r *http.Response) context.Context {
		require.Equal(t, []string{"a", "b"}, r.Header["X-Two"])
		require.NotContains(t, r.Header, "X-One")
		return ctx
	})))
	got, err := c.Say(t.Context(), number{1})
	require.NoError(t, err)
	require.Equal(t, word{"fine"}, got)
}

// TestServerPanic has the finalizer see a panic.
func TestServerPanic(t *testing.T) {
	t.Parallel()
	var s seen
	url := serve(t, &sayer{Say: func(context.Context, number) (word, error) { panic("boom") }}, gokithttp.ServerFinalizer(s.finalize))
	var c sayer
	gokithttp.Set(&c.Say, kitClient(t, url))
	_, err := c.Say(t.Context(), number{1})
	require.Error(t, err)
	require.Equal(t, 500, s.code)
}

// TestErrorHandler has an error handler of go-kit as a hook.
func TestErrorHandler(t *testing.T) {
	t.Parallel()
	var handled []error
	handler := transport.ErrorHandlerFunc(func(_ context.Context, err error) { handled = append(handled, err) })
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &sayer{Say: say}, httpx.ErrorHook(handler.Handle)))
	var c sayer
	gokithttp.Set(&c.Say, kitClient(t, start(t, mux)))
	_, err := c.Say(t.Context(), number{})
	require.Error(t, err)
	require.Len(t, handled, 1)
	require.ErrorIs(t, handled[0], errZero)
}

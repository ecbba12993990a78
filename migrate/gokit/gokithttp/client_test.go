package gokithttp_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit/gokithttp"
)

// TestClient has the functions of go-kit around a client of ours and one of go-kit, which do
// the same.
func TestClient(t *testing.T) {
	t.Parallel()
	type seen struct {
		status    int
		header    string
		finalized []error
		reply     any
	}
	before := kithttp.SetRequestHeader("X-Tenant", "acme")
	newFuncs := func(s *seen) (kithttp.ClientResponseFunc, kithttp.ClientFinalizerFunc) {
		return func(ctx context.Context, r *http.Response) context.Context {
				s.status, s.header = r.StatusCode, r.Header.Get("X-After")
				return ctx
			}, func(ctx context.Context, err error) {
				s.finalized = append(s.finalized, err)
				s.reply = ctx.Value(kithttp.ContextKeyResponseHeaders)
			}
	}
	for name, dial := range map[string]func(*testing.T, *seen, string) endpoint.Endpoint[number, word]{
		"ours": func(t *testing.T, s *seen, url string) endpoint.Endpoint[number, word] {
			t.Helper()
			after, finalize := newFuncs(s)
			var c sayer
			require.NoError(t, httpx.Client(httpx.To(url), &c, httpx.Use(
				gokithttp.ClientFinalizer(finalize, nil), gokithttp.ClientBefore(before, nil), gokithttp.ClientAfter(after, nil))))
			return c.Say
		},
		"kit": func(t *testing.T, s *seen, url string) endpoint.Endpoint[number, word] {
			t.Helper()
			after, finalize := newFuncs(s)
			var c sayer
			gokithttp.Set(&c.Say, kitClient(t, url, kithttp.ClientFinalizer(finalize), kithttp.ClientBefore(before), kithttp.ClientAfter(after)))
			return c.Say
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s seen
			var tenants []string
			url := serve(t, &sayer{Say: func(ctx context.Context, n number) (word, error) {
				tenants = append(tenants, endpoint.CallFrom(ctx).Header().Get("X-Tenant"))
				return say(ctx, n)
			}}, gokithttp.ServerAfter(kithttp.SetResponseHeader("X-After", "yes")))
			call := dial(t, &s, url)
			got, err := call(t.Context(), number{1})
			require.NoError(t, err)
			require.Equal(t, word{"fine"}, got)
			require.Equal(t, 200, s.status)
			require.Equal(t, "yes", s.header)
			require.Equal(t, "yes", s.reply.(http.Header).Get("X-After"))

			_, err = call(t.Context(), number{})
			require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))
			require.Equal(t, 404, s.status)
			require.Len(t, s.finalized, 2)
			require.NoError(t, s.finalized[0])
			require.Equal(t, []string{"acme", "acme"}, tenants)
		})
	}
}

// TestClientOffline has the functions see a call without a response.
func TestClientOffline(t *testing.T) {
	t.Parallel()
	var c sayer
	require.NoError(t, httpx.Client(httpx.To("http://127.0.0.1:1"), &c, httpx.Use(
		gokithttp.ClientAfter(func(ctx context.Context, _ *http.Response) context.Context {
			t.Error("there is no response")
			return ctx
		}),
		gokithttp.ClientFinalizer(func(ctx context.Context, err error) {
			require.Error(t, err)
			require.Nil(t, ctx.Value(kithttp.ContextKeyResponseHeaders))
		}))))
	_, err := c.Say(t.Context(), number{1})
	require.Error(t, err)
}

func TestClientBeforeOwned(t *testing.T) {
	t.Parallel()
	var c sayer
	require.NoError(t, httpx.Client(httpx.To(serve(t, &sayer{Say: say})), &c,
		httpx.Use(gokithttp.ClientBefore(kithttp.SetRequestHeader("Content-Type", "text/plain")))))
	_, err := c.Say(t.Context(), number{1})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "Content-Type")
}

func TestSet(t *testing.T) {
	t.Parallel()
	var c sayer
	gokithttp.Set(&c.Say, kitClient(t, "http://127.0.0.1:1"))
	_, err := c.Say(t.Context(), number{1})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.True(t, endpoint.NotSent(err))
	require.True(t, endpoint.Retryable(err))

	gokithttp.Set(&c.Say, kitClient(t, start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))))
	_, err = c.Say(t.Context(), number{1})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.True(t, endpoint.MaybeSent(err))
	require.False(t, endpoint.Retryable(err))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Say(ctx, number{1})
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))

	broken := errors.New("broken")
	gokithttp.Set(&c.Say, kithttp.NewExplicitClient(func(context.Context, any) (*http.Request, error) { return nil, broken }, nil))
	_, err = c.Say(t.Context(), number{1})
	require.Same(t, broken, err)

	gokithttp.Set(&c.Say, nil)
	require.Nil(t, c.Say)
}

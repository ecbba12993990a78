package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// behind serves err and returns a service in the middle, whose endpoint is a
// call of that server: it passes on what comes from there.
func behind(t *testing.T, err error, opts ...httpx.RouteOption) *one[endpoint.Empty, endpoint.Empty] {
	t.Helper()
	c := failing(nil, opts...)
	dial(t, listen(t, mounted(t, failing(err))), c)
	return failing(nil, opts...).with(c.Do)
}

// with sets the endpoint of a service.
func (s *one[Req, Resp]) with(e endpoint.Endpoint[Req, Resp]) *one[Req, Resp] {
	s.Do = e
	return s
}

// TestRemoteErrors has errors from behind a service pass through it.
func TestRemoteErrors(t *testing.T) {
	t.Parallel()
	full := errOne.With("words of the other").WithMeta("k", "v").WithRetryAfter(time.Second).
		WithViolations(endpoint.Violation{Pointer: "/a", Detail: "b"})
	generic := map[endpoint.Code]string{
		endpoint.Canceled: "canceled", endpoint.DeadlineExceeded: "deadline exceeded",
		endpoint.Unavailable: "temporarily unavailable", endpoint.ResourceExhausted: "resource exhausted",
	}
	for code := endpoint.Canceled; code <= endpoint.Unauthenticated; code++ {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			err := endpoint.Define(code, "other", "ITS_OWN", "words of the other").WithRetryAfter(2*time.Second).WithMeta("k", "v")
			p := ask(t, mounted(t, behind(t, err)), "POST", "/", "").problem(t)
			require.Empty(t, p.Domain)
			require.Empty(t, p.Reason)
			require.Empty(t, p.Meta)
			if text, keeps := generic[code]; keeps {
				require.Equal(t, code.String(), p.Code)
				require.Equal(t, text, p.Detail)
				require.Equal(t, "2s", p.RetryAfter)
				return
			}
			require.Equal(t, "INTERNAL", p.Code)
			require.Equal(t, "internal error", p.Detail)
			require.Empty(t, p.RetryAfter)
		})
	}
	t.Run("declared", func(t *testing.T) {
		t.Parallel()
		a := ask(t, mounted(t, behind(t, full, httpx.Fails(errOne))), "POST", "/", "")
		p := a.problem(t)
		require.Equal(t, 404, a.status)
		require.Equal(t, "words of the other", p.Detail)
		require.Equal(t, "shop", p.Domain)
		require.Equal(t, "GONE", p.Reason)
		require.Equal(t, map[string]string{"k": "v"}, p.Meta)
		require.Equal(t, "1s", p.RetryAfter)
		require.Len(t, p.Errors, 1)
	})
	t.Run("another one declared", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 500, ask(t, mounted(t, behind(t, full, httpx.Fails(ErrEmpty))), "POST", "/", "").status)
	})
	t.Run("made one's own", func(t *testing.T) {
		t.Parallel()
		svc := behind(t, full)
		call := svc.Do
		svc.Do = func(ctx context.Context, r endpoint.Empty) (endpoint.Empty, error) {
			_, err := call(ctx, r)
			if errors.Is(err, errOne) {
				err = ErrEmpty.With("no shop: %w", err)
			}
			return endpoint.Empty{}, err
		}
		p := ask(t, mounted(t, svc), "POST", "/", "").problem(t)
		require.Equal(t, "EMPTY", p.Reason)
		require.Equal(t, "no shop", p.Detail)
	})
	t.Run("wrapped in text", func(t *testing.T) {
		t.Parallel()
		svc := behind(t, full)
		call := svc.Do
		svc.Do = func(ctx context.Context, r endpoint.Empty) (endpoint.Empty, error) {
			_, err := call(ctx, r)
			return endpoint.Empty{}, fmt.Errorf("ask the shop: %w", err)
		}
		require.Equal(t, "INTERNAL", ask(t, mounted(t, svc), "POST", "/", "").problem(t).Code)
	})
	t.Run("a server that is not there", func(t *testing.T) {
		t.Parallel()
		c := failing(nil)
		require.NoError(t, httpx.Client(httpx.To(closedURL), c))
		p := ask(t, mounted(t, failing(nil).with(c.Do)), "POST", "/", "").problem(t)
		require.Equal(t, "UNAVAILABLE", p.Code)
		require.NotContains(t, p.Detail, "127.0.0.1")
	})
	t.Run("a foreign server", func(t *testing.T) {
		t.Parallel()
		c := failing(nil)
		dial(t, listen(t, http.NotFoundHandler()), c)
		require.Equal(t, "INTERNAL", ask(t, mounted(t, failing(nil).with(c.Do)), "POST", "/", "").problem(t).Code)
	})
	t.Run("a rejection of its own policy", func(t *testing.T) {
		t.Parallel()
		limited := endpoint.Define(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", "too many calls")
		p := ask(t, mounted(t, behind(t, limited)), "POST", "/", "").problem(t)
		require.Equal(t, "RESOURCE_EXHAUSTED", p.Code)
		require.Empty(t, p.Reason, "it is not this service that limits")
	})
}

// TestUndeclared has errors of one's own that no route declares: they go out
// with their identity all the same, and a caller that knows them matches them.
func TestUndeclared(t *testing.T) {
	t.Parallel()
	c := failing(nil)
	dial(t, listen(t, mounted(t, failing(errOne))), c)
	_, err := c.Do(t.Context(), endpoint.Empty{})
	require.ErrorIs(t, err, errOne)
	require.NotErrorIs(t, err, ErrEmpty)
}

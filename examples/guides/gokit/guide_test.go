package gokitguide

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// answering is a server of go-kit's that answers all requests alike.
func answering(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestFailed(t *testing.T) {
	t.Parallel()
	breaker := resilience.NewBreaker(5)
	c, err := dial(answering(t, `{"v":3}`+"\n"), breaker)
	require.NoError(t, err)
	sum, err := calculator{c}.Sum(t.Context(), 1, 2)
	require.NoError(t, err)
	require.Equal(t, 3, sum)

	c, err = dial(answering(t, `{"v":0,"err":"can't sum two zeroes"}`+"\n"), breaker)
	require.NoError(t, err)
	_, err = c.Sum(t.Context(), Numbers{})
	require.ErrorIs(t, err, ErrTwoZeroes)

	c, err = dial(answering(t, `{"v":0,"err":"out of memory"}`+"\n"), resilience.NewBreaker(1))
	require.NoError(t, err)
	_, err = c.Sum(t.Context(), Numbers{})
	require.EqualError(t, err, "out of memory")
	_, err = c.Sum(t.Context(), Numbers{})
	require.ErrorIs(t, err, resilience.ErrOpen, "the breaker counts what failed finds")
}

func TestNop(t *testing.T) {
	t.Parallel()
	_, err := endpoint.Chain(nop)(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
}

func TestTenant(t *testing.T) {
	t.Parallel()
	e := func(ctx context.Context, _ endpoint.Empty) (string, error) {
		return fmt.Sprint(ctx.Value(tenantKey{})), nil
	}
	h := httpx.Handler(e, httpx.Use(endpoint.LayerFunc(tenant)))
	require.Equal(t, 400, post(t, h, "{}").Code)
	require.Equal(t, `"acme"`, post(t, h, "{}", "X-Tenant", "acme").Body.String())
}

func post(t *testing.T, h http.Handler, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestTraps tests the statements of docs/from-go-kit.md about JSON.
func TestTraps(t *testing.T) {
	t.Parallel()
	type reply struct {
		N     int            `json:"n,omitempty"`
		Z     int            `json:"z,omitzero"`
		Text  string         `json:"text"`
		List  []int          `json:"list"`
		Map   map[string]int `json:"map"`
		Every time.Duration  `json:"every"`
	}
	w := post(t, httpx.Handler(func(context.Context, endpoint.Empty) (reply, error) {
		return reply{Text: "<a&b>", Every: 1500 * time.Millisecond}, nil
	}), "{}")
	require.JSONEq(t, `{"n":0,"text":"<a&b>","list":[],"map":{},"every":"1.5s"}`, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))

	type withError struct {
		V   int   `json:"v"`
		Err error `json:"err"`
	}
	require.Panics(t, func() {
		httpx.Handler(func(context.Context, endpoint.Empty) (withError, error) { return withError{}, nil })
	}, "a field of type error is a construction error")

	type request struct {
		Name string `json:"name"`
		Any  string `json:"any,case:ignore"`
	}
	h := httpx.Handler(func(_ context.Context, r request) (request, error) { return r, nil })
	for body, want := range map[string]int{
		`{"name":"a","ANY":"b"}`: 200, `{"Name":"a"}`: 400, `{"more":1}`: 400, `{"name":"a","name":"b"}`: 400, ``: 400,
	} {
		require.Equal(t, want, post(t, h, body).Code, "%s", body)
	}
	require.Equal(t, 415, post(t, h, "{}", "Content-Type", "application/x-www-form-urlencoded").Code)
}

package resilience_test

import (
	"context"
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

// counter is a service of two operations.
type counter struct {
	Add  endpoint.Endpoint[amount, amount]
	Last endpoint.Endpoint[endpoint.Empty, amount]
}

type amount struct {
	N int `json:"n"`
}

func (c *counter) HTTP(r *httpx.Routes) {
	r.POST("/add", &c.Add)
	r.GET("/last", &c.Last)
}

// counting returns a counter whose Add answers with its request and whose Last
// fails with err.
func counting(err error) *counter {
	return &counter{
		Add:  func(_ context.Context, a amount) (amount, error) { return a, nil },
		Last: func(context.Context, endpoint.Empty) (amount, error) { return amount{}, err },
	}
}

// serve mounts a counter behind layers.
func serve(t *testing.T, c *counter, layers ...endpoint.Layer) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, c, httpx.Use(layers...)))
	return mux
}

// dial serves h over a socket and returns a client of it behind layers.
func dial(t *testing.T, h http.Handler, layers ...endpoint.Layer) *counter {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	conn := httpx.To(s.URL)
	t.Cleanup(func() { conn.Close() })
	var c counter
	require.NoError(t, httpx.Client(conn, &c, httpx.Use(layers...)))
	return &c
}

// unread fails the test that reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of a rejected call is read")
	return 0, io.EOF
}

// full is a Bulkhead without a free permit.
func full(t *testing.T) *resilience.Bulkhead {
	t.Helper()
	b := resilience.NewBulkhead(1)
	_, _, err := b.Enter(t.Context())
	require.NoError(t, err)
	return b
}

// open is a Breaker that has opened.
func open(t *testing.T) *resilience.Breaker {
	t.Helper()
	b := resilience.NewBreaker(1, resilience.Shared(), resilience.Cooldown(time.Hour))
	require.ErrorIs(t, settle(t.Context(), b, errDown), errDown)
	return b
}

// TestRejectionOverHTTP has rejections arrive as themselves, and leave the body
// unread.
func TestRejectionOverHTTP(t *testing.T) {
	t.Parallel()
	used := resilience.NewLimiter(0.001, 1)
	require.NoError(t, settle(t.Context(), used, nil))
	perClient := resilience.NewPerClient(0.001, 1)
	require.NoError(t, settle(calling(t.Context(), "", "127.0.0.1:1"), perClient, nil))
	for name, tt := range map[string]struct {
		layer  endpoint.Layer
		peer   string
		err    *endpoint.Error
		status int
		after  time.Duration // less the time that the test takes
	}{
		"Limiter":   {used, "192.0.2.1:1234", resilience.ErrRateLimited, 429, 1000 * time.Second},
		"PerClient": {perClient, "127.0.0.1:1234", resilience.ErrRateLimited, 429, 1000 * time.Second},
		"Bulkhead":  {full(t), "192.0.2.1:1234", resilience.ErrOutOfCapacity, 503, 0},
		"Breaker":   {open(t), "192.0.2.1:1234", resilience.ErrOpen, 503, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := serve(t, counting(nil), tt.layer)
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/add", unread{t})
			r.Header.Set("Content-Type", "application/json")
			r.RemoteAddr = tt.peer
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.after > 0, w.Header().Get("Retry-After") != "")

			_, err := dial(t, h).Add(t.Context(), amount{1})
			require.ErrorIs(t, err, tt.err)
			e := endpoint.ErrorOf(err)
			require.True(t, e.Remote())
			require.Equal(t, tt.err.Code(), e.Code())
			require.Equal(t, tt.err.Message(), e.Message())
			require.LessOrEqual(t, e.RetryAfter(), tt.after)
			require.GreaterOrEqual(t, e.RetryAfter(), tt.after/2)
			require.True(t, endpoint.ServerFault(err), "at the client it is the server's")
		})
	}
}

// TestBreakerOverHTTP has a client with a state for each operation: the server's
// rejections and panics open one, its answers the other not.
func TestBreakerOverHTTP(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func() *counter{
		"a rejection by the server": func() *counter { return counting(resilience.ErrOutOfCapacity) },
		"a panic of the server": func() *counter {
			c := counting(nil)
			c.Last = func(context.Context, endpoint.Empty) (amount, error) { panic(http.ErrAbortHandler) }
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			breaker := resilience.NewBreaker(2)
			c := dial(t, serve(t, failing()), breaker)
			for range 2 {
				_, err := c.Last(t.Context(), endpoint.Empty{})
				require.Error(t, err)
				require.NotErrorIs(t, err, resilience.ErrOpen)
			}
			_, err := c.Last(t.Context(), endpoint.Empty{})
			require.ErrorIs(t, err, resilience.ErrOpen)
			require.False(t, endpoint.ErrorOf(err).Remote())
			got, err := c.Add(t.Context(), amount{3})
			require.NoError(t, err)
			require.Equal(t, amount{3}, got)
		})
	}
}

// TestFaultsOverHTTP has Mount and Client report what is wrong with policies.
func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	faulty := httpx.Use(resilience.NewLimiter(0, 1), resilience.NewBreaker(0), endpoint.Only(resilience.NewBulkhead(0), isIdempotent))
	for _, err := range []error{
		httpx.Mount(http.NewServeMux(), counting(nil), faulty),
		httpx.Client(httpx.To("http://localhost"), new(counter), faulty),
	} {
		require.ErrorContains(t, err, "resilience: NewLimiter: 0 calls a second")
		require.ErrorContains(t, err, "resilience: NewBreaker: 0 failures")
		require.ErrorContains(t, err, "resilience: NewBulkhead: 0 permits")
	}
}

// statusOf returns the status of a call with one header.
func statusOf(h http.Handler, key, value string) int {
	r := httptest.NewRequestWithContext(context.Background(), "POST", "/add", strings.NewReader(`{"n":1}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(key, value)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

package discover_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// echoes is a service with an operation of each kind that retries care about.
type echoes struct {
	Get    endpoint.Endpoint[word, word] // idempotent by its method
	Put    endpoint.Endpoint[word, word] // a POST that says it is
	Create endpoint.Endpoint[word, word] // a POST
}

type word struct {
	W string `query:"w"`
}

func (s *echoes) HTTP(r *httpx.Routes) {
	r.GET("/echo", &s.Get)
	r.Handle(http.MethodPost, "/put", &s.Put, httpx.Idempotent())
	r.Handle(http.MethodPost, "/create", &s.Create)
}

func echo(_ context.Context, w word) (word, error) { return w, nil }

// backends are servers of echoes.
func backends(t *testing.T, n int) []*httptest.Server {
	t.Helper()
	servers := make([]*httptest.Server, n)
	for i := range servers {
		mux := http.NewServeMux()
		require.NoError(t, httpx.Mount(mux, &echoes{echo, echo, echo}))
		servers[i] = httptest.NewServer(mux)
		t.Cleanup(servers[i].Close)
	}
	return servers
}

func addrs(servers []*httptest.Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Listener.Addr().String())
	}
	return all
}

// following runs a pool of HTTP servers until the test ends.
func following(t *testing.T, addrs []string, opts ...discover.Option) *discover.Pool[*httpx.Conn] {
	t.Helper()
	pool := discover.New(httpx.Dialer(), opts...)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx, discover.Static(addrs...)) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return pool
}

// attempts counts what it is around.
func attempts(n *atomic.Int64) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		n.Add(1)
		return ctx, nil, nil
	}
}

// hammer makes n calls from 8 goroutines, halfway runs a func, and returns the
// errors.
func hammer(t *testing.T, n int, e endpoint.Endpoint[word, word], halfway func()) []error {
	t.Helper()
	var calls sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	var made atomic.Int64
	for range 8 {
		calls.Go(func() {
			for i := made.Add(1); i <= int64(n); i = made.Add(1) {
				if i == int64(n/2) {
					halfway()
				}
				if _, err := e(t.Context(), word{"a"}); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	calls.Wait()
	return errs
}

// TestBackendKilled kills one of five real backends under load.
func TestBackendKilled(t *testing.T) {
	t.Parallel()
	const n = 4000
	for _, tt := range []struct {
		name     string
		of       func(s *echoes) endpoint.Endpoint[word, word]
		repeated bool
	}{
		{"GET", func(s *echoes) endpoint.Endpoint[word, word] { return s.Get }, true},
		{"POST that is idempotent", func(s *echoes) endpoint.Endpoint[word, word] { return s.Put }, true},
		{"POST", func(s *echoes) endpoint.Endpoint[word, word] { return s.Create }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			servers := backends(t, 5)
			var tries atomic.Int64
			var c echoes
			require.NoError(t, httpx.Client(following(t, addrs(servers)), &c,
				httpx.Use(resilience.NewRetry(3), attempts(&tries))))
			errs := hammer(t, n, tt.of(&c), func() {
				servers[2].CloseClientConnections()
				_ = servers[2].Listener.Close()
			})
			for _, err := range errs {
				if tt.repeated || !endpoint.MaybeSent(err) {
					t.Errorf("a call failed: %v", err)
				}
			}
			require.LessOrEqual(t, float64(tries.Load())/n, 1.05, "attempts for each call")
		})
	}
}

// TestBlackHole has one of five accept connections and never answer, with a
// time-out of 100 ms for each attempt.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	const n = 4000
	hole, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = hole.Close() })
	servers := backends(t, 4)
	var tries atomic.Int64
	var c echoes
	require.NoError(t, httpx.Client(following(t, append(addrs(servers), hole.Addr().String())), &c,
		httpx.Use(resilience.NewRetry(3), resilience.NewTimeout(100*time.Millisecond), attempts(&tries))))
	require.Empty(t, hammer(t, n, c.Get, func() {}))
	require.Empty(t, hammer(t, n, c.Put, func() {}))
	require.LessOrEqual(t, float64(tries.Load())/(2*n), 1.05, "attempts for each call")
	for _, err := range hammer(t, n, c.Create, func() {}) {
		require.True(t, endpoint.MaybeSent(err), "a call failed: %v", err)
	}
}

// TestStreamKeepsItsConnection: a removed instance with a stream in flight is
// closed after it.
func TestStreamKeepsItsConnection(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a")
		stream, err := discover.Balanced(streams{w.pool})(w.t.Context(), 3)
		require.NoError(w.t, err)
		n := 0
		for _, err := range stream {
			require.NoError(w.t, err)
			if n == 0 {
				w.source.says("b")
				synctest.Wait()
				require.Equal(w.t, []string{"b"}, w.reached(5))
			}
			_, closes := w.dialer.counts()
			require.Zero(w.t, closes, "while the stream flows")
			n++
		}
		require.Equal(w.t, 3, n)
		_, closes := w.dialer.counts()
		require.Equal(w.t, 1, closes)
	})
}

// streams is a pool whose connections are taken for endpoints that count.
type streams struct{ *discover.Pool[*conn] }

func (s streams) Acquire(ctx context.Context) (endpoint.Endpoint[int, endpoint.Stream[int]], endpoint.Token, error) {
	_, token, err := s.Pool.Acquire(ctx)
	return func(_ context.Context, n int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}, nil
	}, token, err
}

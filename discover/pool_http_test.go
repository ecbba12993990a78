package discover_test

import (
	"context"
	"io"
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
	"github.com/typedkit/endpoint/endpointtest"
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
		servers[i] = serveHTTP(t, &echoes{echo, echo, echo})
	}
	return servers
}

// serveHTTP serves svc until the test ends, with what others mount beside it.
func serveHTTP(t *testing.T, svc *echoes, others ...func(*http.ServeMux)) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, svc))
	for _, mount := range others {
		mount(mux)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func addrs(servers []*httptest.Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Listener.Addr().String())
	}
	return all
}

// following runs a pool of HTTP servers until the test ends.
func following(t *testing.T, addrs []string, opts ...httpx.ConnOption) *discover.Pool[*httpx.Conn] {
	t.Helper()
	return follow(t, discover.New(httpx.Dialer(opts...)), discover.Static(addrs...))
}

// attempts counts what it is around.
func attempts(n *atomic.Int64) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		n.Add(1)
		return ctx, nil, nil
	}
}

// calls is how many calls hammer makes.
const calls = 4000

// hammer makes calls from 8 goroutines, halfway runs a func, and returns the
// errors.
func hammer(t *testing.T, e endpoint.Endpoint[word, word], halfway func()) []error {
	t.Helper()
	var callers sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	var made atomic.Int64
	for range 8 {
		callers.Go(func() {
			for i := made.Add(1); i <= calls; i = made.Add(1) {
				if i == calls/2 {
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
	callers.Wait()
	return errs
}

// TestBackendKilled kills one of five real backends under load.
func TestBackendKilled(t *testing.T) {
	t.Parallel()
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
			errs := hammer(t, tt.of(&c), func() {
				servers[2].CloseClientConnections()
				_ = servers[2].Listener.Close()
			})
			for _, err := range errs {
				if tt.repeated || !endpoint.MaybeSent(err) {
					t.Errorf("a call failed: %v", err)
				}
			}
			require.LessOrEqual(t, len(errs), calls/100)
			require.LessOrEqual(t, float64(tries.Load())/calls, 1.05, "attempts for each call")
			require.Greater(t, tries.Load()+int64(len(errs)), int64(calls), "nobody noticed the killing")
		})
	}
}

// TestBlackHole has one of five accept connections and never answer, with a
// time-out of 100 ms for each attempt, all in a bubble.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := following(t, numbered(0, 5), httpx.HTTPClient(&http.Client{Transport: network(t, 5, "00003")}))
		var tries atomic.Int64
		var c echoes
		require.NoError(t, httpx.Client(pool, &c,
			httpx.Use(resilience.NewRetry(3), resilience.NewTimeout(100*time.Millisecond), attempts(&tries))))
		require.Empty(t, hammer(t, c.Get, func() {}))
		require.Empty(t, hammer(t, c.Put, func() {}))
		require.LessOrEqual(t, float64(tries.Load())/(2*calls), 1.05, "attempts for each call")
		require.Greater(t, tries.Load(), int64(2*calls), "nobody noticed the hole")
		for _, err := range hammer(t, c.Create, func() {}) {
			require.True(t, endpoint.MaybeSent(err), "a call failed: %v", err)
		}
	})
}

// network returns a transport to servers of echoes with the addresses from 0 to n,
// all in memory. The one at hung never answers. It is for use in a bubble.
func network(t *testing.T, n int, hung string) *http.Transport {
	t.Helper()
	listeners := map[string]*endpointtest.Listener{}
	for _, addr := range numbered(0, n) {
		l := endpointtest.NewListener()
		listeners[addr] = l
		if addr == hung {
			swallow(t, l)
		} else {
			serveEchoes(t, l)
		}
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, proto, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return listeners[host].Dial(ctx, proto, addr)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func serveEchoes(t *testing.T, l net.Listener) {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &echoes{echo, echo, echo}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		<-ended
	})
}

// swallow accepts connections, reads what comes and answers nothing.
func swallow(t *testing.T, l net.Listener) {
	t.Helper()
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { _, _ = io.Copy(io.Discard, c) })
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		conns.Wait()
	})
}

// TestHedgedHungHost hedges calls over ten hosts, one of which never answers: an
// attempt there is cancelled when another has answered, and must not make the
// host look fast.
func TestHedgedHungHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const hung = "00003"
		var tried atomic.Int64
		transport := &counted{network(t, 10, hung), hung, &tried}
		pool := following(t, numbered(0, 10), httpx.HTTPClient(&http.Client{Transport: transport}))
		hedge := resilience.NewHedge(50 * time.Millisecond)
		var c echoes
		require.NoError(t, httpx.Client(pool, &c, httpx.Use(hedge)))
		for range 200 {
			_, err := c.Get(t.Context(), word{"a"})
			require.NoError(t, err)
		}
		require.LessOrEqual(t, tried.Load(), int64(20), "tries at the hung host in 200 calls")
		require.Positive(t, tried.Load(), "or nothing was shown")
	})
}

// counted counts the requests to one host.
type counted struct {
	http.RoundTripper

	host string
	n    *atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == c.host {
		c.n.Add(1)
	}
	return c.RoundTripper.RoundTrip(r)
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

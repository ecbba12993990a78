package server_test

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/race"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A registry is a registry in memory: a source and a registrar.
type registry struct {
	mu      sync.Mutex // guards the fields below
	set     map[string]discover.Instance
	changed chan struct{}
}

func newRegistry() *registry {
	return &registry{set: map[string]discover.Instance{}, changed: make(chan struct{})}
}

func (r *registry) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *registry) Register(ctx context.Context, in discover.Instance) error {
	r.change(func() { r.set[in.Addr] = in })
	<-ctx.Done()
	r.change(func() { delete(r.set, in.Addr) })
	return nil
}

// await waits until there are n instances.
func (r *registry) await(n int) {
	for {
		r.mu.Lock()
		found, changed := len(r.set), r.changed
		r.mu.Unlock()
		if found == n {
			return
		}
		<-changed
	}
}

func (r *registry) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for ctx.Err() == nil {
			r.mu.Lock()
			set, changed := discover.Sorted(slices.Collect(maps.Values(r.set))), r.changed
			r.mu.Unlock()
			if !yield(set, nil) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

// posts is a service of one operation that must not be repeated, and one that may be.
type posts struct {
	Post endpoint.Endpoint[int, int]
	Put  endpoint.Endpoint[int, int]
}

func (s *posts) HTTP(r *httpx.Routes) {
	r.POST("/post", &s.Post)
	r.PUT("/put", &s.Put)
}

func (s *posts) GRPC(m *grpcx.Methods) {
	m.Service("posts")
	m.Unary("Post", &s.Post)
	m.Unary("Put", &s.Put, grpcx.Idempotent())
}

// kinds are the transports of TestRollingRestart: how a server is added, and a client made.
var kinds = map[string]struct {
	add    func(t *testing.T, s *server.Server, svc *posts, r *registry)
	client func(t *testing.T, source discover.Source, c *posts, layers ...endpoint.Layer)
	lost   int // bare calls that may fail, of 25,000
}{
	"HTTP/1": {addHTTP, dialHTTP(false), 2},
	"HTTP/2": {addHTTP, dialHTTP(true), 0},
	"gRPC": {func(t *testing.T, s *server.Server, svc *posts, r *registry) {
		t.Helper()
		calls := grpc.NewServer(grpcx.ServerOptions()...)
		require.NoError(t, grpcx.Register(calls, svc, grpcx.Use(s)))
		health, err := grpcx.Health(calls)
		require.NoError(t, err)
		s.Add(server.GRPC(free, calls, health, server.Register(r)))
	}, func(t *testing.T, source discover.Source, c *posts, layers ...endpoint.Layer) {
		t.Helper()
		pool := discover.New(grpcx.Dialer(insecure.NewCredentials()))
		follow(t, func(ctx context.Context) error { return pool.Run(ctx, source) })
		require.NoError(t, grpcx.Client(pool, c, grpcx.Use(layers...)))
	}, 0},
}

func addHTTP(t *testing.T, s *server.Server, svc *posts, r *registry) {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(s)))
	s.Add(server.HTTP(free, mux, server.Register(r)))
}

func dialHTTP(h2 bool) func(t *testing.T, source discover.Source, c *posts, layers ...endpoint.Layer) {
	return func(t *testing.T, source discover.Source, c *posts, layers ...endpoint.Layer) {
		t.Helper()
		var opts []httpx.ConnOption
		if h2 {
			transport := &http.Transport{Protocols: new(http.Protocols)}
			transport.Protocols.SetUnencryptedHTTP2(true)
			t.Cleanup(transport.CloseIdleConnections)
			opts = append(opts, httpx.HTTPClient(&http.Client{Transport: transport}))
		}
		pool := discover.New(httpx.Dialer(opts...))
		follow(t, func(ctx context.Context) error { return pool.Run(ctx, source) })
		require.NoError(t, httpx.Client(pool, c, httpx.Use(layers...)))
	}
}

// follow runs f until the test ends.
func follow(t *testing.T, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// TestRollingRestart replaces all servers of a pool, one after the other, under load.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	n, pace, propagation := 2500, time.Millisecond, time.Second
	long := os.Getenv("ENDPOINT_LONG") != ""
	switch {
	case long && !race.Enabled():
		n = 25000
	case long:
		n, pace, propagation = 10000, 4*time.Millisecond, 5*time.Second
	case race.Enabled(): // a machine of two cores does not keep up otherwise
		n, pace, propagation = 1000, 4*time.Millisecond, 2*time.Second
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegistry()
			start := func() func() error {
				s := server.New("posts", quiet(), server.Propagation(propagation))
				same := func(_ context.Context, n int) (int, error) { return n, nil }
				kind.add(t, s, &posts{Post: same, Put: same}, r)
				return running(t, s)
			}
			old := []func() error{start(), start()}
			r.await(2)
			var bare, stacked posts
			kind.client(t, r, &bare)
			kind.client(t, r, &stacked, resilience.ClientStack()...)

			var lost, failed atomic.Int64
			var lastErr atomic.Value
			var calls sync.WaitGroup
			tick := time.NewTicker(pace)
			defer tick.Stop()
			restarted := make(chan error, 1)
			for i := range n {
				if i == n/4 {
					go func() {
						err := error(nil)
						for _, stop := range old {
							next := start()
							if e := stop(); e != nil {
								err = e
							}
							t.Cleanup(func() { _ = next() })
						}
						restarted <- err
					}()
				}
				calls.Go(func() {
					if got, err := bare.Post(t.Context(), i); err != nil || got != i {
						lost.Add(1)
						lastErr.Store(err)
					}
				})
				calls.Go(func() {
					if got, err := stacked.Put(t.Context(), i); err != nil || got != i {
						failed.Add(1)
						lastErr.Store(err)
					}
				})
				<-tick.C
			}
			calls.Wait()
			require.NoError(t, <-restarted)
			t.Logf("of %d bare POSTs %d failed, and of as many calls that may be repeated %d", n, lost.Load(), failed.Load())
			require.Zero(t, failed.Load(), "%v", lastErr.Load())
			require.LessOrEqual(t, lost.Load(), int64(kind.lost), "%v", lastErr.Load())
		})
	}
}

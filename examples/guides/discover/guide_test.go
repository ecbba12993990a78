package discoverguide

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var ErrDown = endpoint.Define(endpoint.Unavailable, "shop", "DOWN", "down")

func price(_ context.Context, i Item) (Price, error) { return Price{len(i.Name)}, nil }

// serve runs an instance until the test ends and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Shop{Price: price}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestClient(t *testing.T) {
	t.Parallel()
	signalled, stop := context.WithCancel(t.Context())
	shop, closePool, err := connect(signalled, discover.Static(serve(t), serve(t), "127.0.0.1:1"))
	require.NoError(t, err)
	stop() // calls in flight still have instances
	for range 20 {
		p, err := shop.Price(t.Context(), Item{"book"})
		require.NoError(t, err, "one of three is gone")
		require.Equal(t, 4, p.Cents)
	}
	require.NoError(t, closePool())
	_, err = shop.Price(t.Context(), Item{"book"})
	require.ErrorIs(t, err, discover.ErrNoEndpoints)
}

func TestClientGRPC(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer()
	require.NoError(t, grpcx.Register(s, &Shop{Price: price}))
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-ended })
	shop, closePool, err := connectGRPC(t.Context(), discover.Static(l.Addr().String()), insecure.NewCredentials())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closePool()) })
	p, err := shop.Price(t.Context(), Item{"book"})
	require.NoError(t, err)
	require.Equal(t, 4, p.Cents)
}

func TestSlice(t *testing.T) {
	t.Parallel()
	down := func(context.Context, Item) (Price, error) {
		return Price{}, endpoint.MarkNotSent(ErrDown)
	}
	e := anyOf([]endpoint.Endpoint[Item, Price]{down, price, down}, resilience.NewRetry(3))
	for range 5 { // for which the retry has tokens, however the picks fall
		_, err := e(t.Context(), Item{"book"})
		require.NoError(t, err)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	for name, s := range sources() {
		if strings.HasPrefix(name, "a ") && name != "a spare in another zone" {
			continue // nobody answers here
		}
		for set, err := range s.Watch(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, discover.Sorted(set), set, name)
			break
		}
	}
	require.Len(t, sources(), 4)
}

// TestOptions runs the pool with all options, and reads its events and gauges.
func TestOptions(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	pool := newPool(slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, pool.Err())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	source := discover.Static(serve(t))
	go func() { ended <- pool.Run(ctx, source) }()
	var shop Shop
	require.NoError(t, httpx.Client(pool, &shop))
	_, err := shop.Price(t.Context(), Item{"book"})
	require.NoError(t, err)
	require.InDelta(t, 1, serving(pool), 0)
	cancel()
	require.NoError(t, <-ended)
	require.Contains(t, log.String(), "msg=pool name=shop kind=joined")
	require.Zero(t, serving(pool))
}

func TestBalancer(t *testing.T) {
	t.Parallel()
	pool := discover.Of([]string{"a", "b", "c"}, discover.Balance(idlest()))
	seen := map[string]bool{}
	for range 3 { // calls that do not end
		conn, _, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		seen[conn] = true
	}
	require.Len(t, seen, 3)
}

// TestSource has the source of the guide pass the suite.
func TestSource(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(t *testing.T) discovertest.SourceKit {
		t.Helper()
		path := filepath.Join(t.TempDir(), "instances")
		return discovertest.SourceKit{
			Source: file{path, 5 * time.Millisecond},
			Set: func(t *testing.T, set []discover.Instance) {
				t.Helper()
				var text strings.Builder
				for _, in := range set {
					text.WriteString(in.Addr + "\n")
				}
				// Nobody should read a file that is half written.
				require.NoError(t, errors.Join(
					os.WriteFile(path+".new", []byte(text.String()), 0o600),
					os.Rename(path+".new", path)))
			},
			Break: func(t *testing.T) {
				t.Helper()
				require.NoError(t, os.Rename(path, path+".away"))
			},
			Restore: func(t *testing.T) {
				t.Helper()
				require.NoError(t, os.Rename(path+".away", path))
			},
		}
	})
}

// TestChecked has an instance that is not ready, which gets no call.
func TestChecked(t *testing.T) {
	t.Parallel()
	instance := func(status int, calls *atomic.Int64) string {
		mux := http.NewServeMux()
		mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		require.NoError(t, httpx.Mount(mux, &Shop{Price: func(ctx context.Context, i Item) (Price, error) {
			calls.Add(1)
			return price(ctx, i)
		}}))
		s := httptest.NewServer(mux)
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	var ready, starting atomic.Int64
	source := discover.Static(instance(http.StatusOK, &ready), instance(http.StatusServiceUnavailable, &starting))
	pool := checked()
	ended := make(chan error)
	go func() { ended <- pool.Run(t.Context(), source) }()
	var shop Shop
	require.NoError(t, httpx.Client(pool, &shop))
	for range 20 {
		_, err := shop.Price(t.Context(), Item{"book"})
		require.NoError(t, err)
	}
	require.Zero(t, starting.Load())
	require.EqualValues(t, 20, ready.Load())
	require.NoError(t, pool.Close())
	<-ended
}

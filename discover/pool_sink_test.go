package discover_test

import (
	"context"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc/credentials/insecure"
)

// sink answers at once: with err, if there is one. Others take some milliseconds.
func sink(err error) *echoes {
	answer := func(ctx context.Context, w word) (word, error) {
		if err != nil {
			return word{}, err
		}
		timer := time.NewTimer(5 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return w, nil
	}
	return &echoes{answer, answer, answer}
}

// TestSinkOfRealServers has one of three servers fail at once: it must not draw the calls.
func TestSinkOfRealServers(t *testing.T) {
	t.Parallel()
	overHTTP := func(t *testing.T, errs ...error) *echoes {
		t.Helper()
		var servers []*httptest.Server
		for _, err := range errs {
			servers = append(servers, serveHTTP(t, sink(err)))
		}
		pool := follow(t, discover.New(httpx.Dialer(), discover.Eject(0, 0)), discover.Static(addrs(servers)...))
		var c echoes
		require.NoError(t, httpx.Client(pool, &c))
		return &c
	}
	overGRPC := func(t *testing.T, errs ...error) *echoes {
		t.Helper()
		var servers []string
		for _, err := range errs {
			servers = append(servers, serveGRPC(t, listen(t, "127.0.0.1:0"), sink(err)).Addr().String())
		}
		pool := follow(t, discover.New(grpcx.Dialer(insecure.NewCredentials()), discover.Eject(0, 0)), discover.Static(servers...))
		var c echoes
		require.NoError(t, grpcx.Client(pool, &c))
		return &c
	}
	for name, err := range map[string]error{
		"unavailable": endpoint.Errorf(endpoint.Unavailable, "down"),
		"internal":    endpoint.Errorf(endpoint.Internal, "broken"),
		"exhausted":   endpoint.Errorf(endpoint.ResourceExhausted, "full").WithRetryAfter(time.Minute),
	} {
		for transport, connect := range map[string]func(*testing.T, ...error) *echoes{"HTTP": overHTTP, "gRPC": overGRPC} {
			t.Run(transport+", "+name, func(t *testing.T) {
				t.Parallel()
				c := connect(t, nil, err, nil)
				var failed atomic.Int64
				var callers sync.WaitGroup
				for range 10 {
					callers.Go(func() {
						for range 30 {
							if _, err := c.Get(t.Context(), word{"a"}); err != nil {
								failed.Add(1)
							}
						}
					})
				}
				callers.Wait()
				require.LessOrEqual(t, failed.Load(), int64(30), "of 300 calls; a third of them would be fair, and most would go to an instance that looks fast")
			})
		}
	}
}

// TestReconnectOfRealServers stops a gRPC server and starts another at its address: the
// calls of the pool go on in five seconds.
func TestReconnectOfRealServers(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	addr := l.Addr().String()
	var c echoes
	pool := follow(t, discover.New(grpcx.Dialer(insecure.NewCredentials())), discover.Static(addr))
	require.NoError(t, grpcx.Client(pool, &c))
	call := func() error { _, err := c.Get(t.Context(), word{"a"}); return err }
	server := serveGRPC(t, l, sink(nil)).server
	require.NoError(t, call())
	server.Stop()
	require.Eventually(t, func() bool { return call() != nil }, 5*time.Second, time.Millisecond)
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); { // so that the waits grow
		require.Error(t, call())
	}
	serveGRPC(t, listen(t, addr), sink(nil))
	require.Eventually(t, func() bool { return call() == nil }, 5*time.Second, 10*time.Millisecond)
}

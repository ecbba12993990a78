package discover_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// GRPC describes the same service over gRPC, where no method is idempotent by
// itself.
func (s *echoes) GRPC(m *grpcx.Methods) {
	m.Service("test.Echoes")
	m.Unary("Get", &s.Get, grpcx.Idempotent())
	m.Unary("Put", &s.Put, grpcx.Idempotent())
	m.Unary("Create", &s.Create)
}

// grpcBackend is a gRPC server of echoes.
type grpcBackend struct {
	net.Listener

	server *grpc.Server
}

func grpcBackends(t *testing.T, n int) []*grpcBackend {
	t.Helper()
	all := make([]*grpcBackend, n)
	for i := range all {
		all[i] = serveGRPC(t, listen(t, "127.0.0.1:0"), &echoes{echo, echo, echo})
	}
	return all
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
	require.NoError(t, err)
	return l
}

// serveGRPC serves svc until the test ends, with what others register beside it.
func serveGRPC(t *testing.T, l net.Listener, svc *echoes, others ...func(*grpc.Server)) *grpcBackend {
	t.Helper()
	s := grpc.NewServer(grpcx.ServerOptions()...)
	require.NoError(t, grpcx.Register(s, svc))
	for _, register := range others {
		register(s)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-ended
	})
	return &grpcBackend{l, s}
}

// followingGRPC runs a pool of gRPC servers until the test ends.
func followingGRPC(t *testing.T, addrs []string, opts ...grpc.DialOption) *discover.Pool[grpc.ClientConnInterface] {
	t.Helper()
	return follow(t, discover.New(grpcx.Dialer(insecure.NewCredentials(), opts...)), discover.Static(addrs...))
}

// TestBackendKilledGRPC is TestBackendKilled over gRPC.
func TestBackendKilledGRPC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		of       func(s *echoes) endpoint.Endpoint[word, word]
		repeated bool
	}{
		{"idempotent", func(s *echoes) endpoint.Endpoint[word, word] { return s.Get }, true},
		{"not idempotent", func(s *echoes) endpoint.Endpoint[word, word] { return s.Create }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			servers := grpcBackends(t, 5)
			var addrs []string
			for _, s := range servers {
				addrs = append(addrs, s.Addr().String())
			}
			var tries atomic.Int64
			var c echoes
			require.NoError(t, grpcx.Client(followingGRPC(t, addrs), &c,
				grpcx.Use(resilience.NewRetry(3), attempts(&tries))))
			errs := hammer(t, tt.of(&c), servers[2].server.Stop)
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

// TestBlackHoleGRPC is TestBlackHole over gRPC.
func TestBlackHoleGRPC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listeners := map[string]*endpointtest.Listener{}
		for _, addr := range numbered(0, 5) {
			l := endpointtest.NewListener()
			listeners[addr] = l
			if addr == "00003" {
				swallow(t, l)
			} else {
				serveGRPC(t, l, &echoes{echo, echo, echo})
			}
		}
		pool := followingGRPC(t, numbered(0, 5), grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			return listeners[addr].Dial(ctx, "tcp", addr)
		}))
		var tries atomic.Int64
		var c echoes
		require.NoError(t, grpcx.Client(pool, &c,
			grpcx.Use(resilience.NewRetry(3), resilience.NewTimeout(100*time.Millisecond), attempts(&tries))))
		require.Empty(t, hammer(t, c.Get, func() {}))
		require.LessOrEqual(t, float64(tries.Load())/calls, 1.05, "attempts for each call")
		for _, err := range hammer(t, c.Create, func() {}) {
			require.True(t, endpoint.MaybeSent(err), "a call failed: %v", err)
		}
	})
}

// healthy returns the address of a server with the health protocol. One that is not serving
// fails its calls.
func healthy(t *testing.T, serving bool) string {
	t.Helper()
	answer := echo
	if !serving {
		answer = func(context.Context, word) (word, error) {
			return word{}, endpoint.Errorf(endpoint.Internal, "it was called")
		}
	}
	health := func(s *grpc.Server) {
		h, err := grpcx.Health(s)
		require.NoError(t, err)
		if !serving {
			h.Shutdown()
		}
	}
	return serveGRPC(t, listen(t, "127.0.0.1:0"), &echoes{answer, answer, answer}, health).Addr().String()
}

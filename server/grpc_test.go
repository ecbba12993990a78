package server_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// TestHandshakes has strangers who open connections and say nothing, or half of what they
// should: the stop does not wait for them, and a call in flight still finishes.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	begun, release := make(chan struct{}), make(chan struct{})
	svc := &posts{Post: func(_ context.Context, n int) (int, error) {
		close(begun)
		<-release
		return n, nil
	}, Put: func(_ context.Context, n int) (int, error) { return n, nil }}
	s := server.New("posts", quiet(), server.Announce(lines))
	calls := grpc.NewServer(grpcx.ServerOptions()...)
	require.NoError(t, grpcx.Register(calls, svc, grpcx.Use(s)))
	s.Add(server.GRPC(free, calls, nil))
	stop := running(t, s)
	addr := lines.addr(t, "gRPC")
	var strangers []net.Conn
	for _, says := range []string{"", "PRI * HTTP/2.0\r\n"} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, says)
		require.NoError(t, err)
		strangers = append(strangers, conn)
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	var c posts
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	answer := make(chan error, 1)
	go func() {
		_, err := c.Post(t.Context(), 1)
		answer <- err
	}()
	<-begun
	start, stopped := time.Now(), make(chan error, 1)
	go func() { stopped <- stop() }()
	for _, stranger := range strangers {
		_, err := stranger.Read(make([]byte, 1000)) // until the server closes it
		for err == nil {
			_, err = stranger.Read(make([]byte, 1000))
		}
	}
	close(release)
	require.NoError(t, <-answer)
	require.NoError(t, <-stopped)
	require.Less(t, time.Since(start), 5*time.Second)
}

// TestHealthFollows has a client that watches the health of the server until it is gone.
func TestHealthFollows(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	s := server.New("posts", quiet(), server.Announce(lines), server.Propagation(100*time.Millisecond))
	calls := grpc.NewServer(grpcx.ServerOptions()...)
	same := func(_ context.Context, n int) (int, error) { return n, nil }
	require.NoError(t, grpcx.Register(calls, &posts{Post: same, Put: same}, grpcx.Use(s)))
	health, err := grpcx.Health(calls)
	require.NoError(t, err)
	s.Add(server.GRPC(free, calls, health))
	stop := running(t, s)
	conn, err := grpc.NewClient(lines.addr(t, "gRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	watch, err := grpc_health_v1.NewHealthClient(conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "posts"})
	require.NoError(t, err)
	next := func() (string, error) {
		m, err := watch.Recv()
		return m.GetStatus().String(), err
	}
	st, err := next()
	require.NoError(t, err)
	if st == "NOT_SERVING" { // the call came while the server was starting
		st, err = next()
		require.NoError(t, err)
	}
	require.Equal(t, "SERVING", st)
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	st, err = next()
	require.NoError(t, err)
	require.Equal(t, "NOT_SERVING", st)
	_, err = next()
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.NoError(t, <-stopped)
	require.NotEqual(t, endpoint.OK, endpoint.CodeOf(err))
}

// late is a server that is told to serve when it has been stopped.
type late struct {
	*grpc.Server
	stopped chan struct{}
}

func (l *late) Serve(lis net.Listener) error {
	<-l.stopped
	return l.Server.Serve(lis)
}

func (l *late) GracefulStop() {
	l.Server.GracefulStop()
	close(l.stopped)
}

// TestGRPCStopsBeforeItServes has a stop that overtakes the start.
func TestGRPCStopsBeforeItServes(t *testing.T) {
	t.Parallel()
	lines := newAnnouncements()
	s := server.New("posts", quiet(), server.Announce(lines))
	s.Add(server.GRPC(free, &late{grpc.NewServer(), make(chan struct{})}, nil))
	stop := running(t, s)
	lines.addr(t, "gRPC")
	require.NoError(t, stop())
}

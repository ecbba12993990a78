package server_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// TestGRPCHealth watches a server whose check fails, passes, and fails again, and that then
// stops.
func TestGRPCHealth(t *testing.T) {
	t.Parallel()
	calls := grpc.NewServer(grpcx.ServerOptions()...)
	health, err := grpcx.Health(calls)
	require.NoError(t, err)
	var works atomic.Bool
	announced := newAnnouncements()
	s := server.New("rooms", quiet(), server.Announce(announced))
	s.Add(
		server.GRPC(free, calls, health),
		server.Check("database", func(context.Context) error {
			if works.Load() {
				return nil
			}
			return errDown
		}, server.Every(10*time.Millisecond)))
	direct, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, direct.GetStatus(), "before Run")
	stop := running(t, s)
	conn, err := grpc.NewClient(announced.addr(t, "gRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w, err := grpc_health_v1.NewHealthClient(conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	next := func() string {
		m, err := w.Recv()
		if err != nil {
			return status.Code(err).String()
		}
		return m.GetStatus().String()
	}
	require.Equal(t, "NOT_SERVING", next())
	works.Store(true)
	require.Equal(t, "SERVING", next())
	works.Store(false)
	require.Equal(t, "NOT_SERVING", next())
	works.Store(true)
	require.Equal(t, "SERVING", next())
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	require.Equal(t, "NOT_SERVING", next())
	require.Equal(t, codes.Unavailable.String(), next())
	require.NoError(t, <-ended)
}

// TestGRPCHealthNil has what grpcx.Health returns with an error. The server leaves it alone.
func TestGRPCHealthNil(t *testing.T) {
	t.Parallel()
	health, err := grpcx.Health(nil)
	require.Error(t, err)
	log := &lines{}
	s := server.New("rooms", server.Log(slog.New(slog.NewTextHandler(log, nil))))
	s.Add(server.GRPC(free, grpc.NewServer(), health))
	require.NoError(t, s.Err())
	stop := running(t, s)
	require.Eventually(t, func() bool { return s.Health().Ready }, 10*time.Second, time.Millisecond)
	require.NoError(t, stop())
	require.NotContains(t, strings.Join(log.all(), "\n"), "level=WARN")
}

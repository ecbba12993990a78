package grpcx_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// TestProbe asks servers of each status, and one without the protocol.
func TestProbe(t *testing.T) {
	t.Parallel()
	var h *grpcx.HealthServer
	conn := serve(t, func(s *grpc.Server) {
		register(t, both())(s)
		var err error
		h, err = grpcx.Health(s)
		require.NoError(t, err)
	})
	require.NoError(t, grpcx.Probe("")(t.Context(), conn))
	require.NoError(t, grpcx.Probe("test.S")(t.Context(), conn))
	require.ErrorContains(t, grpcx.Probe("test.None")(t.Context(), conn), "grpcx: Probe: rpc error: code = NotFound")
	h.SetServingStatus("test.S", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	require.NoError(t, grpcx.Probe("")(t.Context(), conn))
	require.EqualError(t, grpcx.Probe("test.S")(t.Context(), conn), "grpcx: Probe: the status is NOT_SERVING")
	h.Shutdown()
	require.EqualError(t, grpcx.Probe("")(t.Context(), conn), "grpcx: Probe: the status is NOT_SERVING")
	require.NoError(t, grpcx.Probe("")(t.Context(), serve(t, register(t, both()))), "without the protocol")
	require.EqualError(t, grpcx.Probe("")(t.Context(), nil), "grpcx: Probe: the connection is nil")
}

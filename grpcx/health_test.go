package grpcx_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
)

// TestHealth asks for the statuses of a server, and watches one change.
func TestHealth(t *testing.T) {
	t.Parallel()
	_, err := grpcx.Health(nil)
	require.ErrorContains(t, err, "grpcx: Health: the registrar is nil")
	var set func(name string, status grpc_health_v1.HealthCheckResponse_ServingStatus)
	conn := serve(t, func(s *grpc.Server) {
		register(t, both())(s)
		h, err := grpcx.Health(s)
		require.NoError(t, err)
		set = h.SetServingStatus
		_, err = grpcx.Health(s)
		require.ErrorContains(t, err, "registered already")
	})
	c := grpc_health_v1.NewHealthClient(conn)
	all, err := c.List(t.Context(), &grpc_health_v1.HealthListRequest{})
	require.NoError(t, err)
	require.Len(t, all.GetStatuses(), 2)
	w, err := c.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "test.S"})
	require.NoError(t, err)
	for _, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING} {
		got, err := w.Recv()
		require.NoError(t, err)
		require.Equal(t, want, got.GetStatus())
		set("test.S", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	}
}

// TestReflect lists services that have no descriptor by name, and describes those
// that have one.
func TestReflect(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, grpcx.Reflect(nil), "grpcx: Reflect: the server is nil")
	conn := serve(t, func(s *grpc.Server) {
		e := echo()
		register(t, &e)(s)
		require.NoError(t, grpcx.Reflect(s))
		require.ErrorContains(t, grpcx.Reflect(s), "registered already")
		register(t, both())(s)
	})
	s, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	ask := func(r *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		require.NoError(t, s.Send(r))
		got, err := s.Recv()
		require.NoError(t, err)
		return got
	}
	names := map[string]bool{}
	for _, svc := range ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
		names[svc.GetName()] = true
	}
	require.True(t, names["endpoint.test.v1.Echo"] && names["test.S"], "%v", names)
	for symbol, known := range map[string]bool{"endpoint.test.v1.Echo": true, "test.S": false} {
		got := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
		require.Equal(t, known, got.GetFileDescriptorResponse() != nil, symbol)
	}
	require.NoError(t, s.CloseSend())
}

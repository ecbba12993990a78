package grpcx

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

var errProbe = errors.New("grpcx: Probe: the connection is nil")

// Probe returns a probe for discover.Check: it asks for the status of a service by the
// standard health protocol (grpc.health.v1), "" being the server as a whole, and takes
// SERVING for healthy. A server without the protocol is healthy, as in gRFC A17. No layer
// sees the call.
func Probe(service string) func(ctx context.Context, conn grpc.ClientConnInterface) error {
	return func(ctx context.Context, conn grpc.ClientConnInterface) error {
		if conn == nil {
			return errProbe
		}
		answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
		switch {
		case status.Code(err) == codes.Unimplemented:
			return nil
		case err != nil:
			return fmt.Errorf("grpcx: Probe: %w", err)
		case answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
			return fmt.Errorf("grpcx: Probe: the status is %v", answer.GetStatus())
		}
		return nil
	}
}

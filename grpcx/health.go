package grpcx

import (
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
)

// Health serves the standard health protocol (grpc.health.v1) on s, after the
// services of the program. The server as a whole (the name "") and each service
// that s has so far are SERVING; SetServingStatus of the result changes that by
// name, and Shutdown ends all, so that clients leave before the server does.
func Health(s grpc.ServiceRegistrar) (*health.Server, error) {
	if s == nil {
		return nil, errors.New("grpcx: Health: the registrar is nil")
	}
	server := health.NewServer()
	if known, ok := s.(reflection.ServiceInfoProvider); ok {
		info := known.GetServiceInfo()
		if _, ok := info[grpc_health_v1.Health_ServiceDesc.ServiceName]; ok {
			return nil, errors.New("grpcx: Health: the service is registered already")
		}
		for name := range info {
			server.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVING)
		}
	}
	grpc_health_v1.RegisterHealthServer(s, server)
	return server, nil
}

// Reflect serves the reflection protocol (grpc.reflection.v1, and v1alpha for
// older tools) on s: it lists all services of s, also those that are registered
// later, and describes those whose messages are protobuf by the descriptors of
// the generated code. Services of plain Go types have none and are listed by
// name alone. Whoever reaches the server may ask it.
func Reflect(s reflection.GRPCServer) error {
	if s == nil {
		return errors.New("grpcx: Reflect: the server is nil")
	}
	for _, name := range []string{"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} {
		if _, ok := s.GetServiceInfo()[name]; ok {
			return errors.New("grpcx: Reflect: the service is registered already")
		}
	}
	reflection.Register(s)
	return nil
}

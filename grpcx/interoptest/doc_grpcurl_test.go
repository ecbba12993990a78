package interoptest_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
)

// Plain is a service without a .proto.
type Plain struct {
	Upper endpoint.Endpoint[string, string]
}

func (s *Plain) GRPC(m *grpcx.Methods) {
	m.Service("test.Plain")
	m.Unary("Upper", &s.Upper)
}

func upper(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil }

// TestGrpcurl asks a server of ours by reflection, as people do.
func TestGrpcurl(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(s *grpc.Server) {
		require.NoError(t, grpcx.Register(s, newTestService()))
		require.NoError(t, grpcx.Register(s, &Plain{upper}))
		_, err := grpcx.Health(s)
		require.NoError(t, err)
		require.NoError(t, grpcx.Reflect(s))
	})
	program := filepath.Join(t.TempDir(), "grpcurl")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/fullstorydev/grpcurl/cmd/grpcurl").CombinedOutput()
	require.NoError(t, err, "%s", out)
	grpcurl := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, append([]string{"-plaintext"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	require.Equal(t, []string{
		"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
		"grpc.testing.TestService", "test.Plain",
	}, strings.Fields(grpcurl(addr, "list")))
	require.Contains(t, grpcurl(addr, "describe", "grpc.testing.TestService"), "rpc UnaryCall ( .grpc.testing.SimpleRequest ) returns ( .grpc.testing.SimpleResponse );")
	require.JSONEq(t, `{"payload":{"body":"AAAA"}}`, grpcurl("-d", `{"response_size":3}`, addr, "grpc.testing.TestService/UnaryCall"))
	require.JSONEq(t, `{"status":"SERVING"}`, grpcurl("-d", `{"service":"grpc.testing.TestService"}`, addr, "grpc.health.v1.Health/Check"))
}

package items_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

type orders struct {
	Echo endpoint.Endpoint[order, order]
}

func (s *orders) GRPC(m *grpcx.Methods) {
	m.Service("test.Orders")
	m.Unary("Echo", &s.Echo)
}

// TestGRPC serves and calls a service over gRPC, by content-subtype.
func TestGRPC(t *testing.T) {
	t.Parallel()
	server := grpc.NewServer()
	require.NoError(t, grpcx.Register(server, &orders{Echo: func(_ context.Context, o order) (order, error) { return o, nil }},
		grpcx.Formats(codec.JSON(), formats["CBOR"], formats["MessagePack"])))
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	conn, err := grpc.NewClient("passthrough:///orders", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	for name, f := range formats {
		var c orders
		require.NoError(t, grpcx.Client(grpcx.To(conn), &c, grpcx.Formats(f)))
		got, err := c.Echo(t.Context(), full())
		require.NoError(t, err, name)
		require.Equal(t, full(), got, name)
	}
}

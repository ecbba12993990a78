package gokitgrpc_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var errZero = endpoint.Define(endpoint.InvalidArgument, "echo", "ZERO", "nothing to say")

// sayer is the service, over the messages of echopb.
type sayer struct {
	Say endpoint.Endpoint[int64, string]
}

var (
	number = grpcx.Map(
		func(n int64) *echopb.Note { return &echopb.Note{Number: n} },
		func(m *echopb.Note) (int64, error) { return m.GetNumber(), nil },
	)
	reply = grpcx.Map(
		func(s string) *echopb.Note { return &echopb.Note{Blob: []byte(s)} },
		func(m *echopb.Note) (string, error) {
			if m.GetText() == errZero.Message() { // go-kit's way: the error is in the reply
				return "", errZero
			}
			return string(m.GetBlob()), nil
		},
	)
)

func (s *sayer) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Say, number, reply, grpcx.Fails(errZero))
}

// say is an implementation of Say.
func say(_ context.Context, n int64) (string, error) {
	if n == 0 {
		return "", errZero.WithMeta("n", "0")
	}
	return "fine", nil
}

// serve serves what register registers, and returns a connection to it.
func serve(t *testing.T, register func(s *grpc.Server)) *grpc.ClientConn {
	t.Helper()
	l, s := endpointtest.NewListener(), grpc.NewServer()
	register(s)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-done })
	conn, err := grpc.NewClient("passthrough:///kit", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// serveOurs serves svc with grpcx.
func serveOurs(t *testing.T, svc *sayer, opts ...grpcx.Option) *grpc.ClientConn {
	t.Helper()
	return serve(t, func(s *grpc.Server) { require.NoError(t, grpcx.Register(s, svc, opts...)) })
}

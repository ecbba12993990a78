package interoptest_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
)

// listen runs a server over a socket until the test ends.
func listen(t *testing.T, register func(s *grpc.Server)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer(grpcx.ServerOptions()...)
	register(s)
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-done })
	return l.Addr().String()
}

func dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestInterop runs the cases of gRPC's interoperability tests that need nothing
// but a server. Their client ends the program when one fails, and says why.
func TestInterop(t *testing.T) {
	t.Parallel()
	conn := dial(t, listen(t, func(s *grpc.Server) { require.NoError(t, grpcx.Register(s, newTestService())) }))
	c := testpb.NewTestServiceClient(conn)
	for name, test := range map[string]func(ctx context.Context){
		"empty_unary":                 func(ctx context.Context) { interop.DoEmptyUnaryCall(ctx, c) },
		"large_unary":                 func(ctx context.Context) { interop.DoLargeUnaryCall(ctx, c) },
		"client_streaming":            func(ctx context.Context) { interop.DoClientStreaming(ctx, c) },
		"server_streaming":            func(ctx context.Context) { interop.DoServerStreaming(ctx, c) },
		"ping_pong":                   func(ctx context.Context) { interop.DoPingPong(ctx, c) },
		"empty_stream":                func(ctx context.Context) { interop.DoEmptyStream(ctx, c) },
		"timeout_on_sleeping_server":  func(ctx context.Context) { interop.DoTimeoutOnSleepingServer(ctx, c) },
		"cancel_after_begin":          func(ctx context.Context) { interop.DoCancelAfterBegin(ctx, c) },
		"cancel_after_first_response": func(ctx context.Context) { interop.DoCancelAfterFirstResponse(ctx, c) },
		"custom_metadata":             func(ctx context.Context) { interop.DoCustomMetadata(ctx, c) },
		"status_code_and_message":     func(ctx context.Context) { interop.DoStatusCodeAndMessage(ctx, c) },
		"special_status_message":      func(ctx context.Context) { interop.DoSpecialStatusMessage(ctx, c) },
		"unimplemented_method":        func(ctx context.Context) { interop.DoUnimplementedMethod(ctx, conn) },
		"unimplemented_service": func(ctx context.Context) {
			interop.DoUnimplementedService(ctx, testpb.NewUnimplementedServiceClient(conn))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t.Context())
		})
	}
}

// TestInteropServer calls the tests' own server with a client of ours.
func TestInteropServer(t *testing.T) {
	t.Parallel()
	conn := dial(t, listen(t, func(s *grpc.Server) { testpb.RegisterTestServiceServer(s, interop.NewTestServer()) }))
	var c TestService
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	resp, err := c.UnaryCall(t.Context(), &testpb.SimpleRequest{ResponseSize: 314159, Payload: payload(0, 271828)})
	require.NoError(t, err)
	require.Len(t, resp.GetPayload().GetBody(), 314159)
	_, err = c.UnaryCall(t.Context(), &testpb.SimpleRequest{ResponseStatus: &testpb.EchoStatus{Code: 2, Message: "test status message"}})
	require.Equal(t, endpoint.Unknown, endpoint.CodeOf(err))
	require.Equal(t, "test status message", endpoint.ErrorOf(err).Message())
	total, err := c.StreamingInputCall(t.Context(), endpoint.StreamOf(
		&testpb.StreamingInputCallRequest{Payload: payload(0, 27182)}, &testpb.StreamingInputCallRequest{Payload: payload(0, 8)},
	))
	require.NoError(t, err)
	require.EqualValues(t, 27190, total.GetAggregatedPayloadSize())
	sizes := []*testpb.ResponseParameters{{Size: 31415}, {Size: 9}}
	items, err := c.StreamingOutputCall(t.Context(), &testpb.StreamingOutputCallRequest{ResponseParameters: sizes})
	require.NoError(t, err)
	all, err := items.Collect()
	require.NoError(t, err)
	require.Len(t, all, 2)
	items, err = c.FullDuplexCall(t.Context(), endpoint.StreamOf(&testpb.StreamingOutputCallRequest{ResponseParameters: sizes}, &testpb.StreamingOutputCallRequest{ResponseParameters: sizes}))
	require.NoError(t, err)
	all, err = items.Collect()
	require.NoError(t, err)
	require.Len(t, all, 4)
}

package server_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/server"
)

// TestLayer holds the laws of layers for each kind of operation.
func TestLayer(t *testing.T) {
	t.Parallel()
	s := server.New("rooms", quiet())
	endpointtest.Layer(t, s)
	for _, op := range operations() {
		endpointtest.Layer(t, s.For(op))
	}
}

func operations() map[string]*endpoint.Operation {
	return map[string]*endpoint.Operation{
		"served over HTTP":     {Service: "Rooms", Name: "Get", Transport: "http", Side: endpoint.ServerSide},
		"served over gRPC":     {Service: "Rooms", Name: "Get", Transport: "grpc", Side: endpoint.ServerSide},
		"served as a stream":   {Service: "Rooms", Name: "Watch", Transport: "http", Side: endpoint.ServerSide, Streams: endpoint.ServerStream},
		"called over gRPC":     {Service: "Rooms", Name: "Get", Transport: "grpc", Side: endpoint.ClientSide},
		"called as a stream":   {Service: "Rooms", Name: "Watch", Transport: "http", Side: endpoint.ClientSide, Streams: endpoint.ServerStream},
		"served with a stream": {Service: "Rooms", Name: "Put", Transport: "http", Side: endpoint.ServerSide, Streams: endpoint.ClientStream},
	}
}

// TestLayerAllocations has what a call costs: nothing where the context of the listener
// ends it.
func TestLayerAllocations(t *testing.T) { // not parallel: it counts
	s := server.New("rooms", quiet())
	ctx := t.Context()
	for name, op := range operations() {
		l := s.For(op)
		got := testing.AllocsPerRun(1000, func() {
			inner, token, err := l.Enter(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = l.Exit(inner, token, nil)
		})
		want := 0.0
		if op.Side == endpoint.ServerSide && (op.Transport == "grpc" || op.Streams == endpoint.ServerStream) {
			want = 3 // a context, its cancel func, and the place in the gate
		}
		require.LessOrEqual(t, got, want, name)
	}
}

// TestWrap has the layer around an endpoint that belongs to no service.
func TestWrap(t *testing.T) {
	t.Parallel()
	s := server.New("rooms", quiet())
	e := s.Wrap(func(_ context.Context, n int) (int, error) { return n + 1, nil })
	got, err := e(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 2, got)
}

package shell_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

func TestOutgoing(t *testing.T) {
	t.Parallel()
	op := &endpoint.Operation{Side: endpoint.ClientSide}
	ctx := endpoint.WithHeader(t.Context(), "X-Caller", "a")
	ctx, started, err := endpoint.StartCall(ctx, op, endpoint.HTTPHeader(nil), endpoint.HTTPHeader(nil))
	require.NoError(t, err)

	layered := endpoint.WithHeader(ctx, "X-Layer", "b")
	call, w, err := shell.Outgoing(layered)
	require.NoError(t, err)
	require.Same(t, started, w)
	require.Same(t, (*endpoint.Call)(started), call)
	require.Equal(t, map[string][]string{"X-Caller": {"a"}, "X-Layer": {"b"}}, call.Header().Raw())

	_, _, err = shell.Outgoing(endpoint.WithHeader(ctx, "Host", "b"))
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.ErrorContains(t, err, `header "Host" belongs to the transport`)

	call.Header().Set("Grpc-Timeout", "1S") // by a layer, on the Call itself
	call, w, err = shell.Outgoing(ctx)
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.ErrorContains(t, err, `header "Grpc-Timeout" belongs to the transport`)
	require.NotNil(t, call)
	require.NotNil(t, w)
}

// TestOutgoingWithoutCall has a layer that lost the Call.
func TestOutgoingWithoutCall(t *testing.T) {
	t.Parallel()
	call, w, err := shell.Outgoing(t.Context())
	require.NoError(t, err)
	require.Nil(t, call)
	require.Nil(t, w)
	require.Empty(t, call.Header().Raw())
}

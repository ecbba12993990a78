package grpcx_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestMetadataTooLarge has metadata above the limit of the server, which is the fault
// of the caller and of no server.
func TestMetadataTooLarge(t *testing.T) {
	t.Parallel()
	svc := plainEcho{echo()}
	conn := serve(t, register(t, &svc))
	var c plainEcho
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	require.NoError(t, err, "the client learns the limit")
	ctx := endpoint.WithHeader(t.Context(), "x-large", strings.Repeat("x", 100<<10))
	_, err = c.Say(ctx, Note{})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), "%v", err)
	require.True(t, endpoint.NotSent(err))
	require.False(t, endpoint.ServerFault(err))
}

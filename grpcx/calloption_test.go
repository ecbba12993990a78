package grpcx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
)

// TestNilCallOption has a nil option of one call, which the caller and a layer add.
func TestNilCallOption(t *testing.T) {
	t.Parallel()
	e := echo()
	conn := serve(t, register(t, &e))
	add := func(ctx context.Context) context.Context {
		return grpcx.WithCallOptions(ctx, grpc.WaitForReady(true), nil)
	}
	adding := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return add(ctx), nil, nil
	})
	var plain, layered Echo
	connect(t, conn, &plain)
	connect(t, conn, &layered, grpcx.Use(adding))
	for name, tt := range map[string]struct {
		client *Echo
		ctx    context.Context
	}{
		"of the caller": {&plain, add(t.Context())},
		"of a layer":    {&layered, t.Context()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(err error) {
				t.Helper()
				require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
				require.ErrorContains(t, err, "WithCallOptions: a nil option")
				require.False(t, endpoint.ErrorOf(err).Remote())
			}
			_, err := tt.client.Say(tt.ctx, Note{})
			check(err)
			items, err := tt.client.Count(tt.ctx, Note{})
			require.NoError(t, err)
			_, err = items.Collect()
			check(err)
			_, err = tt.client.Sum(tt.ctx, endpoint.StreamOf(Note{}))
			check(err)
		})
	}
}

package grpcx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
)

// TestNamedEnd has one type as several services, on servers and on clients.
func TestNamedEnd(t *testing.T) {
	t.Parallel()
	var served, called []string
	note := func(to *[]string) endpoint.Layer {
		return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			*to = append(*to, endpoint.CallFrom(ctx).Operation().Service)
			return ctx, nil, nil
		})
	}
	for _, name := range []string{"East", "West"} {
		e := echo()
		conn := serve(t, register(t, &e, grpcx.Named(name), grpcx.Use(note(&served))))
		var c Echo
		require.NoError(t, grpcx.Client(grpcx.To(conn), &c, grpcx.Use(note(&called)), grpcx.Named(name+"Client")))
		_, err := c.Say(t.Context(), Note{Text: "x"})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"East", "West"}, served)
	require.Equal(t, []string{"EastClient", "WestClient"}, called)
	e := echo()
	require.ErrorContains(t, grpcx.Client(grpcx.To(serve(t, register(t, &e))), new(Echo), grpcx.Named("")), "grpcx: option Named: the name is empty")
}

package gokitgrpc_test

import (
	"context"
	"testing"

	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/migrate/gokit/gokitgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// TestClient has the functions of go-kit around a client of ours and one of go-kit, which do
// the same.
func TestClient(t *testing.T) {
	t.Parallel()
	type seen struct {
		header, trailer []string
		finalized       []error
		method          any
	}
	before := kitgrpc.SetRequestHeader("X-Tenant", "acme")
	for name, dial := range map[string]func(*seen, *grpc.ClientConn) endpoint.Endpoint[int64, string]{
		"ours": func(s *seen, conn *grpc.ClientConn) endpoint.Endpoint[int64, string] {
			var c sayer
			require.NoError(t, grpcx.Client(grpcx.To(conn), &c, grpcx.Use(
				gokitgrpc.ClientFinalizer(func(_ context.Context, err error) { s.finalized = append(s.finalized, err) }, nil),
				gokitgrpc.ClientBefore(before, nil),
				gokitgrpc.ClientAfter(func(ctx context.Context, header, trailer metadata.MD) context.Context {
					s.header, s.trailer = header.Get("x-header"), trailer.Get("x-trailer")
					s.method = ctx.Value(kitgrpc.ContextKeyRequestMethod)
					return ctx
				}, nil))))
			return c.Say
		},
		"kit": func(s *seen, conn *grpc.ClientConn) endpoint.Endpoint[int64, string] {
			var c sayer
			gokitgrpc.Set(&c.Say, kitClient(
				conn,
				kitgrpc.ClientFinalizer(func(_ context.Context, err error) { s.finalized = append(s.finalized, err) }),
				kitgrpc.ClientBefore(before),
				kitgrpc.ClientAfter(func(ctx context.Context, header, trailer metadata.MD) context.Context {
					s.header, s.trailer = header.Get("x-header"), trailer.Get("x-trailer")
					s.method = ctx.Value(kitgrpc.ContextKeyRequestMethod)
					return ctx
				}),
			))
			return c.Say
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s seen
			var tenants []any
			call := dial(&s, serveOurs(t, &sayer{Say: func(ctx context.Context, n int64) (string, error) {
				tenants = append(tenants, ctx.Value(tenantKey{}))
				return say(ctx, n)
			}}, grpcx.Use(gokitgrpc.ServerBefore(tenant), gokitgrpc.ServerAfter(
				kitgrpc.SetResponseHeader("x-header", "h"), kitgrpc.SetResponseTrailer("x-trailer", "t")))))
			_, err := call(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, seen{[]string{"h"}, []string{"t"}, []error{nil}, "/endpoint.test.v1.Echo/Say"}, s)
			s.method = nil
			_, err = call(t.Context(), 0)
			require.ErrorIs(t, err, errZero)
			require.Nil(t, s.method, "ClientAfter runs after a success")
			require.Len(t, s.finalized, 2)
			require.Error(t, s.finalized[1])
			require.Equal(t, []any{[]string{"acme"}, []string{"acme"}}, tenants)
		})
	}
}

// TestClientBeforeOwned reports a key that the transport owns.
func TestClientBeforeOwned(t *testing.T) {
	t.Parallel()
	var c sayer
	require.NoError(t, grpcx.Client(grpcx.To(serveOurs(t, &sayer{Say: say})), &c,
		grpcx.Use(gokitgrpc.ClientBefore(kitgrpc.SetRequestHeader("grpc-timeout", "1S")))))
	_, err := c.Say(t.Context(), 1)
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "grpc-timeout")
}

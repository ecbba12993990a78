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

type tenantKey struct{}

// tenant puts the metadata of the request into the context.
func tenant(ctx context.Context, md metadata.MD) context.Context {
	return context.WithValue(ctx, tenantKey{}, md.Get("x-tenant"))
}

// TestServer has the functions of go-kit around a server of ours and one of go-kit, which do
// the same.
func TestServer(t *testing.T) {
	t.Parallel()
	type seen struct {
		tenant, method any
		finalized      []error
	}
	newEndpoint := func(s *seen) endpoint.Endpoint[int64, string] {
		return func(ctx context.Context, n int64) (string, error) {
			s.tenant, s.method = ctx.Value(tenantKey{}), ctx.Value(kitgrpc.ContextKeyRequestMethod)
			return say(ctx, n)
		}
	}
	// SetResponseHeader panics in go-kit's server, whose maps are nil.
	after := []kitgrpc.ServerResponseFunc{func(ctx context.Context, header, trailer *metadata.MD) context.Context {
		*header, *trailer = metadata.Pairs("x-header", "h"), metadata.Pairs("x-trailer", "t")
		return ctx
	}}
	for name, start := range map[string]func(*seen) *grpc.ClientConn{
		"ours": func(s *seen) *grpc.ClientConn {
			finalize := func(_ context.Context, err error) { s.finalized = append(s.finalized, err) }
			return serveOurs(t, &sayer{Say: newEndpoint(s)}, grpcx.Use(
				gokitgrpc.ServerFinalizer(finalize, nil), gokitgrpc.ServerBefore(tenant, nil), gokitgrpc.ServerAfter(append(after, nil)...)))
		},
		"kit": func(s *seen) *grpc.ClientConn {
			finalize := func(_ context.Context, err error) { s.finalized = append(s.finalized, err) }
			return serveKit(t, gokitgrpc.ToKit(newEndpoint(s)),
				kitgrpc.ServerFinalizer(finalize), kitgrpc.ServerBefore(tenant), kitgrpc.ServerAfter(after...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s seen
			call := kitClient(start(&s), kitgrpc.ClientBefore(kitgrpc.SetRequestHeader("X-Tenant", "acme")), kitgrpc.ClientAfter(
				func(ctx context.Context, header, trailer metadata.MD) context.Context {
					require.Equal(t, []string{"h"}, header.Get("x-header"))
					require.Equal(t, []string{"t"}, trailer.Get("x-trailer"))
					return ctx
				})).Endpoint()
			got, err := call(t.Context(), int64(1))
			require.NoError(t, err)
			require.Equal(t, "fine", got)
			require.Equal(t, []string{"acme"}, s.tenant)
			if name == "ours" { // go-kit's server needs an interceptor for it
				require.Equal(t, "/endpoint.test.v1.Echo/Say", s.method)
			}
			_, err = call(t.Context(), int64(0))
			require.Error(t, err)
			require.Len(t, s.finalized, 2)
			require.NoError(t, s.finalized[0])
			require.ErrorIs(t, s.finalized[1], errZero)
		})
	}
}

package gokitgrpc_test

import (
	"context"
	"errors"
	"testing"

	kitendpoint "github.com/go-kit/kit/endpoint"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"github.com/typedkit/endpoint/migrate/gokit/gokitgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// kitEcho is a gRPC server of go-kit's, with the binding that its users write.
type kitEcho struct {
	echopb.UnimplementedEchoServer

	say kitgrpc.Handler
}

func (s kitEcho) Say(ctx context.Context, n *echopb.Note) (*echopb.Note, error) {
	_, reply, err := s.say.ServeGRPC(ctx, n)
	if err != nil {
		return nil, err
	}
	return reply.(*echopb.Note), nil
}

// serveKit serves e with a server of go-kit's.
func serveKit(t *testing.T, e kitendpoint.Endpoint, opts ...kitgrpc.ServerOption) *grpc.ClientConn {
	t.Helper()
	say := kitgrpc.NewServer(e,
		func(_ context.Context, r any) (any, error) { return r.(*echopb.Note).GetNumber(), nil },
		func(_ context.Context, r any) (any, error) { return &echopb.Note{Blob: []byte(r.(string))}, nil },
		opts...)
	return serve(t, func(s *grpc.Server) { echopb.RegisterEchoServer(s, kitEcho{say: say}) })
}

// kitClient returns a client of go-kit's.
func kitClient(conn *grpc.ClientConn, opts ...kitgrpc.ClientOption) *kitgrpc.Client {
	return kitgrpc.NewClient(conn, "endpoint.test.v1.Echo", "Say",
		func(_ context.Context, r any) (any, error) { return &echopb.Note{Number: r.(int64)}, nil },
		func(_ context.Context, r any) (any, error) { return string(r.(*echopb.Note).GetBlob()), nil },
		echopb.Note{}, opts...)
}

// TestTransports has each server called by each client.
func TestTransports(t *testing.T) {
	t.Parallel()
	servers := map[string]func(t *testing.T) *grpc.ClientConn{
		"ours": func(t *testing.T) *grpc.ClientConn { t.Helper(); return serveOurs(t, &sayer{Say: say}) },
		"kit": func(t *testing.T) *grpc.ClientConn {
			t.Helper()
			return serveKit(t, gokitgrpc.ToKit(endpoint.Endpoint[int64, string](say)))
		},
	}
	clients := map[string]func(t *testing.T, conn *grpc.ClientConn, c *sayer){
		"ours": func(t *testing.T, conn *grpc.ClientConn, c *sayer) {
			t.Helper()
			require.NoError(t, grpcx.Client(grpcx.To(conn), c))
		},
		"kit": func(_ *testing.T, conn *grpc.ClientConn, c *sayer) { gokitgrpc.Set(&c.Say, kitClient(conn)) },
	}
	for server, start := range servers {
		for client, dial := range clients {
			t.Run(client+" to "+server, func(t *testing.T) {
				t.Parallel()
				var c sayer
				dial(t, start(t), &c)
				text, err := c.Say(t.Context(), 1)
				require.NoError(t, err)
				require.Equal(t, "fine", text)
				_, err = c.Say(t.Context(), 0)
				require.ErrorIs(t, err, errZero)
				e := endpoint.ErrorOf(err)
				require.True(t, e.Remote())
				require.Equal(t, errZero.Message(), e.Message())
				require.Equal(t, map[string]string{"n": "0"}, e.Meta())
				require.Equal(t, codes.InvalidArgument, status.Code(err))
			})
		}
	}
}

// TestUnmodifiedClient has a client of go-kit's, without this module, call a server of ours.
func TestUnmodifiedClient(t *testing.T) {
	t.Parallel()
	call := kitClient(serveOurs(t, &sayer{Say: say})).Endpoint()
	got, err := call(t.Context(), int64(1))
	require.NoError(t, err)
	require.Equal(t, "fine", got)
	_, err = call(t.Context(), int64(0))
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.Equal(t, errZero.Message(), status.Convert(err).Message())
}

// TestUnmodifiedServer has a client of ours call a server of go-kit's, without this module.
func TestUnmodifiedServer(t *testing.T) {
	t.Parallel()
	conn := serveKit(t, func(_ context.Context, n any) (any, error) {
		switch n.(int64) {
		case 1:
			return "fine", nil
		case 2:
			return nil, status.Error(codes.NotFound, "gone")
		}
		return nil, errors.New("old")
	})
	var c sayer
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	got, err := c.Say(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "fine", got)
	for n, want := range map[int64]*endpoint.Error{
		2: endpoint.Errorf(endpoint.NotFound, "gone"),
		3: endpoint.Errorf(endpoint.Unknown, "old"),
	} {
		_, err = c.Say(t.Context(), n)
		require.Equal(t, want.Code(), endpoint.CodeOf(err))
		require.EqualError(t, err, want.Message())
		require.True(t, endpoint.ErrorOf(err).Remote())
	}
}

// TestErrorInReply has an unmodified server of go-kit's whose replies have errors in a field,
// as those of its examples.
func TestErrorInReply(t *testing.T) {
	t.Parallel()
	conn := serve(t, func(s *grpc.Server) {
		echopb.RegisterEchoServer(s, kitEcho{say: kitgrpc.NewServer(
			func(context.Context, any) (any, error) { return &echopb.Note{Text: errZero.Message()}, nil },
			func(_ context.Context, r any) (any, error) { return r, nil },
			func(_ context.Context, r any) (any, error) { return r, nil },
		)})
	})
	var c sayer
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	_, err := c.Say(t.Context(), 0)
	require.ErrorIs(t, err, errZero)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	old := errors.New("old")
	for name, tt := range map[string]struct {
		err  error
		code codes.Code
		text string
	}{
		"coded":  {errZero.WithCause(errors.New("secret")), codes.InvalidArgument, "nothing to say"},
		"plain":  {old, codes.Unknown, "old"},
		"status": {status.Error(codes.NotFound, "gone"), codes.NotFound, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := func(context.Context, any) (any, error) { return nil, tt.err }
			err := kitErr(kitClient(serveKit(t, gokitgrpc.Errors(e))).Endpoint()(t.Context(), int64(1)))
			require.Equal(t, tt.code, status.Code(err))
			require.Equal(t, tt.text, status.Convert(err).Message())
		})
	}
	require.Nil(t, gokitgrpc.Errors(nil))
	require.Nil(t, gokitgrpc.ToKit(endpoint.Endpoint[int64, string](nil)))
}

func kitErr(_ any, err error) error { return err }

func TestSet(t *testing.T) {
	t.Parallel()
	var c sayer
	gokitgrpc.Set(&c.Say, kitClient(serveKit(t, func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Say(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
	require.False(t, endpoint.ErrorOf(err).Remote())

	gokitgrpc.Set(&c.Say, nil)
	require.Nil(t, c.Say)
}

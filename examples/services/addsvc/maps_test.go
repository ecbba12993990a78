package addsvc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
)

// older is the server of go-kit's example: its errors are fields of its replies.
type older struct{ pb.UnimplementedAddServer }

func (older) Sum(context.Context, *pb.SumRequest) (*pb.SumReply, error) {
	return &pb.SumReply{Err: "can't sum two zeroes"}, nil
}

func (older) Concat(_ context.Context, r *pb.ConcatRequest) (*pb.ConcatReply, error) {
	return &pb.ConcatReply{Err: r.GetA()}, nil
}

// TestOlderServer calls go-kit's server, whose errors become those of this service.
func TestOlderServer(t *testing.T) {
	t.Parallel()
	var c addsvc.Add
	require.NoError(t, grpcx.Client(grpcx.To(dialGRPC(t, func(s *grpc.Server) { pb.RegisterAddServer(s, older{}) })), &c))
	_, err := c.Sum(t.Context(), addsvc.SumRequest{})
	require.ErrorIs(t, err, addsvc.ErrTwoZeroes)
	require.EqualError(t, err, "can't sum two zeroes")
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.True(t, endpoint.ErrorOf(err).Remote())

	_, err = c.Concat(t.Context(), addsvc.ConcatRequest{A: "result exceeds maximum size"})
	require.ErrorIs(t, err, addsvc.ErrMaxSize)
	_, err = c.Concat(t.Context(), addsvc.ConcatRequest{A: "something else"})
	require.EqualError(t, err, "something else")
	require.Equal(t, endpoint.Unknown, endpoint.CodeOf(err))
}

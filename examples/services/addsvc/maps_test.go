package addsvc_test

import (
	"context"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/addthrift"
	"github.com/typedkit/endpoint/examples/services/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/thriftx"
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
	testOlder(t, c)
}

// olderThrift is the same over Thrift, by the code that the compiler generates.
type olderThrift struct{}

func (olderThrift) Sum(context.Context, int64, int64) (*addthrift.SumReply, error) {
	return &addthrift.SumReply{Err: "can't sum two zeroes"}, nil
}

func (olderThrift) Concat(_ context.Context, a, _ string) (*addthrift.ConcatReply, error) {
	return &addthrift.ConcatReply{Err: a}, nil
}

// TestOlderThriftServer calls go-kit's server over Thrift.
func TestOlderThriftServer(t *testing.T) {
	t.Parallel()
	l, err := thrift.NewTServerSocket("127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Listen())
	s := thrift.NewTSimpleServer2(addthrift.NewAddServiceProcessor(olderThrift{}), l)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve()
	}()
	conn := thriftx.To(l.Addr().String())
	t.Cleanup(func() { _, _, _ = conn.Close(), s.Stop(), <-done })
	var c addsvc.Add
	require.NoError(t, thriftx.Client(conn, &c))
	testOlder(t, c)
}

// TestPlainThriftClient calls the service over Thrift by the code that the compiler generates.
func TestPlainThriftClient(t *testing.T) {
	t.Parallel()
	calls := thriftx.NewServer()
	require.NoError(t, thriftx.Register(calls, addsvc.New()))
	conn, err := serve(t, calls).Dial(t.Context(), "", "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	p := thrift.NewTBinaryProtocolConf(thrift.NewTSocketFromConnConf(conn, nil), nil)
	c := addthrift.NewAddServiceClient(thrift.NewTStandardClient(p, p))
	sum, err := c.Sum(t.Context(), 1, 2)
	require.NoError(t, err)
	require.Equal(t, &addthrift.SumReply{Value: 3}, sum)
	concat, err := c.Concat(t.Context(), "foo", "bar")
	require.NoError(t, err)
	require.Equal(t, &addthrift.ConcatReply{Value: "foobar"}, concat)
	_, err = c.Sum(t.Context(), 0, 0)
	var exception thrift.TApplicationException
	require.ErrorAs(t, err, &exception)
	require.EqualError(t, exception, "INVALID_ARGUMENT addsvc/TWO_ZEROES: can't sum two zeroes")
}

// silent is the service with results that have neither a reply nor an exception.
type silent struct{ addsvc.Add }

func (s *silent) Thrift(m *thriftx.Methods) {
	m.Method("Sum", &s.Sum, thriftx.Map(
		func(addsvc.SumRequest) *addthrift.AddServiceSumArgs { return nil },
		func(*addthrift.AddServiceSumArgs) (addsvc.SumRequest, error) { return addsvc.SumRequest{A: 1}, nil },
	), thriftx.MapResult(
		func(addsvc.SumReply, error) *addthrift.AddServiceSumResult { return new(addthrift.AddServiceSumResult) },
		func(*addthrift.AddServiceSumResult) (r addsvc.SumReply, err error) { return r, err },
	))
	m.Method("Concat", &s.Concat, thriftx.Map(
		func(addsvc.ConcatRequest) *addthrift.AddServiceConcatArgs { return nil },
		func(*addthrift.AddServiceConcatArgs) (r addsvc.ConcatRequest, err error) { return r, err },
	), thriftx.MapResult(
		func(addsvc.ConcatReply, error) *addthrift.AddServiceConcatResult {
			return new(addthrift.AddServiceConcatResult)
		},
		func(*addthrift.AddServiceConcatResult) (r addsvc.ConcatReply, err error) { return r, err },
	))
}

// TestThriftWithoutReply gives the client results that have nothing for it.
func TestThriftWithoutReply(t *testing.T) {
	t.Parallel()
	calls := thriftx.NewServer()
	require.NoError(t, thriftx.Register(calls, &silent{*addsvc.New()}))
	var c addsvc.Add
	require.NoError(t, thriftx.Client(dialThrift(t, calls), &c))
	_, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1})
	require.EqualError(t, err, "the result has no reply")
	_, err = c.Concat(t.Context(), addsvc.ConcatRequest{A: "a"})
	require.EqualError(t, err, "the result has no reply")
}

// testOlder has the errors of a server of go-kit become those of this service.
func testOlder(t *testing.T, c addsvc.Add) {
	t.Helper()
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

package addsvc_test

import (
	"context"
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestSum(t *testing.T) {
	t.Parallel()
	for where, c := range clients(t) {
		for name, tt := range map[string]struct {
			a, b, v int64
			err     *endpoint.Error
		}{
			"small":               {1, 2, 3, nil},
			"one zero":            {0, -5, -5, nil},
			"to zero":             {7, -7, 0, nil},
			"greatest":            {math.MaxInt32 - 1, 1, math.MaxInt32, nil},
			"least":               {math.MinInt32 + 1, -1, math.MinInt32, nil},
			"two zeroes":          {0, 0, 0, addsvc.ErrTwoZeroes},
			"overflow":            {math.MaxInt32, 1, 0, addsvc.ErrOverflow},
			"underflow":           {math.MinInt32, -1, 0, addsvc.ErrOverflow},
			"one of 64 bits":      {math.MaxInt32 + 1, -1, 0, addsvc.ErrOverflow},
			"the greatest of all": {math.MaxInt64, math.MaxInt64, 0, addsvc.ErrOverflow},
			"the least of all":    {math.MinInt64, math.MinInt64, 0, addsvc.ErrOverflow},
		} {
			got, err := c.Sum(t.Context(), addsvc.SumRequest{A: tt.a, B: tt.b})
			if tt.err == nil {
				require.NoError(t, err, "%s %s", where, name)
				require.Equal(t, tt.v, got.V, "%s %s", where, name)
				continue
			}
			require.ErrorIs(t, err, tt.err, "%s %s", where, name)
			require.Equal(t, tt.err.Error(), err.Error(), "%s %s", where, name)
			require.Equal(t, tt.err.Code(), endpoint.CodeOf(err), "%s %s", where, name)
		}
	}
}

func TestConcat(t *testing.T) {
	t.Parallel()
	for where, c := range clients(t) {
		for name, tt := range map[string]struct {
			a, b, v string
			err     error
		}{
			"two":       {"foo", "bar", "foobar", nil},
			"none":      {"", "", "", nil},
			"ten bytes": {"01234", "56789", "0123456789", nil},
			"eleven":    {"01234", "567890", "", addsvc.ErrMaxSize},
			"of UTF-8":  {"äöü", "äöü", "", addsvc.ErrMaxSize},
		} {
			got, err := c.Concat(t.Context(), addsvc.ConcatRequest{A: tt.a, B: tt.b})
			require.ErrorIs(t, err, tt.err, "%s %s", where, name)
			require.Equal(t, tt.v, got.V, "%s %s", where, name)
		}
	}
}

// TestTexts has the words of go-kit's service.
func TestTexts(t *testing.T) {
	t.Parallel()
	require.EqualError(t, addsvc.ErrTwoZeroes, "can't sum two zeroes")
	require.EqualError(t, addsvc.ErrOverflow, "integer overflow")
	require.EqualError(t, addsvc.ErrMaxSize, "result exceeds maximum size")
}

// TestHTTP asks without a client of ours.
func TestHTTP(t *testing.T) {
	t.Parallel()
	url := serveHTTP(t)
	for name, tt := range map[string]struct {
		path, body string
		status     int
		answer     string
	}{
		"sum":            {"/sum", `{"a":1,"b":2}`, 200, `{"v":3}`},
		"concat":         {"/concat", `{"a":"foo","b":"bar"}`, 200, `{"v":"foobar"}`},
		"as go-kit asks": {"/sum", `{"A":1,"B":2}`, 200, `{"v":3}`},
		"two zeroes": {"/sum", `{}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"can't sum two zeroes",` +
			`"code":"INVALID_ARGUMENT","domain":"addsvc","reason":"TWO_ZEROES"}`},
		"not a number": {"/sum", `{"a":"1","b":2,"c":3}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request",` +
			`"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"pointer":"/a","detail":"must be a number"},{"pointer":"/c","detail":"unknown member"}]}`},
		"no such path": {"/difference", `{}`, 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"no such path",` +
			`"code":"UNIMPLEMENTED","domain":"endpoint","reason":"NO_ROUTE"}`},
	} {
		got, answer := post(t, url+tt.path, tt.body)
		require.Equal(t, tt.status, got, name)
		require.Equal(t, tt.answer, answer, name)
	}
	resp, err := http.Get(url + "/sum") //nolint:noctx // a test
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
}

// TestPlainClient calls the service by the stub of the generated code.
func TestPlainClient(t *testing.T) {
	t.Parallel()
	c := pb.NewAddClient(serveGRPC(t))
	sum, err := c.Sum(t.Context(), &pb.SumRequest{A: 1, B: 2})
	require.NoError(t, err)
	require.Equal(t, int64(3), sum.GetV())
	require.Empty(t, sum.GetErr())
	concat, err := c.Concat(t.Context(), &pb.ConcatRequest{A: "foo", B: "bar"})
	require.NoError(t, err)
	require.Equal(t, "foobar", concat.GetV())

	_, err = c.Sum(t.Context(), &pb.SumRequest{A: math.MaxInt32, B: 1})
	s := status.Convert(err)
	require.Equal(t, codes.OutOfRange, s.Code())
	require.Equal(t, "integer overflow", s.Message())
	require.Len(t, s.Details(), 1)
	info := new(errdetails.ErrorInfo)
	require.NoError(t, s.Proto().GetDetails()[0].UnmarshalTo(info))
	require.Equal(t, "addsvc", info.GetDomain())
	require.Equal(t, "INTEGER_OVERFLOW", info.GetReason())
}

// plain is a server of the generated code.
type plain struct{ pb.UnimplementedAddServer }

func (plain) Sum(_ context.Context, r *pb.SumRequest) (*pb.SumReply, error) {
	if r.GetB() == 0 {
		return nil, status.Error(codes.InvalidArgument, "no")
	}
	return &pb.SumReply{V: r.GetA() + r.GetB()}, nil
}

// TestPlainServer calls such a server by a client of ours.
func TestPlainServer(t *testing.T) {
	t.Parallel()
	conn := dialGRPC(t, func(s *grpc.Server) { pb.RegisterAddServer(s, plain{}) })
	var c addsvc.Add
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	got, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
	require.NoError(t, err)
	require.Equal(t, int64(3), got.V)
	_, err = c.Sum(t.Context(), addsvc.SumRequest{A: 1})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	_, err = c.Concat(t.Context(), addsvc.ConcatRequest{})
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

package addsvc

import (
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
)

// snippet: maps

// The requests as messages, and back.
var (
	sumRequest = grpcx.Map(
		func(r SumRequest) *pb.SumRequest { return &pb.SumRequest{A: r.A, B: r.B} },
		func(m *pb.SumRequest) (SumRequest, error) { return SumRequest{A: m.GetA(), B: m.GetB()}, nil },
	)
	concatRequest = grpcx.Map(
		func(r ConcatRequest) *pb.ConcatRequest { return &pb.ConcatRequest{A: r.A, B: r.B} },
		func(m *pb.ConcatRequest) (ConcatRequest, error) { return ConcatRequest{A: m.GetA(), B: m.GetB()}, nil },
	)
)

// end snippet

// snippet: replies

// The replies as messages, and back. go-kit's server has the error of a call in its reply.
var (
	sumReply = grpcx.Map(
		func(r SumReply) *pb.SumReply { return &pb.SumReply{V: r.V} },
		func(m *pb.SumReply) (SumReply, error) { return SumReply{V: m.GetV()}, errorIn(m.GetErr()) },
	)
	concatReply = grpcx.Map(
		func(r ConcatReply) *pb.ConcatReply { return &pb.ConcatReply{V: r.V} },
		func(m *pb.ConcatReply) (ConcatReply, error) { return ConcatReply{V: m.GetV()}, errorIn(m.GetErr()) },
	)
)

// errorIn returns the error that the field of a reply names, or nil.
func errorIn(text string) error {
	if text == "" {
		return nil
	}
	for _, e := range []*endpoint.Error{ErrTwoZeroes, ErrOverflow, ErrMaxSize} {
		if text == e.Message() {
			return e
		}
	}
	return endpoint.Errorf(endpoint.Unknown, "%s", text)
}

// end snippet

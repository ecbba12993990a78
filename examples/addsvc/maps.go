package addsvc

import (
	"github.com/typedkit/endpoint/examples/addsvc/pb"
	"github.com/typedkit/endpoint/grpcx"
)

// snippet: maps

// What the domain's types are as messages, and back.
var (
	sumRequest = grpcx.Map(
		func(r SumRequest) *pb.SumRequest { return &pb.SumRequest{A: r.A, B: r.B} },
		func(m *pb.SumRequest) (SumRequest, error) { return SumRequest{A: m.GetA(), B: m.GetB()}, nil },
	)
	sumReply = grpcx.Map(
		func(r SumReply) *pb.SumReply { return &pb.SumReply{V: r.V} },
		func(m *pb.SumReply) (SumReply, error) { return SumReply{V: m.GetV()}, nil },
	)
	concatRequest = grpcx.Map(
		func(r ConcatRequest) *pb.ConcatRequest { return &pb.ConcatRequest{A: r.A, B: r.B} },
		func(m *pb.ConcatRequest) (ConcatRequest, error) { return ConcatRequest{A: m.GetA(), B: m.GetB()}, nil },
	)
	concatReply = grpcx.Map(
		func(r ConcatReply) *pb.ConcatReply { return &pb.ConcatReply{V: r.V} },
		func(m *pb.ConcatReply) (ConcatReply, error) { return ConcatReply{V: m.GetV()}, nil },
	)
)

// end snippet

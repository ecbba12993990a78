package addsvc

import (
	"cmp"

	"github.com/typedkit/endpoint/examples/services/addsvc/addthrift"
	"github.com/typedkit/endpoint/thriftx"
)

// snippet: thrift

// The requests as arguments of Thrift, whose fields are the same, and back.
var (
	sumArgs = thriftx.Map(
		func(r SumRequest) *addthrift.AddServiceSumArgs { return new(addthrift.AddServiceSumArgs(r)) },
		func(a *addthrift.AddServiceSumArgs) (SumRequest, error) { return SumRequest(*a), nil },
	)
	concatArgs = thriftx.Map(
		func(r ConcatRequest) *addthrift.AddServiceConcatArgs { return new(addthrift.AddServiceConcatArgs(r)) },
		func(a *addthrift.AddServiceConcatArgs) (ConcatRequest, error) { return ConcatRequest(*a), nil },
	)

	// The replies as results. The IDL declares no exception, so a server sends an error as an
	// exception of Thrift's own. go-kit's server has it in its reply.
	sumResult = thriftx.MapResult(
		func(r SumReply, err error) *addthrift.AddServiceSumResult {
			if err != nil {
				return nil
			}
			return &addthrift.AddServiceSumResult{Success: &addthrift.SumReply{Value: r.V}}
		},
		func(r *addthrift.AddServiceSumResult) (SumReply, error) {
			reply := cmp.Or(r.Success, &addthrift.SumReply{Err: "the result has no reply"})
			return SumReply{V: reply.Value}, errorIn(reply.Err)
		},
	)
	concatResult = thriftx.MapResult(
		func(r ConcatReply, err error) *addthrift.AddServiceConcatResult {
			if err != nil {
				return nil
			}
			return &addthrift.AddServiceConcatResult{Success: &addthrift.ConcatReply{Value: r.V}}
		},
		func(r *addthrift.AddServiceConcatResult) (ConcatReply, error) {
			reply := cmp.Or(r.Success, &addthrift.ConcatReply{Err: "the result has no reply"})
			return ConcatReply{V: reply.Value}, errorIn(reply.Err)
		},
	)
)

// end snippet

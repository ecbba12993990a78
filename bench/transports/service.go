package main

import (
	"context"
	"errors"
	"net"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/bench/transports/sumthrift"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/thriftx"
)

// Args and Reply are the messages. Their names are exported, as net/rpc wants them.
type (
	Args  struct{ A, B int64 }
	Reply struct{ V int64 }
)

// Sums is the service.
type Sums struct {
	Sum endpoint.Endpoint[Args, Reply]
}

func newSums() *Sums {
	return &Sums{func(_ context.Context, r Args) (Reply, error) { return Reply{r.A + r.B}, nil }}
}

// JSONRPC describes it to JSON-RPC.
func (s *Sums) JSONRPC(m *jsonrpcx.Methods) { m.Method("sum", &s.Sum) }

// RPC describes it to net/rpc.
func (s *Sums) RPC(m *netrpcx.Methods) { m.Method("Sums.Sum", &s.Sum) }

// NATS describes it to NATS.
func (s *Sums) NATS(m *natsx.Methods) { m.Method("sums.sum", &s.Sum) }

// Thrift describes it to Thrift.
func (s *Sums) Thrift(m *thriftx.Methods) { m.Method("Sum", &s.Sum, args, result) }

var (
	errNoReply = errors.New("the result has no value")

	args = thriftx.Map(
		func(r Args) *sumthrift.SumsSumArgs { return &sumthrift.SumsSumArgs{A: r.A, B: r.B} },
		func(a *sumthrift.SumsSumArgs) (Args, error) { return Args{a.A, a.B}, nil })
	result = thriftx.MapResult(
		func(r Reply, err error) *sumthrift.SumsSumResult {
			if err != nil {
				return nil
			}
			return &sumthrift.SumsSumResult{Success: &r.V}
		},
		func(r *sumthrift.SumsSumResult) (Reply, error) {
			if r.Success == nil {
				return Reply{}, errNoReply
			}
			return Reply{*r.Success}, nil
		})
)

// ours returns the calls of a client of ours, for each of n workers.
func ours(c *Sums, n int) []sum {
	all := make([]sum, n)
	for i := range all {
		all[i] = func(ctx context.Context, a, b int64) (int64, error) {
			r, err := c.Sum(ctx, Args{a, b})
			return r.V, err
		}
	}
	return all
}

// listen returns a listener on a free port.
func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

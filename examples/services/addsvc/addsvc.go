// Package addsvc sums integers and concatenates strings: one service over six transports.
// This file is all that makes an API of it on each, for servers and for clients, except for
// what the messages of gRPC and Thrift are in types of Go: see maps.go and thriftmaps.go.
package addsvc

import (
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/thriftx"
)

// snippet: service

// What callers match with errors.Is, whatever the transport.
var (
	ErrTwoZeroes = endpoint.Define(endpoint.InvalidArgument, "addsvc", "TWO_ZEROES", "can't sum two zeroes")
	ErrOverflow  = endpoint.Define(endpoint.OutOfRange, "addsvc", "INTEGER_OVERFLOW", "integer overflow")
	ErrMaxSize   = endpoint.Define(endpoint.InvalidArgument, "addsvc", "MAX_SIZE", "result exceeds maximum size")
)

// Add is the service: on a server its fields are the implementation, on a
// client they are the calls.
type Add struct {
	Sum    endpoint.Endpoint[SumRequest, SumReply]
	Concat endpoint.Endpoint[ConcatRequest, ConcatReply]
}

// Describe states what holds over every transport.
func (s *Add) Describe(f *endpoint.Facts) {
	f.Of(&s.Sum, endpoint.Idempotent(), endpoint.Fails(ErrTwoZeroes, ErrOverflow))
	f.Of(&s.Concat, endpoint.Idempotent(), endpoint.Fails(ErrMaxSize))
}

// HTTP describes the service to HTTP, once for server and client.
func (s *Add) HTTP(r *httpx.Routes) {
	r.POST("/sum", &s.Sum)
	r.POST("/concat", &s.Concat)
}

// GRPC describes it to gRPC.
func (s *Add) GRPC(m *grpcx.Methods) {
	m.Service("pb.Add")
	m.UnaryAs("Sum", &s.Sum, sumRequest, sumReply)
	m.UnaryAs("Concat", &s.Concat, concatRequest, concatReply)
}

// end snippet

// snippet: transports

// Thrift describes it to Thrift.
func (s *Add) Thrift(m *thriftx.Methods) {
	m.Method("Sum", &s.Sum, sumArgs, sumResult)
	m.Method("Concat", &s.Concat, concatArgs, concatResult)
}

// JSONRPC describes it to JSON-RPC.
func (s *Add) JSONRPC(m *jsonrpcx.Methods) {
	m.Method("sum", &s.Sum)
	m.Method("concat", &s.Concat)
}

// RPC describes it to net/rpc.
func (s *Add) RPC(m *netrpcx.Methods) {
	m.Method("Add.Sum", &s.Sum)
	m.Method("Add.Concat", &s.Concat)
}

// NATS describes it to NATS.
func (s *Add) NATS(m *natsx.Methods) {
	m.Method("addsvc.sum", &s.Sum)
	m.Method("addsvc.concat", &s.Concat)
}

// end snippet

// New returns the service.
func New() *Add { return &Add{Sum: sum, Concat: concat} }

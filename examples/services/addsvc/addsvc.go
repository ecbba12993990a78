// Package addsvc sums integers and concatenates strings: one service over HTTP and
// over gRPC. This file is all that makes an API of it on both, for servers and for
// clients, but for what the messages of gRPC are in types of Go: see maps.go.
package addsvc

import (
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
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

// New returns the service.
func New() *Add { return &Add{Sum: sum, Concat: concat} }

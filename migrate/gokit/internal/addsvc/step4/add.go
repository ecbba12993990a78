// Package step4 has nothing of go-kit.
package step4

import (
	"context"
	"errors"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/resilience"
)

// Errors of the service.
var (
	ErrTwoZeroes = endpoint.Define(endpoint.InvalidArgument, "addsvc", "TWO_ZEROES", "can't sum two zeroes")
	ErrMaxSize   = endpoint.Define(endpoint.InvalidArgument, "addsvc", "MAX_SIZE", "result exceeds maximum size")
)

// snippet: add

// Add is the whole service, and its client.
type Add struct {
	Sum    endpoint.Endpoint[SumRequest, SumReply]
	Concat endpoint.Endpoint[ConcatRequest, ConcatReply]
}

// HTTP describes it to HTTP.
func (s *Add) HTTP(r *httpx.Routes) {
	r = r.Under("", kitErrors)
	r.POST("/sum", &s.Sum, httpx.Fails(ErrTwoZeroes))
	r.POST("/concat", &s.Concat, httpx.Fails(ErrMaxSize))
}

// JSONRPC describes it to JSON-RPC.
func (s *Add) JSONRPC(m *jsonrpcx.Methods) {
	m.Method("sum", &s.Sum, jsonrpcx.Fails(ErrTwoZeroes))
	m.Method("concat", &s.Concat, jsonrpcx.Fails(ErrMaxSize))
}

// New serves it over both.
func New(limit resilience.Allower) (http.Handler, error) {
	stack := endpoint.Stack{resilience.NewBreaker(5), resilience.LimiterOf(limit)}
	svc := &Add{Sum: sum, Concat: concat}
	mux := http.NewServeMux()
	err := errors.Join(
		httpx.Mount(mux, svc, httpx.Use(stack...)),
		jsonrpcx.Mount(mux, "/rpc", svc, jsonrpcx.Use(stack...)),
	)
	return httpx.Problems(mux, kitErrors), err
}

// end snippet

// SumRequest asks for A + B.
type SumRequest struct {
	A int `json:"a,case:ignore"`
	B int `json:"b,case:ignore"`
}

// SumReply is the sum.
type SumReply struct {
	V int `json:"v"`
}

// ConcatRequest asks for A and B in one.
type ConcatRequest struct {
	A string `json:"a,case:ignore"`
	B string `json:"b,case:ignore"`
}

// ConcatReply is both in one.
type ConcatReply struct {
	V string `json:"v"`
}

func sum(_ context.Context, r SumRequest) (SumReply, error) {
	if r.A == 0 && r.B == 0 {
		return SumReply{}, ErrTwoZeroes
	}
	return SumReply{r.A + r.B}, nil
}

func concat(_ context.Context, r ConcatRequest) (ConcatReply, error) {
	if len(r.A)+len(r.B) > 10 {
		return ConcatReply{}, ErrMaxSize
	}
	return ConcatReply{r.A + r.B}, nil
}

type failure struct {
	Error string `json:"error"`
}

// snippet: errors

// kitErrors are the bodies of before. In the client, an error is one of the service again.
var kitErrors = httpx.MapErrors(
	func(err *endpoint.Error) (int, failure) { return 0, failure{err.Message()} },
	func(status int, body failure) *endpoint.Error {
		for _, e := range []*endpoint.Error{ErrTwoZeroes, ErrMaxSize} {
			if body.Error == e.Message() {
				return e
			}
		}
		return endpoint.Errorf(endpoint.CodeOfStatus(status), "%s", body.Error)
	},
)

// end snippet

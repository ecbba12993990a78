// Package old is addsvc as a service of go-kit is written.
package old

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"net/http"

	"github.com/go-kit/kit/circuitbreaker"
	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/ratelimit"
	kithttp "github.com/go-kit/kit/transport/http"
	kitjsonrpc "github.com/go-kit/kit/transport/http/jsonrpc"
	"github.com/sony/gobreaker"
)

// Errors of the service.
var (
	ErrTwoZeroes = errors.New("can't sum two zeroes")
	ErrMaxSize   = errors.New("result exceeds maximum size")
)

// snippet: endpoints

// Endpoints are the methods of the service, behind go-kit's middlewares.
type Endpoints struct{ Sum, Concat kitendpoint.Endpoint }

// NewEndpoints returns them.
func NewEndpoints(limit ratelimit.Allower) Endpoints {
	guard := Guard(limit)
	return Endpoints{Sum: guard(Sum), Concat: guard(Concat)}
}

// Sum is the endpoint of a + b.
func Sum(_ context.Context, request any) (any, error) {
	r := request.(SumRequest)
	if r.A == 0 && r.B == 0 {
		return SumResponse{Err: ErrTwoZeroes}, nil
	}
	return SumResponse{V: r.A + r.B}, nil
}

// end snippet

// Concat is the endpoint of both texts in one.
func Concat(_ context.Context, request any) (any, error) {
	r := request.(ConcatRequest)
	if len(r.A)+len(r.B) > 10 {
		return ConcatResponse{Err: ErrMaxSize}, nil
	}
	return ConcatResponse{V: r.A + r.B}, nil
}

// Guard returns a breaker and a limiter of go-kit.
func Guard(limit ratelimit.Allower) kitendpoint.Middleware {
	return kitendpoint.Chain(
		circuitbreaker.Gobreaker(gobreaker.NewCircuitBreaker(gobreaker.Settings{})),
		ratelimit.NewErroringLimiter(limit),
	)
}

// SumRequest asks for A + B.
type SumRequest struct {
	A int `json:"a"`
	B int `json:"b"`
}

// SumResponse is the sum, or an error.
type SumResponse struct {
	V   int   `json:"v"`
	Err error `json:"-"`
}

// ConcatRequest asks for A and B in one.
type ConcatRequest struct {
	A string `json:"a"`
	B string `json:"b"`
}

// ConcatResponse is both in one, or an error.
type ConcatResponse struct {
	V   string `json:"v"`
	Err error  `json:"-"`
}

// Failed implements go-kit's Failer.
func (r SumResponse) Failed() error { return r.Err }

// Failed implements go-kit's Failer.
func (r ConcatResponse) Failed() error { return r.Err }

// New serves all of it.
func New(limit ratelimit.Allower) http.Handler {
	e := NewEndpoints(limit)
	mux := http.NewServeMux()
	mux.Handle("/sum", HTTP[SumRequest](e.Sum))
	mux.Handle("/concat", HTTP[ConcatRequest](e.Concat))
	mux.Handle("/rpc", RPC(e))
	return mux
}

// HTTP serves an endpoint.
func HTTP[Req any](e kitendpoint.Endpoint) http.Handler {
	return kithttp.NewServer(e, func(_ context.Context, r *http.Request) (any, error) {
		var req Req
		err := json.UnmarshalRead(r.Body, &req, json.MatchCaseInsensitiveNames(true))
		return req, err
	}, encode, kithttp.ServerErrorEncoder(encodeError))
}

func encode(ctx context.Context, w http.ResponseWriter, response any) error {
	if f, ok := response.(kitendpoint.Failer); ok && f.Failed() != nil {
		encodeError(ctx, f.Failed(), w)
		return nil //nolint:nilerr // the error is the answer
	}
	return kithttp.EncodeJSONResponse(ctx, w, response)
}

func encodeError(_ context.Context, err error, w http.ResponseWriter) {
	status := http.StatusInternalServerError
	if errors.Is(err, ErrTwoZeroes) || errors.Is(err, ErrMaxSize) {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, map[string]string{"error": err.Error()})
}

// RPC serves the endpoints over JSON-RPC.
func RPC(e Endpoints) http.Handler {
	return kitjsonrpc.NewServer(kitjsonrpc.EndpointCodecMap{
		"sum":    {Endpoint: e.Sum, Decode: params[SumRequest], Encode: result},
		"concat": {Endpoint: e.Concat, Decode: params[ConcatRequest], Encode: result},
	})
}

func params[Req any](_ context.Context, text jsontext.Value) (any, error) {
	var req Req
	err := json.Unmarshal(text, &req, json.MatchCaseInsensitiveNames(true))
	return req, err
}

func result(_ context.Context, response any) (jsontext.Value, error) {
	if f, ok := response.(kitendpoint.Failer); ok && f.Failed() != nil {
		return nil, f.Failed()
	}
	return json.Marshal(response)
}

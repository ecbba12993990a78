// Package step2 has a typed method behind go-kit's middlewares, and go-kit's JSON-RPC server
// over it.
package step2

import (
	"context"
	"net/http"

	"github.com/go-kit/kit/ratelimit"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/old"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step1"
)

// snippet: sum

// ErrTwoZeroes has the words of before, and now a code and an identity.
var ErrTwoZeroes = endpoint.Define(endpoint.InvalidArgument, "addsvc", "TWO_ZEROES", "can't sum two zeroes")

// Sum returns a + b.
func Sum(_ context.Context, r step1.SumRequest) (step1.SumReply, error) {
	if r.A == 0 && r.B == 0 {
		return step1.SumReply{}, ErrTwoZeroes
	}
	return step1.SumReply{V: r.A + r.B}, nil
}

// end snippet

// snippet: new

// New serves the typed method behind go-kit's middlewares.
func New(limit ratelimit.Allower) (http.Handler, error) {
	guard := old.Guard(limit)
	svc := step1.Add{Sum: endpoint.Chain(Sum, gokit.From(guard).Wrap)}
	e := old.Endpoints{
		Sum: gokit.ToKitAs(
			svc.Sum,
			func(r old.SumRequest) (step1.SumRequest, error) { return step1.SumRequest(r), nil },
			func(r step1.SumReply) old.SumResponse { return old.SumResponse{V: r.V} },
		),
		Concat: guard(old.Concat),
	}
	mux := http.NewServeMux()
	mux.Handle("/concat", old.HTTP[old.ConcatRequest](e.Concat))
	mux.Handle("/rpc", old.RPC(e))
	return mux, httpx.Mount(mux, &svc)
}

// end snippet

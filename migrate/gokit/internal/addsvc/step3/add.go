// Package step3 has layers around both kinds of endpoints, in place of go-kit's middlewares.
package step3

import (
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/old"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step1"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step2"
	"github.com/typedkit/endpoint/resilience"
)

// snippet: new

// New puts one stack of layers around the service and around what remains of go-kit.
func New(limit resilience.Allower) (http.Handler, error) {
	stack := endpoint.Stack{resilience.NewBreaker(5), resilience.LimiterOf(limit)}
	guard := gokit.Layers(stack...)
	svc := step1.Add{Sum: step2.Sum}
	e := old.Endpoints{
		Sum: guard(gokit.ToKitAs(
			svc.Sum,
			func(r old.SumRequest) (step1.SumRequest, error) { return step1.SumRequest(r), nil },
			func(r step1.SumReply) old.SumResponse { return old.SumResponse{V: r.V} },
		)),
		Concat: guard(old.Concat),
	}
	mux := http.NewServeMux()
	mux.Handle("/concat", old.HTTP[old.ConcatRequest](e.Concat))
	mux.Handle("/rpc", old.RPC(e))
	return mux, httpx.Mount(mux, &svc, httpx.Use(stack...))
}

// end snippet

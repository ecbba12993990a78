// Package step1 has one endpoint of go-kit in a typed field, beside the others.
package step1

import (
	"net/http"

	"github.com/go-kit/kit/ratelimit"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/old"
)

// snippet: add

// Add is the part of the service that has moved.
type Add struct {
	Sum endpoint.Endpoint[SumRequest, SumReply]
}

// HTTP describes it: the paths and the error bodies that its clients know.
func (s *Add) HTTP(r *httpx.Routes) { r.Under("", kitErrors).POST("/sum", &s.Sum) }

// SumRequest has the names of before, in any case, as encoding/json reads them.
type SumRequest struct {
	A int `json:"a,case:ignore"`
	B int `json:"b,case:ignore"`
}

// SumReply is the sum. An error is the error of the call.
type SumReply struct {
	V int `json:"v"`
}

type failure struct {
	Error string `json:"error"`
}

var kitErrors = httpx.MapErrors(
	func(err *endpoint.Error) (int, failure) { return 0, failure{err.Message()} },
	func(_ int, body failure) *endpoint.Error { return endpoint.Errorf(endpoint.Unknown, "%s", body.Error) },
)

// end snippet

// snippet: new

// New serves the new endpoint and the old ones side by side.
func New(limit ratelimit.Allower) (http.Handler, error) {
	e := old.NewEndpoints(limit)
	var svc Add
	gokit.SetAs(
		&svc.Sum, e.Sum,
		func(r SumRequest) old.SumRequest { return old.SumRequest(r) },
		func(r old.SumResponse) (SumReply, error) { return SumReply{r.V}, nil },
	)
	mux := http.NewServeMux()
	mux.Handle("/concat", old.HTTP[old.ConcatRequest](e.Concat))
	mux.Handle("/rpc", old.RPC(e))
	return mux, httpx.Mount(mux, &svc)
}

// end snippet

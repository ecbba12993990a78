// Package gokitguide holds the pieces that docs/from-go-kit.md shows.
package gokitguide

import (
	"context"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// ErrTwoZeroes is an error of the service.
var ErrTwoZeroes = endpoint.Define(endpoint.InvalidArgument, "addsvc", "TWO_ZEROES", "can't sum two zeroes")

// Numbers is a request.
type Numbers struct {
	A int `json:"a,case:ignore"`
	B int `json:"b,case:ignore"`
}

// snippet: failer

// Sum is the reply of a go-kit service that answers 200 with the error inside.
type Sum struct {
	V   int    `json:"v"`
	Err string `json:"err,omitempty"`
}

// failed makes the error in a reply that of the call, as endpoint.Failer did.
func failed(next endpoint.Endpoint[Numbers, Sum]) endpoint.Endpoint[Numbers, Sum] {
	return func(ctx context.Context, n Numbers) (Sum, error) {
		sum, err := next(ctx, n)
		if err == nil && sum.Err != "" {
			err = errorIn(sum.Err)
		}
		return sum, err
	}
}

// dial returns a client whose errors are those of the replies. The breaker counts them,
// because it is outside of failed.
func dial(url string, breaker *resilience.Breaker) (*Adder, error) {
	var c Adder
	err := httpx.Client(httpx.To(url), &c)
	c.Sum = endpoint.Chain(c.Sum, breaker.Wrap, failed)
	return &c, err
}

// end snippet

// Adder is the service.
type Adder struct {
	Sum endpoint.Endpoint[Numbers, Sum]
}

// HTTP describes it.
func (s *Adder) HTTP(r *httpx.Routes) { r.POST("/sum", &s.Sum, httpx.Fails(ErrTwoZeroes)) }

func errorIn(text string) error {
	if text == ErrTwoZeroes.Message() {
		return ErrTwoZeroes
	}
	return endpoint.Errorf(endpoint.Unknown, "%s", text)
}

// snippet: nop

// nop is an endpoint that does nothing, for tests.
func nop(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil }

// end snippet

// snippet: before

type tenantKey struct{}

// tenant puts a header of the request into the context, as a RequestFunc did. It may also
// refuse the call.
func tenant(ctx context.Context) (context.Context, func(error) error, error) {
	name := endpoint.CallFrom(ctx).Header().Get("X-Tenant")
	if name == "" {
		return ctx, nil, endpoint.Errorf(endpoint.InvalidArgument, "the header X-Tenant is missing")
	}
	return context.WithValue(ctx, tenantKey{}, name), nil, nil
}

// end snippet

// snippet: interface

// Calculator is an interface that callers know.
type Calculator interface {
	Sum(ctx context.Context, a, b int) (int, error)
}

// calculator makes a client, or the service itself, a Calculator.
type calculator struct{ adder *Adder }

func (c calculator) Sum(ctx context.Context, a, b int) (int, error) {
	sum, err := c.adder.Sum(ctx, Numbers{a, b})
	return sum.V, err
}

// end snippet

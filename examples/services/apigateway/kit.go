package apigateway

import (
	"context"
	"errors"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: kit

// kitAdd is addsvc with the error bodies of go-kit's.
type kitAdd addsvc.Add

// HTTP describes the service.
func (k *kitAdd) HTTP(r *httpx.Routes) { (*addsvc.Add)(k).HTTP(r.Under("", kitErrors)) }

// Describe states what holds over every transport.
func (k *kitAdd) Describe(f *endpoint.Facts) { (*addsvc.Add)(k).Describe(f) }

// kitError is the body of an error.
type kitError struct {
	Error string `json:"error"`
}

var kitErrors = httpx.MapErrors(
	func(err *endpoint.Error) (int, kitError) { return 0, kitError{err.Message()} },
	func(_ int, body kitError) *endpoint.Error { return endpoint.Errorf(endpoint.Unknown, "%s", body.Error) })

// kitStrings is stringsvc with the replies of go-kit's, which have the error in them.
type kitStrings struct {
	Uppercase endpoint.Endpoint[stringsvc.Text, kitUppercased]
	Count     endpoint.Endpoint[stringsvc.Text, stringsvc.Counted]
}

type kitUppercased struct {
	V   string `json:"v"`
	Err string `json:"err,omitempty"`
}

// HTTP describes the service.
func (k *kitStrings) HTTP(r *httpx.Routes) {
	r.POST("/uppercase", &k.Uppercase, httpx.Idempotent())
	r.POST("/count", &k.Count, httpx.Idempotent())
}

func newKitStrings(s *stringsvc.Strings) *kitStrings {
	uppercase := func(ctx context.Context, t stringsvc.Text) (kitUppercased, error) {
		u, err := s.Uppercase(ctx, t)
		if errors.Is(err, stringsvc.ErrEmpty) {
			return kitUppercased{Err: err.Error()}, nil
		}
		return kitUppercased{V: u.V}, err
	}
	return &kitStrings{Uppercase: uppercase, Count: s.Count}
}

// end snippet

package contractguide

import (
	"errors"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
)

// snippet: facts

// Guest is a request. The tags doc and example are for its document.
type Guest struct {
	Name  string `json:"name" required:"true" minLength:"1" doc:"as in the passport" example:"Ann Smith"`
	Email string `json:"email" required:"true" format:"email" example:"ann@example.com"`
}

// ErrKnown is the error of a guest who is there.
var ErrKnown = endpoint.Define(endpoint.AlreadyExists, "guests", "KNOWN", "the guest is known")

// Guests is a service.
type Guests struct {
	Add endpoint.Endpoint[Guest, endpoint.Empty]
}

// Describe has what every transport and every document reads.
func (s *Guests) Describe(f *endpoint.Facts) {
	f.Of(&s.Add, endpoint.Doc("adds a guest"), endpoint.Fails(ErrKnown))
}

// end snippet

// HTTP describes the service to HTTP.
func (s *Guests) HTTP(r *httpx.Routes) { r.POST("/guests", &s.Add, httpx.Status(http.StatusCreated)) }

// snippet: document

func newHandler(guests *Guests) (http.Handler, error) {
	mux := http.NewServeMux()
	doc := openapi.New("guests", "1.0", new(Guests))
	err := errors.Join(httpx.Mount(mux, guests), doc.Mount(mux))
	return httpx.Problems(mux), err
}

// end snippet

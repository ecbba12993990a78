package contractguide

import (
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: example

// Badge is a response.
type Badge struct {
	Number int    `json:"number"`
	Color  string `json:"color" deprecated:"true" doc:"all are blue"`
}

// Badges is a service with an operation that callers should leave.
type Badges struct {
	Print    endpoint.Endpoint[Guest, Badge]
	OldPrint endpoint.Endpoint[Guest, Badge]
}

// HTTP describes the service to HTTP.
func (s *Badges) HTTP(r *httpx.Routes) {
	r.POST("/badges", &s.Print, httpx.Status(http.StatusCreated),
		httpx.Example("a guest", Guest{Name: "Ann Smith", Email: "ann@example.com"}, Badge{Number: 7}))
	r.POST("/print", &s.OldPrint)
}

// Describe has what every transport and every document reads.
func (s *Badges) Describe(f *endpoint.Facts) {
	f.Of(&s.OldPrint, endpoint.Doc("use Print"), endpoint.Deprecated())
}

// end snippet

package contractguide

import (
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: security

// Clerk is who calls.
type Clerk string

// Principal returns the name.
func (c Clerk) Principal() string { return string(c) }

// Clerks and Machines are two ways to prove it.
var (
	Clerks   = &auth.Bearer[Clerk]{Name: "clerks", Format: "JWT", Doc: "tokens of the house"}
	Machines = &auth.APIKey[Clerk]{Name: "machines", Header: "X-Key"}
)

// Keys is a service that not everybody may call.
type Keys struct {
	Open endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

// HTTP describes the service to HTTP.
func (s *Keys) HTTP(r *httpx.Routes) {
	r.POST("/open", &s.Open, httpx.Requires(Clerks.Scope("doors"), Machines))
}

// end snippet

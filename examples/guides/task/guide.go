// Package taskguide is the code of the tasks in docs/README.md.
package taskguide

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: validate

// Order is a request. Its tags are the rules of its values.
type Order struct {
	Item string `json:"item" required:"true" pattern:"[^ ]"`
	Qty  int    `json:"qty" minimum:"1" maximum:"100" default:"1"`
	Gift bool   `json:"gift"`
}

// Validate has a rule that concerns several members.
func (o Order) Validate() error {
	if o.Gift && o.Qty > 10 {
		return errors.New("a gift is at most 10 items")
	}
	return nil
}

// end snippet

// Placed is its response.
type Placed struct {
	ID string `json:"id"`
}

// Shop is a service.
type Shop struct {
	Place endpoint.Endpoint[Order, Placed]
}

// HTTP describes it.
func (s *Shop) HTTP(r *httpx.Routes) {
	r.POST("/orders", &s.Place, httpx.Fails(ErrSoldOut))
}

// ErrSoldOut is an error of Place.
var ErrSoldOut = endpoint.Define(endpoint.FailedPrecondition, "shop", "SOLD_OUT", "the item is sold out")

// place gets valid orders only.
func place(_ context.Context, o Order) (Placed, error) {
	if o.Item == "moon" {
		return Placed{}, ErrSoldOut
	}
	return Placed{ID: o.Item}, nil
}

// snippet: proxy

// clientAddress replaces the address of the proxy by the one that the proxy reports in
// the header X-Real-Ip. The proxy must set the header itself, and strangers must not be
// able to reach the server past the proxy.
func clientAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ip := net.ParseIP(r.Header.Get("X-Real-Ip")); ip != nil {
			r = r.Clone(r.Context())
			r.RemoteAddr = net.JoinHostPort(ip.String(), "0")
		}
		next.ServeHTTP(w, r)
	})
}

// end snippet

// Package taskguide is the code of the tasks in docs/README.md.
package taskguide

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// Order is a request.
type Order struct {
	Item string `json:"item" required:"true"`
	Qty  int    `json:"qty"`
}

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
	r.POST("/orders", &s.Place)
}

// snippet: validate

// place rejects an order with all that is wrong with it.
func place(_ context.Context, o Order) (Placed, error) {
	var faults []endpoint.Violation
	if strings.TrimSpace(o.Item) == "" {
		faults = append(faults, endpoint.Violation{Pointer: "/item", Detail: "must not be empty"})
	}
	if o.Qty < 1 || o.Qty > 100 {
		faults = append(faults, endpoint.Violation{Pointer: "/qty", Detail: "must be from 1 to 100"})
	}
	if len(faults) > 0 {
		return Placed{}, httpx.ErrInvalidRequest.WithViolations(faults...)
	}
	return Placed{ID: o.Item}, nil
}

// end snippet

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

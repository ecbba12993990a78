// Package admin has the pages of a server's admin address: the list of endpoints, the
// live figures as a page and as a stream, and what the program adds.
package admin

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/figures"
)

// A Source is what the pages show. All funcs must be safe for concurrent use and fast;
// one that is nil has nothing to show.
type Source struct {
	Name    string
	Start   time.Time
	State   func() string
	Figures *figures.Set
	Events  *Events
	// Listeners returns where the server listens.
	Listeners func() []Listener
	// Gauges yields the gauges of all that is watched, Objectives the state of all
	// objectives.
	Gauges     func(yield func(endpoint.Gauge) bool)
	Objectives func() []observe.SLOStatus
	// Traces is where traces can be looked at.
	Traces Traces
	// Checks returns the last results of the health checks.
	Checks func() []Check
}

// A Listener is an address on which the server serves.
type Listener struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// A Check is the last result of a health check.
type Check struct {
	Name string `json:"name"`
	// Status is "pass", "warn" or "fail".
	Status string `json:"status"`
	// Error is the text of the last error, one bounded line.
	Error    string    `json:"error,omitzero"`
	Critical bool      `json:"critical"`
	Since    time.Time `json:"since,omitzero"`
	Took     float64   `json:"tookSeconds"`
}

// A Route is a handler that the program or the server adds.
type Route struct {
	Pattern string // as that of an http.ServeMux
	Handler http.Handler
}

// New returns the handler of the admin address. hosts are the names, beside those of the
// loopback, by which it may be addressed. The error joins the faults of hosts and routes.
func New(src *Source, hosts []string, routes []Route) (http.Handler, error) {
	g, err := newGuard(hosts)
	mux := http.NewServeMux()
	views := &views{source: src, build: readBuild()}
	servePage(mux)
	mux.Handle("GET /endpoints", secured(http.HandlerFunc(views.serveEndpoints)))
	errs := []error{err, httpx.Mount(mux, newLive(views), httpx.Use(&places{}))}
	for _, r := range routes {
		errs = append(errs, add(mux, r))
	}
	g.next = mux
	return g, errors.Join(errs...)
}

// add registers a route, and returns what the mux panics with, such as a malformed
// pattern or one that conflicts with another.
func add(mux *http.ServeMux, r Route) (err error) {
	if r.Handler == nil {
		return fmt.Errorf("the handler of %q is nil", r.Pattern)
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the pattern %q: %v", r.Pattern, v)
		}
	}()
	mux.Handle(r.Pattern, r.Handler)
	return nil
}

package server

import (
	"fmt"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/admin"
)

// Admin adds a listener with the name "admin" for those who operate the server. It serves
// until the end of a stop. Its address should be one of the loopback, such as
// "localhost:8080". It serves:
//
//   - /: a page with live figures of the endpoints, their objectives, what [Watch] watches,
//     the health checks, recent calls and events;
//   - /endpoints: the endpoints with what is declared, promised and measured, as JSON;
//   - /live: the figures of the page as server-sent events, for at most 16 readers at the
//     same time;
//   - /health: the results of all checks, as application/health+json;
//   - /livez and /readyz, as [Probes] does, with the names and errors of checks where
//     /readyz fails or is asked with ?verbose;
//   - what [Metrics] and [Handle] add.
//
// A request must name the server by a name of its own in the header Host, or it is refused
// with the status 421: "localhost", an address of the loopback, the address that the
// connection was made to, or one of [Hosts]. So no page of another site can read the
// figures by a name that resolves to the server. A request that a page of another site
// makes is refused with 403. Nothing that Admin serves changes the state of the server.
//
// A malformed address, a second Admin and a nil option are faults.
func Admin(addr string, opts ...AdminOption) Item {
	return item(func(s *Server) {
		var c adminConfig
		for i, o := range opts {
			if o == nil {
				s.fault("Admin: option %d is nil", i)
				continue
			}
			o.applyAdmin(&c)
		}
		src := s.adminSource()
		src.Traces = c.traces
		h, err := admin.New(src, c.hosts, append(s.healthRoutes(), c.routes...))
		for _, err := range append(c.faults, err) {
			s.check(err == nil, "Admin: %w", err)
		}
		p := &httpPart{server: s, handler: h}
		s.listen(&listener{name: "admin", addr: addr, part: p, lasting: true, admin: true}, nil)
	})
}

// An AdminOption is an option of [Admin].
type AdminOption interface{ applyAdmin(c *adminConfig) }

type adminOption func(c *adminConfig)

func (o adminOption) applyAdmin(c *adminConfig) { o(c) }

type adminConfig struct {
	hosts  []string
	routes []admin.Route
	traces admin.Traces
	faults []error
}

// Metrics serves h at /metrics, such as promhttp.Handler(). The default is 404. A nil h is
// a fault.
func Metrics(h http.Handler) AdminOption { return Handle("GET /metrics", h) }

// Handle serves h at a pattern of http.ServeMux, such as "GET /debug/vars". It may be given
// several times. A nil h, a malformed pattern and one that conflicts with another are
// faults.
func Handle(pattern string, h http.Handler) AdminOption {
	return adminOption(func(c *adminConfig) { c.routes = append(c.routes, admin.Route{Pattern: pattern, Handler: h}) })
}

// Hosts adds names by which the server may be addressed, such as "addsvc.internal": those
// that a scraper or a proxy on another machine uses. A port is ignored. It may be given
// several times. A name that is not that of a host is a fault.
func Hosts(names ...string) AdminOption {
	return adminOption(func(c *adminConfig) { c.hosts = append(c.hosts, names...) })
}

// Traces has the page link each recent call to its trace, where the request had the header
// traceparent. In url, "{trace}" stands for the id of the trace, in 32 hexadecimal digits:
// "http://localhost:16686/trace/{trace}" is the page of a Jaeger on one's own machine. It
// replaces an earlier Traces. A url that is not one of http or https, that has a user, or that
// does not have "{trace}" once behind its host is a fault.
func Traces(url string) AdminOption {
	return adminOption(func(c *adminConfig) {
		t, err := admin.NewTraces(url)
		if err != nil {
			c.faults = append(c.faults, fmt.Errorf("Traces: %w", err))
		}
		c.traces = t
	})
}

// adminSource returns what the admin page shows.
func (s *Server) adminSource() *admin.Source {
	return &admin.Source{
		Name: s.name, Start: s.figures.Start(), State: func() string { return s.State().String() },
		Figures: s.figures, Events: &s.events,
		Listeners: s.listening, Gauges: s.gauges, Objectives: s.objectives, Checks: s.adminChecks,
	}
}

// listening returns the addresses that are bound.
func (s *Server) listening() []admin.Listener {
	var all []admin.Listener
	for _, l := range s.listeners {
		if l.bound != nil {
			all = append(all, admin.Listener{Name: l.name, Address: l.bound.String()})
		}
	}
	return all
}

// gauges yields the gauges of the listeners, and of all that is watched.
func (s *Server) gauges(yield func(endpoint.Gauge) bool) {
	for _, l := range s.listeners {
		for _, g := range l.gauges() {
			if !yield(g) {
				return
			}
		}
	}
	for _, w := range s.watched {
		for g := range w.Gauges {
			if !yield(g) {
				return
			}
		}
	}
}

// healthRoutes returns what the admin address tells of the health.
func (s *Server) healthRoutes() []admin.Route {
	details := s.healthDetails()
	return []admin.Route{{Pattern: "/livez", Handler: details}, {Pattern: "/readyz", Handler: details}, {Pattern: "/health", Handler: details}}
}

// adminChecks returns the results of the checks.
func (s *Server) adminChecks() []admin.Check {
	var all []admin.Check
	for _, c := range s.Health().Checks {
		check := admin.Check{Name: c.Name, Status: string(c.Status), Critical: c.Critical, Since: c.Since, Took: c.Took.Seconds()}
		if c.Err != nil {
			check.Error = c.Err.Error()
		}
		all = append(all, check)
	}
	return all
}

// objectives returns the state of the objectives that are watched.
func (s *Server) objectives() []observe.SLOStatus {
	var all []observe.SLOStatus
	for _, w := range s.watched {
		if slo, ok := w.(interface{ Status() []observe.SLOStatus }); ok {
			all = append(all, slo.Status()...)
		}
	}
	return all
}

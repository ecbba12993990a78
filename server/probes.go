package server

import (
	"net/http"
	"runtime/debug"

	"github.com/typedkit/endpoint/server/internal/health"
)

// Probes adds a listener with the name "probes" that answers GET and HEAD of /livez and
// /readyz, for a kubelet or a load balancer. It serves until the end of the stop. A malformed
// address is a fault.
//
// /livez is 200 from the start until the end of the process, also while the server drains
// and while checks fail: restarting the process would help against neither. /readyz is 200
// while the server is running and no critical check fails, and 503 otherwise. With
// ?exclude=NAME, as often as it is given, it leaves a check out. Neither answer has the names
// or errors of checks; the address of [Admin] lists them at /readyz?verbose and /health.
//
// The answers come from the last results, so that any number of probes costs no run of a
// check. Once /readyz was asked, a stop waits for its clients to notice: see [Propagation].
func Probes(addr string) Item {
	return item(func(s *Server) {
		s.listen(&listener{name: "probes", addr: addr, part: &httpPart{server: s, handler: s.Probes()}, lasting: true}, nil)
	})
}

// Probes returns a handler that answers as the listener of the func [Probes], for a router
// of the program. Its paths are /livez and /readyz. On a listener that drains, it can be
// asked until that accepts no more connections.
func (s *Server) Probes() http.Handler { return s.probes(false) }

// probes returns a handler of /livez and /readyz. With details, it lists the checks.
func (s *Server) probes(details bool) http.Handler {
	return &health.Probes{
		State: s.healthState, Report: s.healthReport, Details: details,
		Asked: func() { s.probed.Store(true) },
	}
}

// healthDetails returns a handler of /livez, /readyz and /health with all details, for the
// admin address alone.
func (s *Server) healthDetails() http.Handler {
	document := &health.Document{Service: s.name, State: s.healthState, Report: s.healthReport}
	if info, ok := debug.ReadBuildInfo(); ok {
		document.Release = info.Main.Version
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.probes(true))
	mux.Handle("/health", document)
	return mux
}

func (s *Server) healthState() health.State {
	state := s.State()
	return health.State{Name: state.String(), Alive: state != StateStopped, Ready: state == StateRunning}
}

package health

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/typedkit/endpoint/internal/bounds"
)

// The limits on the names in a query that an answer repeats.
const (
	maxUnknown      = 10
	maxUnknownBytes = 128
)

// A State is what a server says of itself to those that probe it.
type State struct {
	Name  string // of the state, such as "draining"
	Alive bool   // until the server has stopped
	Ready bool   // as far as the state decides it
}

// Probes answers GET and HEAD of /livez and /readyz with 200 or 503. The answers come from
// the last results, so they cost no run of a check.
//
// /readyz?exclude=NAME leaves a check out, as often as it is given. With Details, an answer
// of /readyz lists the checks if the query has verbose, or if it is not 200. The form is
// that of a Kubernetes API server.
type Probes struct {
	State  func() State
	Report func() *Report
	// Asked is called by each request for /readyz.
	Asked func()
	// Details allows answers that have the names and errors of checks.
	Details bool
}

// ServeHTTP answers a probe.
func (p *Probes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	switch {
	case r.URL.Path != "/livez" && r.URL.Path != "/readyz":
		http.NotFound(w, r)
	case !isRead(w, r):
	case r.URL.Path == "/livez":
		alive := p.State().Alive
		answer(w, alive, verdict(alive, "ok", "not alive"))
	default:
		p.Asked()
		p.serveReady(w, r)
	}
}

func (p *Probes) serveReady(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	excluded := make(map[string]bool)
	for _, name := range query["exclude"] {
		excluded[name] = true
	}
	state, report := p.State(), p.Report()
	ready := state.Ready && report.Ready(func(name string) bool { return excluded[name] })
	text := verdict(ready, "ok", "not ready")
	if p.Details && (query.Has("verbose") || !ready) {
		text = list(state, report, excluded, query) + verdict(ready, "readyz check passed", "readyz check failed")
	}
	answer(w, ready, text)
}

// list returns one line for the state, for each check, and for names that no check has.
func list(state State, report *Report, excluded map[string]bool, query url.Values) string {
	var b strings.Builder
	if state.Ready {
		fmt.Fprintf(&b, "[+]server ok\n")
	} else {
		fmt.Fprintf(&b, "[-]server failed: %s\n", state.Name)
	}
	known := make(map[string]bool)
	for _, result := range report.Results {
		known[result.Name] = true
		switch {
		case excluded[result.Name]:
			fmt.Fprintf(&b, "[+]%s excluded: ok\n", result.Name)
		case result.Status == Pass:
			fmt.Fprintf(&b, "[+]%s ok\n", result.Name)
		case result.Status == Warn:
			fmt.Fprintf(&b, "[!]%s warns: %v\n", result.Name, result.Err)
		default:
			fmt.Fprintf(&b, "[-]%s failed: %v\n", result.Name, result.Err)
		}
	}
	var unknown []string
	for _, name := range query["exclude"] {
		if !known[name] && len(unknown) < maxUnknown {
			unknown = append(unknown, fmt.Sprintf("%q", bounds.Cut(name, maxUnknownBytes)))
		}
	}
	if len(unknown) > 0 {
		fmt.Fprintf(&b, "warn: some health checks cannot be excluded: no matches for %s\n", strings.Join(unknown, ", "))
	}
	return b.String()
}

// isRead reports whether the method only reads. Otherwise it answers 405.
func isRead(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}

func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func answer(w http.ResponseWriter, good bool, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status(good))
	_, _ = fmt.Fprintln(w, text)
}

func status(good bool) int {
	if good {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

func verdict(good bool, yes, no string) string {
	if good {
		return yes
	}
	return no
}

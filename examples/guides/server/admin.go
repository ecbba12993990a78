package serverguide

import (
	"expvar"
	"net/http"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// snippet: admin

// addAdmin adds the pages for those who operate the server, with what it calls.
func addAdmin(s *server.Server, metrics http.Handler, prices *discover.Pool[*httpx.Conn], breaker *resilience.Breaker, slo *observe.SLO) {
	s.Add(
		server.Admin("localhost:8080",
			server.Metrics(metrics), // such as promhttp.Handler()
			server.Handle("GET /debug/vars", expvar.Handler())),
		server.Watch(prices, breaker, slo))
}

// end snippet

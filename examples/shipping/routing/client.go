package routing

import (
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// snippet: client

// maxResponse is how many bytes of an answer the client reads: hundreds of ways.
const maxResponse = 256 << 10

// NewClient returns the calls of the routing service at a URL, with or without its path
// /paths. A call has up to three attempts of 450 ms, and 1.5 seconds in all. When the
// service keeps failing, a breaker fails calls at once. telemetry may be any layer that
// records calls; s watches the policies.
func NewClient(s *server.Server, url string, telemetry endpoint.Layer) (*Service, error) {
	named, events := resilience.Named("routing"), resilience.OnEvent(s.Event)
	breaker := resilience.NewBreaker(10, resilience.Window(10*time.Second), resilience.Ratio(0.5), named, events)
	whole := resilience.NewTimeout(1500 * time.Millisecond)
	retry := resilience.NewRetry(3, named, events)
	attempt := resilience.NewTimeout(450 * time.Millisecond)
	s.Add(server.Watch(breaker, retry))

	c := new(Service)
	to := httpx.To(strings.TrimSuffix(url, "/paths"), httpx.MaxResponse(maxResponse))
	err := httpx.Client(to, c, httpx.Named("Routing"), httpx.Use(s, telemetry, breaker, whole, retry, attempt))
	return c, err
}

// end snippet

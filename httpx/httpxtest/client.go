package httpxtest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/typedkit/endpoint/httpx"
)

// Client sets every endpoint of c to a call of svc, in process. Both are pointers to the same
// type, or describe the same routes. Requests and responses are encoded and decoded as over a
// socket, by a server and a client of net/http that speak HTTP/2 over a network in memory. So
// errors, headers, deadlines, streams of both kinds and cancellation work as they do over a
// socket, and the layers of both ends run.
//
// It works in a testing/synctest bubble; give it the testing.T of the bubble. The end of the test ends
// all calls. It is an error of the test if a handler still runs 10 seconds after that. If
// something is wrong with svc, c or the options, the test fails at once.
func Client(tb testing.TB, svc, c httpx.Service, opts ...Option) {
	tb.Helper()
	cfg, err := configOf(opts)
	if err != nil {
		tb.Fatalf("httpxtest: %v", err)
	}
	h, err := cfg.mount(svc)
	if err != nil {
		tb.Fatalf("httpxtest: the server: %v", err)
	}
	to := httpx.To(base, httpx.HTTPClient(&http.Client{Transport: serve(tb, h).transport}))
	if err := httpx.Client(to, c, slices.Concat(cfg.both, cfg.client)...); err != nil {
		tb.Fatalf("httpxtest: the client: %v", err)
	}
}

// mount returns what serves svc.
func (c *config) mount(svc httpx.Service, more ...httpx.Option) (http.Handler, error) {
	if c.handler != nil {
		return c.handler, nil
	}
	opts := slices.Concat(c.both, c.server, more)
	mux := http.NewServeMux()
	return httpx.Problems(mux), httpx.Mount(mux, svc, opts...)
}

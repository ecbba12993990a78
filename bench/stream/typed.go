package main

import (
	"context"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// which says how many quotes are wanted.
type which struct {
	N int `query:"n"`
}

// Quotes is the service.
type Quotes struct {
	Watch endpoint.Endpoint[which, endpoint.Stream[quote]]
	Send  endpoint.Endpoint[endpoint.Stream[quote], total]
}

// HTTP describes the service.
func (s *Quotes) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/quotes", &s.Watch)
	r.ClientStream("POST", "/quotes", &s.Send)
}

// stream returns the quotes as httpx takes them.
func stream(n int) endpoint.Stream[quote] {
	return func(yield func(quote, error) bool) {
		for q := range quotes(n) {
			if !yield(q, nil) {
				return
			}
		}
	}
}

// sum adds up what a stream yields.
func sum(s endpoint.Stream[quote]) (t total, err error) {
	for q, err := range s {
		if err != nil {
			return t, err
		}
		t.add(q)
	}
	return t, nil
}

// typedServer returns the service on a router.
func typedServer() (http.Handler, error) {
	mux := http.NewServeMux()
	return mux, httpx.Mount(mux, &Quotes{
		Watch: func(_ context.Context, w which) (endpoint.Stream[quote], error) { return stream(w.N), nil },
		Send:  func(_ context.Context, s endpoint.Stream[quote]) (total, error) { return sum(s) },
	})
}

// typedClient is the service as a client.
type typedClient struct{ service Quotes }

func newTypedClient(base string, transport http.RoundTripper) (client, error) {
	c := new(typedClient)
	return c, httpx.Client(httpx.To(base, httpx.HTTPClient(&http.Client{Transport: transport})), &c.service)
}

func (c *typedClient) watch(ctx context.Context, n int) (total, error) {
	s, err := c.service.Watch(ctx, which{n})
	if err != nil {
		return total{}, err
	}
	return sum(s)
}

func (c *typedClient) send(ctx context.Context, n int) (total, error) {
	return c.service.Send(ctx, stream(n))
}

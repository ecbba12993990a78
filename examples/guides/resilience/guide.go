// Package resilienceguide holds the pieces that docs/resilience.md shows: a
// service of prices, its server and its clients, each with its protection.
package resilienceguide

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// Query asks for the price of an item.
type Query struct {
	Item string `path:"item"`
}

// Price is what an item costs.
type Price struct {
	Cents int  `json:"cents"`
	Final bool `json:"final"`
}

// Prices is the service.
type Prices struct {
	Get    endpoint.Endpoint[Query, Price]
	Export endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Price]]
}

// HTTP describes the service.
func (s *Prices) HTTP(r *httpx.Routes) {
	r.GET("/prices/{item}", &s.Get)
	r.ServerStream("GET", "/prices", &s.Export)
}

// snippet: server

func isExport(op *endpoint.Operation) bool { return op.Name == "Export" }

func serve(mux *http.ServeMux, svc *Prices, auth endpoint.Layer) error {
	return httpx.Mount(mux, svc,
		httpx.Use(auth), // names the client for PerClient
		httpx.Use(resilience.ServerStack(
			resilience.NewPerClient(50, 10), // calls a second, and at once
			endpoint.Only(resilience.NewBulkhead(2), isExport),
		)...))
}

// end snippet

// snippet: client

func dial(to *httpx.Conn) (*Prices, error) {
	var svc Prices
	err := httpx.Client(to, &svc, httpx.Use(resilience.ClientStack(
		resilience.NewTimeout(300*time.Millisecond), // each attempt
		resilience.NewTimeout(2*time.Second),        // the whole call
	)...))
	return &svc, err
}

// end snippet

// snippet: hand

func byHand(to *httpx.Conn) (*Prices, error) {
	retry := resilience.NewRetry(3, resilience.Backoff(20*time.Millisecond, time.Second))
	breaker := resilience.NewBreaker(5, resilience.Cooldown(time.Second))
	whole := resilience.NewTimeout(2 * time.Second)
	var svc Prices
	err := httpx.Client(to, &svc, httpx.Use(whole, retry, breaker))
	return &svc, err
}

// end snippet

// snippet: typed

func cheaply(prices *Prices) endpoint.Endpoint[Query, Price] {
	retry := resilience.NewRetry(3).If(func(p Price, err error) bool {
		return endpoint.Retryable(err) || err == nil && !p.Final
	})
	lastKnown := resilience.Fallback(func(context.Context, Query, error) (Price, error) {
		return Price{Cents: 100}, nil // better than no price
	})
	oneOfEach := resilience.Coalesce(func(q Query) string { return q.Item })
	return endpoint.Chain(prices.Get, lastKnown.Wrap, oneOfEach.Wrap, retry.Wrap)
}

// end snippet

// snippet: priority

func export(ctx context.Context, prices *Prices) ([]Price, error) {
	ctx = resilience.WithPriority(ctx, resilience.Sheddable) // it can run again at night
	stream, err := prices.Export(ctx, endpoint.Empty{})
	if err != nil {
		return nil, err
	}
	return stream.Collect()
}

// edge is the Shed of a server that strangers call. It ignores the priority that they
// send, or each would ask for the highest.
func edge() *resilience.Shed {
	return resilience.NewShed()
}

// behind is the Shed of a server that only servers of ours call.
func behind() *resilience.Shed {
	return resilience.NewShed(resilience.TrustPriority())
}

// end snippet

// snippet: failsafe

func withPolicy(prices *Prices, policy failsafe.Policy[Price]) endpoint.Endpoint[Query, Price] {
	return endpoint.Chain(prices.Get, resilience.Policies(policy).Wrap)
}

// end snippet

// snippet: watch

func watched(log *slog.Logger) *resilience.Breaker {
	return resilience.NewBreaker(5, resilience.Named("prices"), resilience.OnEvent(
		func(ctx context.Context, e endpoint.Event) {
			log.InfoContext(ctx, e.Source, "name", e.Name, "kind", e.Kind, "err", e.Err)
		}))
}

func figures(breaker *resilience.Breaker) map[string]float64 {
	values := map[string]float64{}
	for g := range breaker.Gauges {
		values[g.Source+"_"+g.Metric] = g.Value
	}
	return values
}

// end snippet

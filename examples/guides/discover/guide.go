// Package discoverguide holds the pieces that docs/discover.md shows: clients of
// a shop that has many instances.
package discoverguide

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc/credentials"
)

// Item is a thing to buy.
type Item struct {
	Name string `path:"name"`
}

// Price is what it costs.
type Price struct {
	Cents int `json:"cents"`
}

// Shop is the service.
type Shop struct {
	Price endpoint.Endpoint[Item, Price]
}

// HTTP describes the service.
func (s *Shop) HTTP(r *httpx.Routes) { r.GET("/items/{name}/price", &s.Price) }

// GRPC describes it over gRPC.
func (s *Shop) GRPC(m *grpcx.Methods) {
	m.Service("shop.v1.Shop")
	m.Unary("Price", &s.Price, grpcx.Idempotent())
}

// snippet: client

// connect returns the client of a shop whose calls go to the instances that source
// names, and a func that ends the pool. A server takes it by server.Close. The pool does
// not end with ctx, which a signal may end, because the calls in flight still need it then.
func connect(ctx context.Context, source discover.Source) (*Shop, func() error, error) {
	pool := discover.New(httpx.Dialer())
	go func() { _ = pool.Run(context.WithoutCancel(ctx), source) }()

	var shop Shop
	retry := resilience.NewRetry(3)
	timeout := resilience.NewTimeout(time.Second) // of each attempt
	return &shop, pool.Close, httpx.Client(pool, &shop, httpx.Use(retry, timeout))
}

// end snippet

// snippet: grpc

// connectGRPC is the same over gRPC.
func connectGRPC(ctx context.Context, source discover.Source, creds credentials.TransportCredentials) (*Shop, func() error, error) {
	pool := discover.New(grpcx.Dialer(creds))
	go func() { _ = pool.Run(context.WithoutCancel(ctx), source) }()

	var shop Shop
	return &shop, pool.Close, grpcx.Client(pool, &shop, grpcx.Use(resilience.NewRetry(3)))
}

// end snippet

// snippet: slice

// anyOf returns an endpoint whose attempts each go to one of the replicas.
func anyOf(replicas []endpoint.Endpoint[Item, Price], retry *resilience.Retry) endpoint.Endpoint[Item, Price] {
	return endpoint.Chain(discover.Balanced(discover.Of(replicas)), retry.Wrap)
}

// end snippet

// snippet: sources

func sources() map[string]discover.Source {
	return map[string]discover.Source{
		"two addresses": discover.Static("10.0.0.1:8080", "[2001:db8::1]:8080"),
		"a spare in another zone": discover.Fixed(
			discover.Instance{Addr: "10.0.0.1:8080", Weight: 2, Zone: "a"},
			discover.Instance{Addr: "10.0.0.2:8080", Weight: 1, Zone: "a"},
			discover.Instance{Addr: "10.1.0.1:8080", Zone: "b", Priority: 1},
		),
		"a host's addresses": dns.Hosts("shop.internal", 8080),
		"a service's records": dns.SRV("_http._tcp.shop.internal.",
			dns.Servers("10.0.0.53:53"), dns.TTL(5*time.Second, time.Minute)),
	}
}

// end snippet

// snippet: check

// checked returns a pool whose instances get calls only while they are ready.
func checked() *discover.Pool[*httpx.Conn] {
	return discover.New(httpx.Dialer(), discover.Check(httpx.Probe("/readyz")))
}

// end snippet

// snippet: options

// newPool returns a pool with each rule set, most of them to their default.
func newPool(log *slog.Logger) *discover.Pool[*httpx.Conn] {
	return discover.New(httpx.Dialer(),
		discover.Named("shop"),
		discover.Balance(discover.PeakEWMA()),
		discover.Wait(5*time.Second),      // of a call, for the first instance
		discover.Grace(time.Minute),       // in which an empty set is not believed
		discover.Eject(5, 10*time.Second), // after 5 failures in a row, for 10 s
		discover.Ejectable(0.1),           // a tenth at a time
		discover.FailIf(endpoint.ServerFault),
		discover.SlowStart(30*time.Second), // default: none
		discover.Zone("a"),                 // default: none
		discover.Dials(64),                 // at the same time
		discover.DialTimeout(3*time.Second),
		discover.OnEvent(func(ctx context.Context, e endpoint.Event) {
			log.InfoContext(ctx, e.Source, "name", e.Name, "kind", e.Kind, "instance", e.Detail, "err", e.Err)
		}),
	)
}

// end snippet

// snippet: balancer

// idlest returns a balancer that looks at all instances and picks the one with the
// fewest calls in flight. It is good for few instances and long calls.
func idlest() discover.Balancer {
	return discover.BalancerFunc(func(set []*discover.Member) discover.Picker { return fewest(set) })
}

// fewest is the set that idlest picks from.
type fewest []*discover.Member

// Pick returns the index of the member to call.
func (f fewest) Pick(context.Context) int {
	best := 0
	for i, m := range f {
		if m.Pending() < f[best].Pending() {
			best = i
		}
	}
	return best
}

// end snippet

// snippet: source

// A file is a source that has an address on each line of a file, which it looks
// at again and again.
type file struct {
	path  string
	every time.Duration
}

// Watch yields the addresses whenever they are others.
func (f file) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		tick := time.NewTicker(f.every)
		defer tick.Stop()
		last, known := "", false
		for ctx.Err() == nil {
			text, err := os.ReadFile(f.path)
			switch {
			case err != nil:
				if known = false; !yield(nil, err) { // the set stands; the next one tells that all is well
					return
				}
			case !known || string(text) != last:
				last, known = string(text), true
				if !yield(instances(last), nil) {
					return
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}
}

func instances(text string) []discover.Instance {
	var set []discover.Instance
	for addr := range strings.FieldsSeq(text) {
		set = append(set, discover.Instance{Addr: addr})
	}
	return discover.Sorted(set)
}

// end snippet

// snippet: gauges

// serving is how many instances get calls at the moment.
func serving(pool *discover.Pool[*httpx.Conn]) float64 {
	for g := range pool.Gauges {
		if g.Metric == "serving" {
			return g.Value
		}
	}
	return 0
}

// end snippet

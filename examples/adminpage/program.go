package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

const (
	slowness  = 3 * time.Second // of one item
	instances = 3
	traces    = "http://localhost:16686/trace/{trace}" // of a Jaeger on this machine
)

// A program is a shop that asks one of three backends for each price.
type program struct {
	*server.Server

	backends []*backend
	prices   *Shop // the client of the backends
}

// newProgram returns a program that serves on these addresses.
func newProgram(ctx context.Context, listen, admin string, opts ...server.Option) (*program, error) {
	p := &program{Server: server.New("shop", opts...), prices: &Shop{}}
	var addrs []string
	var errs []error
	for n := range instances {
		b, err := newBackend(ctx)
		if err != nil {
			return nil, err
		}
		p.backends = append(p.backends, b)
		addrs = append(addrs, b.addr)
		p.Add(server.Go(fmt.Sprint("backend ", n+1), b.run))
	}
	events := resilience.OnEvent(p.Event)
	pool := discover.New(httpx.Dialer(), discover.Named("prices"), discover.OnEvent(p.Event),
		discover.Balance(discover.RoundRobin()), discover.Eject(5, 20*time.Second))
	breaker := resilience.NewBreaker(10, resilience.Named("prices"), resilience.Cooldown(5*time.Second), events)
	retry := resilience.NewRetry(2, resilience.Named("prices"), events)
	slo := observe.NewSLO(observe.Objective{Availability: 0.999, Latency: 100 * time.Millisecond, LatencyRatio: 0.99})
	mux := http.NewServeMux()
	errs = append(errs,
		httpx.Client(pool, p.prices, httpx.Use(p, breaker, retry)),
		httpx.Mount(mux, &Shop{Price: p.price}, httpx.Use(p, slo)))
	p.Add(
		server.HTTP(listen, httpx.Problems(mux, httpx.Use(p))),
		server.Admin(admin, server.Traces(traces)),
		server.Follow(pool, discover.Static(addrs...)),
		server.Check("backends", p.check, server.Every(time.Second)),
		server.Watch(breaker, retry, slo))
	return p, errors.Join(append(errs, p.Err())...)
}

// price asks a backend.
func (p *program) price(ctx context.Context, i Item) (Price, error) { return p.prices.Price(ctx, i) }

// check fails while all backends are broken.
func (p *program) check(context.Context) error {
	for _, b := range p.backends {
		if !b.broken.Load() {
			return nil
		}
	}
	return errors.New("all backends are broken")
}

// load asks for the prices of items one after another, some of which do not exist, and
// breaks a backend from time to time.
func (p *program) load(url string, rate int) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		conn := httpx.To(url)
		defer func() { _ = conn.Close() }()
		var shop Shop
		if err := httpx.Client(conn, &shop); err != nil {
			return err
		}
		beat := time.NewTicker(time.Second / time.Duration(rate))
		defer beat.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return nil
			case <-beat.C:
			}
			for i, b := range p.backends {
				b.broken.Store(isBroken(i, n/rate))
			}
			_, _ = shop.Price(ctx, Item{fmt.Sprint(n % 105)})
		}
	}
}

// isBroken reports whether a backend is broken in a second of the load: one of them for 20
// seconds of each minute, and all of them for the 5 after that.
func isBroken(backend, second int) bool {
	in := second % 60
	return backend == 0 && in >= 20 && in < 40 || in >= 40 && in < 45
}

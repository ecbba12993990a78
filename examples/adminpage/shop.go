package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// An Item is a thing to buy.
type Item struct {
	Name string `path:"name"`
}

// A Price is what it costs.
type Price struct {
	Cents int `json:"cents"`
}

var (
	ErrUnknown = endpoint.Define(endpoint.NotFound, "shop", "UNKNOWN", "no such item")
	ErrBroken  = endpoint.Define(endpoint.Unavailable, "shop", "BROKEN", "the prices cannot be read")
)

// Shop is the service.
type Shop struct {
	Price endpoint.Endpoint[Item, Price]
}

// HTTP describes the service.
func (s *Shop) HTTP(r *httpx.Routes) {
	r.GET("/items/{name}/price", &s.Price)
}

// Describe says what is true on every transport.
func (s *Shop) Describe(f *endpoint.Facts) {
	f.Of(&s.Price, endpoint.Fails(ErrUnknown, ErrBroken), endpoint.Doc("Returns what an item costs."))
}

// A backend is an instance of the shop that can break.
type backend struct {
	addr   string
	broken atomic.Bool
}

// newBackend returns a backend with the address of a free port.
func newBackend(ctx context.Context) (*backend, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &backend{addr: l.Addr().String()}, l.Close()
}

// price knows the items "1" to "99". The price of "slow" takes its time.
func (b *backend) price(ctx context.Context, i Item) (Price, error) {
	if i.Name == "slow" {
		wait, cancel := context.WithTimeout(ctx, slowness)
		defer cancel()
		<-wait.Done()
		return Price{}, ctx.Err()
	}
	n, err := strconv.Atoi(i.Name)
	switch {
	case b.broken.Load():
		return Price{}, ErrBroken
	case err != nil || n < 1 || n > 99:
		return Price{}, ErrUnknown
	}
	return Price{100 * n}, nil
}

// run serves until ctx ends.
func (b *backend) run(ctx context.Context) error {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Shop{Price: b.price}); err != nil {
		return err
	}
	s := server.New("backend", server.Log(slog.New(slog.DiscardHandler)))
	s.Add(server.HTTP(b.addr, httpx.Problems(mux)))
	return s.Run(ctx)
}

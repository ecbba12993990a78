package thriftx_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
	"github.com/typedkit/endpoint/thriftx"
)

// snippet: server

// serveShop adds a listener for Thrift to a program.
func serveShop(s *server.Server, addr string, svc *Shop, layers ...endpoint.Layer) error {
	calls := thriftx.NewServer(thriftx.Speak(thriftx.Header), thriftx.MaxMessage(1<<20))
	s.Add(server.Listen("Thrift", addr, calls))
	return thriftx.Register(calls, svc, thriftx.Use(s), thriftx.Use(layers...))
}

// end snippet

// snippet: client

// callShop returns a client of the shop at addr, and what closes its connections.
func callShop(addr string) (*Shop, func() error, error) {
	var c Shop
	conn := thriftx.To(addr, thriftx.Speak(thriftx.Header))
	return &c, conn.Close, thriftx.Client(conn, &c)
}

// end snippet

// A typed service over Thrift, with the exception that its IDL declares.
func Example() {
	calls := thriftx.NewServer()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // an example
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error, 1)
	go func() { served <- calls.Serve(l) }()

	var c Shop
	conn := thriftx.To(l.Addr().String())
	if err := errors.Join(thriftx.Register(calls, newShop(nil)), thriftx.Client(conn, &c)); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(c.Sum(ctx, SumRequest{A: 3, B: 4}))
	_, err = c.Order(ctx, OrderRequest{Item: "ink", Count: 1})
	fmt.Println(errors.Is(err, ErrSoldOut), endpoint.ErrorOf(err).Meta()["item"])
	_, err = c.Order(ctx, OrderRequest{Item: "cap", Count: 1})
	fmt.Println(errors.Is(err, ErrNoItem), err)

	fmt.Println(conn.Close(), calls.Drain(ctx), <-served)
	// Output:
	// 7 <nil>
	// true ink
	// true no such item
	// <nil> <nil> <nil>
}

// TestServerStops has package server stop with a call in flight, and with one that does not
// end within the grace.
func TestServerStops(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	addr := programtest.NewAnnouncements()
	s := server.New("shop", server.Log(slog.New(slog.DiscardHandler)), server.Announce(addr))
	require.NoError(t, serveShop(s, "127.0.0.1:0", blocked(entered, release)))
	stop := programtest.RunServer(t, s)
	c, hangUp, err := callShop(addr.Addr(t, "Thrift"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = hangUp() })
	answered := make(chan error, 1)
	go func() {
		n, err := c.Sum(t.Context(), SumRequest{1, 2})
		assert.Equal(t, int64(3), n)
		answered <- err
	}()
	<-entered
	go func() {
		for { // until the server takes no more calls
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
			_, err := c.Order(ctx, OrderRequest{"pen", 1})
			cancel()
			if err != nil {
				close(release)
				return
			}
		}
	}()
	stop()
	require.NoError(t, <-answered)
}

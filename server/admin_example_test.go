package server_test

import (
	"context"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// The admin page is on an address of its own, which only this machine reaches. A scraper on
// another machine needs an address that it reaches, and the name that it uses.
func ExampleAdmin() {
	s := server.New("greeter", server.Log(slog.New(slog.DiscardHandler)), server.Announce(io.Discard))
	mux := http.NewServeMux()
	err := httpx.Mount(mux, &Greeter{Greet: func(context.Context, endpoint.Empty) (string, error) { return "hello", nil }}, httpx.Use(s))
	s.Add(
		server.HTTP("localhost:0", httpx.Problems(mux, httpx.Use(s))),
		server.Admin("localhost:0",
			server.Hosts("greeter.internal"),
			server.Metrics(http.NotFoundHandler()), // such as promhttp.Handler()
			server.Handle("GET /debug/vars", expvar.Handler())))
	fmt.Fprintln(os.Stdout, s.Err(), err)
	// Output: <nil> <nil>
}

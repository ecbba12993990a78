// The program pathfinder is a routing service for trying out shipping: it knows two ways
// between any two locations.
//
//	pathfinder -http.addr :7878
//
// SIGINT or SIGTERM stops it. It exits with 2 when its arguments are wrong, and with 1 when it
// cannot serve.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "http.addr", ":7878", "`address` to serve HTTP on, host:port")
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "pathfinder: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s := server.New("pathfinder", server.Log(log))
	router, logger := chi.NewRouter(), observe.NewLogger(log)
	err := httpx.Mount(router, routing.NewPathfinder(time.Now), httpx.Use(s, logger))
	s.Add(server.HTTP(*addr, httpx.Problems(router, httpx.Use(s, logger))))
	os.Exit(s.Main(err))
}

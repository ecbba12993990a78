// The program shipping books, handles and tracks cargos over HTTP, and keeps them in memory.
//
//	shipping -http.addr :8080 -service.routing http://localhost:7878
//
// The environment variables PORT and ROUTINGSERVICE_URL set the defaults of the two flags.
// It prints the addresses that it listens on, and logs to standard error. Metrics are at
// /metrics, the document of the services at /openapi.json and /openapi.yaml, and its page at
// /docs. With -debug.addr it has an admin page with live figures of the calls. SIGINT or
// SIGTERM stops it: it finishes the calls in flight and exits with 0; a second signal ends
// it at once, with 1. It exits with 2 when its arguments or the variables are wrong, and
// with 1 when it cannot serve.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/examples/shipping"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "http.addr", ":8080", "`address` to serve HTTP on, host:port; the environment variable PORT sets the default")
	debug := server.OptionalAddrVar(flag.CommandLine, "debug.addr", "", "`address` of the admin page, host:port; empty for none")
	router := flag.String("service.routing", cmp.Or(os.Getenv("ROUTINGSERVICE_URL"), "http://localhost:7878"), "`URL` of the routing service; the environment variable ROUTINGSERVICE_URL sets the default")
	if port := os.Getenv("PORT"); port != "" {
		if err := flag.Set("http.addr", ":"+port); err != nil {
			exit(fmt.Errorf("PORT=%s: %w", port, err))
		}
	}
	if flag.Parse(); flag.NArg() > 0 {
		exit(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	}
	if err := httpx.To(*router).Err(); err != nil {
		exit(fmt.Errorf("-service.routing: %w", err))
	}
	os.Exit(serve(*addr, *debug, *router, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// snippet: server

// serve serves the three services over a new store, and their document.
func serve(addr, debug, routerURL string, log *slog.Logger) (code int) {
	s := server.New("shipping", server.Log(log))
	telemetry, figures := newTelemetry(log)
	st := store.New()
	err := st.Seed(time.Now())
	routes, rerr := routing.NewClient(s, routerURL, telemetry)
	services, inspected := shipping.New(st, routes.Routes)
	figures.follow(inspected, log)

	router := chi.NewRouter()
	merr := errors.Join(
		httpx.Mount(router, services, httpx.Use(s, telemetry)),
		openapi.New("shipping", "1.0", services).Mount(router))
	pages := allowPages(httpx.Problems(router, shipping.Errors(), httpx.Use(s, telemetry)))
	s.Add(server.HTTP(addr, figures.beside(pages)))
	if debug != "" {
		s.Add(server.Admin(debug))
	}
	return s.Main(errors.Join(err, rerr, merr))
}

// end snippet

// exit ends the program because of its arguments.
func exit(fault error) {
	fmt.Fprintln(os.Stderr, "shipping:", fault)
	os.Exit(2)
}

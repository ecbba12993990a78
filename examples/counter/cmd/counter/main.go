// The program counter keeps a running total of the integers that it is sent over HTTP.
//
//	counter -http.addr :8080
//	PORT=8080 counter
//
// It takes one call in two seconds. It prints the address that it listens on, and logs to
// standard error. The number of calls is at /debug/vars, the document of the service at
// /openapi.json and /openapi.yaml, and its page at /docs. SIGINT or SIGTERM stops it: it
// finishes the calls in flight and exits with 0; a second signal ends it at once, with 1.
// It exits with 2 when its arguments or PORT are wrong, and with 1 when it cannot serve.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/counter"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "http.addr", ":8080", "`address` to serve HTTP on, host:port; the environment variable PORT sets the default")
	if port := os.Getenv("PORT"); port != "" {
		if err := flag.Set("http.addr", ":"+port); err != nil {
			exit(fmt.Errorf("PORT=%s: %w", port, err))
		}
	}
	if flag.Parse(); flag.NArg() > 0 {
		exit(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	}
	os.Exit(serve(*addr, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// snippet: server

// serve serves the service. Its middleware sees each amount and each total, and the layers
// around it see every call, including those that cannot be decoded.
func serve(addr string, log *slog.Logger) (code int) {
	s := server.New("counter", server.Log(log))
	svc := counter.New()
	svc.Add = endpoint.Chain(svc.Add, logging(log), counter.Limited(2*time.Second))

	telemetry := observe.New(observe.NewRequestIDs(), observe.NewLogger(log))
	vars, router := newVars(), chi.NewRouter()
	err := errors.Join(
		httpx.Mount(router, svc, httpx.Use(s, telemetry, counting(vars))),
		openapi.New("counter", "1.0", svc).Mount(router))
	router.Method("GET", "/debug/vars", varsHandler(vars))
	s.Add(server.HTTP(addr, httpx.Problems(router, httpx.Use(s, telemetry))))
	return s.Main(err)
}

// end snippet

// exit ends the program because of its arguments.
func exit(fault error) {
	fmt.Fprintln(os.Stderr, "counter:", fault)
	os.Exit(2)
}

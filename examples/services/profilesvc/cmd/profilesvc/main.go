// The program profilesvc serves profiles over HTTP and keeps them in memory.
//
//	profilesvc -http.addr :8080 -debug.addr localhost:8081
//
// It prints the addresses that it listens on, and logs to standard error. The second one is
// the admin address: a page with live figures of the calls, and /metrics for Prometheus.
// The first one has the document of the service as well, at /openapi.json and /openapi.yaml, and
// its page at /docs.
// SIGINT or SIGTERM stops it: it finishes the calls in flight and exits with 0; a second
// signal ends it at once, with 1. It exits with 2 when its arguments are wrong, and with 1
// when it cannot serve. With -registry it registers as "profilesvc" while it is ready. With
// -auth only users of an issuer may call.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "http.addr", ":8080", "`address` to serve HTTP on, host:port")
	debug := server.OptionalAddrVar(flag.CommandLine, "debug.addr", "", "`address` of the admin page and /metrics, host:port; empty for none")
	issuer := flag.String("auth", "", "`URL` of the issuer whose users may call, such as https://login.example.com; empty for everybody")
	reg := registry.Var(flag.CommandLine)
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "profilesvc: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	os.Exit(serve(*addr, *debug, *issuer, reg, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// snippet: server

// serve serves the service and its document on a chi router, with a layer around the service
// that logs and measures each call. The metrics are on the admin address, unless that is "".
// Everybody may call, unless there is an issuer.
func serve(addr, debug, issuer string, reg *registry.Flag, log *slog.Logger) (code int) {
	s := server.New("profilesvc", server.Log(log))
	router, metrics, gatherer := chi.NewRouter(), promx.New(), prometheus.NewRegistry()
	telemetry := observe.New(observe.NewLogger(log), metrics)
	verify, requires, err := forUsers(s, issuer)
	doc := openapi.New("profilesvc", "1.0", new(profilesvc.Profiles), openapi.Mounted(requires...))
	layers := append(endpoint.Stack{s, telemetry}, verify...)
	err = errors.Join(err, gatherer.Register(metrics), doc.Mount(router),
		httpx.Mount(router, profilesvc.New(new(profilesvc.Store)), append(requires, httpx.Use(layers...))...))
	s.Add(server.HTTP(addr, httpx.Problems(router, httpx.Use(s, telemetry)), reg.Register(s, "profilesvc")...))
	if debug != "" {
		s.Add(server.Admin(debug, server.Metrics(promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}))))
	}
	return s.Main(err)
}

// end snippet

// The program stringsvc works on texts over HTTP, or passes them on to other instances of
// it.
//
//	stringsvc -listen localhost:8001
//	stringsvc -listen localhost:8080 -debug.addr localhost:8090 -proxy=localhost:8001,localhost:8002
//	stringsvc -listen localhost:8080 -proxy=registry -registry=etcd://localhost:2379
//
// It prints the addresses that it listens on, and logs to standard error. The second one is
// the admin address: a page with live figures of the calls and of the instances, and
// /metrics for Prometheus. The first one has the document of the service, at /openapi.json and
// /openapi.yaml, and its page at /docs. SIGINT or SIGTERM stops it: it finishes the calls in flight and
// exits with 0; a second signal ends it at once, with 1. It exits with 2 when its arguments
// are wrong, and with 1 when it cannot serve. With -registry it registers as "stringsvc" while
// it is ready. A proxy does not register: it would call itself.
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
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	debug := server.OptionalAddrVar(flag.CommandLine, "debug.addr", "", "`address` of the admin page and /metrics, host:port; empty for none")
	reg := registry.Var(flag.CommandLine)
	proxy := registry.InstancesVar(flag.CommandLine, "proxy", "",
		"`instances` that answer uppercase: host:port with commas between them, or \"registry\"; none to answer it here")
	switch flag.Parse(); {
	case flag.NArg() > 0:
		exit(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	case proxy.String() != "" && !proxy.Known(reg):
		exit(errors.New("-proxy=registry needs -registry"))
	}
	os.Exit(serve(*addr, *debug, reg, proxy, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// snippet: server

// serve serves the service, which registers, or the proxy of its instances, and its document.
func serve(addr, debug string, reg *registry.Flag, proxy *registry.Instances, log *slog.Logger) (code int) {
	s := server.New("stringsvc", server.Log(log))
	svc, perr := stringsvc.New(), error(nil)
	var opts []server.ListenOption
	if instances := proxy.Source(reg, s, "stringsvc"); instances != nil {
		svc, perr = stringsvc.Proxying(s, instances, svc)
	} else {
		opts = reg.Register(s, "stringsvc")
	}
	figures, router := prometheus.NewRegistry(), chi.NewRouter()
	metrics, err := stringsvc.NewMetrics(figures)
	layers := httpx.Use(s, stringsvc.LogCalls(log))
	merr := errors.Join(
		httpx.Mount(router, metrics.Instrumenting(stringsvc.Logging(log, svc)), layers),
		openapi.New("stringsvc", "1.0", svc).Mount(router))
	s.Add(server.HTTP(addr, httpx.Problems(router, layers), opts...))
	if debug != "" {
		s.Add(server.Admin(debug, server.Metrics(promhttp.HandlerFor(figures, promhttp.HandlerOpts{}))))
	}
	return s.Main(perr, err, merr)
}

// end snippet

// exit ends the program because of its arguments.
func exit(fault error) {
	fmt.Fprintln(os.Stderr, "stringsvc:", fault)
	os.Exit(2)
}

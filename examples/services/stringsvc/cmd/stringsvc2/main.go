// The program stringsvc2 serves the service over HTTP, with a log, and metrics at /metrics.
package main

import (
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, mux, registry := server.New("stringsvc2", server.Log(log)), http.NewServeMux(), prometheus.NewRegistry()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))

	metrics, err := stringsvc.NewMetrics(registry)
	svc := metrics.Instrumenting(stringsvc.Logging(log, stringsvc.New()))
	layers := httpx.Use(s, stringsvc.LogCalls(log))
	merr := httpx.Mount(mux, svc, layers)
	s.Add(server.HTTP(*addr, httpx.Problems(mux, layers)))
	os.Exit(s.Main(errors.Join(err, merr)))
}

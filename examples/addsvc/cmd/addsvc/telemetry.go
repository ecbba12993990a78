package main

import (
	"expvar"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
)

// calls is published at /debug/vars.
var calls = expvar.NewMap("calls")

// snippet: telemetry

// newTelemetry returns the layer that tells of each call, and what serves its
// figures: a line in the log, sums at /debug/vars, metrics at /metrics.
func newTelemetry(log *slog.Logger) (endpoint.Layer, http.Handler) {
	metrics, registry := promx.New(), prometheus.NewRegistry()
	registry.MustRegister(metrics, collectors.NewGoCollector())
	figures := http.NewServeMux()
	figures.Handle("GET /debug/vars", expvar.Handler())
	figures.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return observe.New(observe.NewLogger(log), observe.NewExpvar(calls), metrics), figures
}

// end snippet

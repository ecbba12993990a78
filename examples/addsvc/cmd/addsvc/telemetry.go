package main

import (
	"context"
	"expvar"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// calls is published at /debug/vars.
var calls = expvar.NewMap("calls")

// snippet: telemetry

// newTelemetry returns the layer that tells of each call, and what serves its
// figures: a line in the log, sums at /debug/vars, metrics at /metrics, and spans
// unless the provider is nil.
func newTelemetry(log *slog.Logger, provider *sdktrace.TracerProvider) (endpoint.Layer, http.Handler) {
	metrics, registry := promx.New(promx.Exemplars(otelx.TraceID)), prometheus.NewRegistry()
	registry.MustRegister(metrics, collectors.NewGoCollector())
	figures := http.NewServeMux()
	figures.Handle("GET /debug/vars", expvar.Handler())
	figures.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	logger := observe.NewLogger(log, observe.TraceIDs(otelx.TraceIDs))
	parts := []observe.Part{logger, observe.NewExpvar(calls), metrics}
	if provider != nil {
		parts = append(parts, otelx.NewTracer(provider))
	}
	return observe.New(parts...), figures
}

// newProvider sends spans to a collector at this address, in the background:
// when it is away, spans are dropped and calls go on.
func newProvider(ctx context.Context, addr string) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(addr), otlptracehttp.WithInsecure())
	if err != nil {
		return nil, err
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("addsvc"))),
	), nil
}

// end snippet

// flushTime is what the last spans get to leave.
const flushTime = 2 * time.Second

// flush sends the last spans. Those that do not get away are no failure of the
// program.
func flush(ctx context.Context, provider *sdktrace.TracerProvider, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if err := provider.Shutdown(ctx); err != nil {
		log.Warn("the last spans are lost", "err", err)
	}
}

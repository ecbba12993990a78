package main

import (
	"context"
	"expvar"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/server"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// calls is published at /debug/vars.
var calls = expvar.NewMap("calls")

// snippet: telemetry

// newTelemetry returns the layer that records each call: a line in the log, sums at
// /debug/vars, metrics, and spans if there is a collector, which s flushes when it stops.
// It also returns the handler that serves the metrics.
func newTelemetry(s *server.Server, log *slog.Logger, collector string) (endpoint.Layer, http.Handler, error) {
	metrics, registry := promx.New(promx.Exemplars(otelx.TraceID)), prometheus.NewRegistry()
	registry.MustRegister(metrics, collectors.NewGoCollector())
	logger := observe.NewLogger(log, observe.TraceIDs(otelx.TraceIDs))
	parts := []observe.Part{logger, observe.NewExpvar(calls), metrics}
	if collector != "" {
		provider, err := newProvider(collector)
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, otelx.NewTracer(provider))
		s.Add(server.Flush("spans", provider.Shutdown))
	}
	return observe.New(parts...), promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}), nil
}

// newProvider sends spans to a collector at this address, in the background:
// when it is away, spans are dropped and calls go on.
func newProvider(addr string) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpoint(addr), otlptracehttp.WithInsecure())
	if err != nil {
		return nil, err
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("addsvc"))),
	), nil
}

// end snippet

package main

import (
	"context"
	"expvar"
	"flag"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/observe/zipkin"
	"github.com/typedkit/endpoint/server"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// calls is published at /debug/vars.
var calls = expvar.NewMap("calls")

// traces are the flags of those who take spans.
type traces struct {
	otlp   *string
	url    *string          // of the page of a trace
	zipkin *zipkin.Exporter // nil for none
}

func tracesVar(flags *flag.FlagSet) *traces {
	t := &traces{otlp: server.OptionalAddrVar(flags, "otlp.addr", "",
		"`address` of a collector of traces, OTLP over HTTP, host:port, such as localhost:4318; empty for none")}
	t.url = flags.String("trace.url", "", "`URL` of the page of a trace, which the admin page links, such as http://localhost:16686/trace/{trace}; empty for none")
	flags.Func("zipkin-url", "`URL` of a Zipkin that takes traces, such as http://localhost:9411/api/v2/spans; empty for none", t.setZipkin)
	return t
}

func (t *traces) setZipkin(url string) (err error) {
	if t.zipkin = nil; url != "" {
		t.zipkin, err = zipkin.New(url)
	}
	return err
}

// page returns the options with which the admin page links the traces.
func (t *traces) page() []server.AdminOption {
	if *t.url == "" {
		return nil
	}
	return []server.AdminOption{server.Traces(*t.url)}
}

// snippet: telemetry

// newTelemetry returns the layer that records each call: a line in the log, sums at
// /debug/vars, metrics, and spans if something takes them, which s flushes when it stops.
// It also returns the handler that serves the metrics, with those of the service.
func newTelemetry(s *server.Server, log *slog.Logger, t *traces, more ...prometheus.Collector) (endpoint.Layer, http.Handler, error) {
	metrics, registry := promx.New(promx.Exemplars(otelx.TraceID)), prometheus.NewRegistry()
	registry.MustRegister(append(more, metrics, collectors.NewGoCollector())...)
	logger := observe.NewLogger(log, observe.TraceIDs(otelx.TraceIDs))
	parts := []observe.Part{logger, observe.NewExpvar(calls), metrics}
	exporters, err := t.exporters()
	if len(exporters) > 0 {
		provider := newProvider(exporters)
		parts = append(parts, otelx.NewTracer(provider, otelx.Propagators(propagation.NewCompositeTextMapPropagator(
			b3.New(), propagation.TraceContext{}, propagation.Baggage{})))) // of two traces, W3C's counts
		s.Add(server.Flush("spans", provider.Shutdown))
	}
	return observe.New(parts...), promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}), err
}

// exporters returns what sends spans to each address that was given.
func (t *traces) exporters() (all []sdktrace.SpanExporter, err error) {
	if t.zipkin != nil {
		all = append(all, t.zipkin)
	}
	if *t.otlp == "" {
		return all, nil
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpoint(*t.otlp), otlptracehttp.WithInsecure())
	if err != nil {
		return nil, err
	}
	return append(all, exporter), nil
}

// newProvider sends spans in the background: when who takes them is away, spans are dropped
// and calls go on.
func newProvider(exporters []sdktrace.SpanExporter) *sdktrace.TracerProvider {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("addsvc")))}
	for _, exporter := range exporters {
		opts = append(opts, sdktrace.WithBatcher(exporter))
	}
	return sdktrace.NewTracerProvider(opts...)
}

// end snippet

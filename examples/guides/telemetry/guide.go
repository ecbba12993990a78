// Package telemetryguide holds the pieces that docs/observability.md shows of
// traces and metrics: a service of books, its server and its client.
package telemetryguide

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/dashboards"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/resilience"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// ByISBN asks for a book.
type ByISBN struct {
	ISBN string `path:"isbn"`
}

// Book is what there is to know of one.
type Book struct {
	Title string `json:"title"`
}

// ErrNoBook is the error for a book that nobody has.
var ErrNoBook = endpoint.Define(endpoint.NotFound, "books", "NO_BOOK", "no such book")

// Books is the service.
type Books struct {
	Get  endpoint.Endpoint[ByISBN, Book]
	List endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Book]]
}

// HTTP describes the service.
func (s *Books) HTTP(r *httpx.Routes) {
	r.GET("/books/{isbn}", &s.Get, httpx.Fails(ErrNoBook))
	r.ServerStream("GET", "/books", &s.List)
}

// snippet: provider

// newProvider exports a tenth of the traces that begin here, and of those that
// began elsewhere what their beginner wants. It sends them in the background:
// when the collector is away, spans are dropped and calls go on.
func newProvider(ctx context.Context, collector string) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(collector))
	if err != nil {
		return nil, err
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.1))),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("books"))),
	), nil
}

// end snippet

// snippet: telemetry

// newTelemetry returns one layer of logs, traces and metrics, for all services
// of a program and all clients that it uses, and the metrics of it.
func newTelemetry(provider trace.TracerProvider, registry prometheus.Registerer) (*observe.Telemetry, *promx.Metrics, error) {
	metrics := promx.New(promx.Exemplars(otelx.TraceID))
	logger := observe.NewLogger(slog.New(slog.NewJSONHandler(os.Stderr, nil)), observe.TraceIDs(otelx.TraceIDs))
	return observe.New(logger, otelx.NewTracer(provider), metrics), metrics, registry.Register(metrics)
}

// end snippet

// snippet: server

func newHandler(svc *Books, telemetry *observe.Telemetry, registry prometheus.Gatherer) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	err := httpx.Mount(mux, svc, httpx.Use(telemetry))
	return httpx.Problems(mux, httpx.Use(telemetry)), err
}

// end snippet

// snippet: client

// dial returns a client with a span of each call, and below it one of each
// attempt, which is what the server continues.
func dial(to *httpx.Conn, telemetry *observe.Telemetry, retry *resilience.Retry) (*Books, error) {
	var svc Books
	err := httpx.Client(to, &svc, httpx.Use(telemetry, retry, telemetry.Attempts()))
	return &svc, err
}

// end snippet

// snippet: b3

// newTracer reads B3 of both forms beside W3C's headers, and writes one header of
// each kind.
func newTracer(provider trace.TracerProvider) *otelx.Tracer {
	return otelx.NewTracer(provider, otelx.Propagators(propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{}, b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)),
	)))
}

// end snippet

// snippet: edge

// newEdgeTracer returns the tracer of a server that strangers call. It decides by
// itself which calls are recorded, and only links to the trace of a caller.
func newEdgeTracer(provider trace.TracerProvider) *otelx.Tracer {
	return otelx.NewTracer(provider, otelx.Edge())
}

// end snippet

// snippet: states

// newBreaker returns a breaker whose state and whose events are metrics.
func newBreaker(metrics *promx.Metrics) *resilience.Breaker {
	breaker := resilience.NewBreaker(5, resilience.Named("books"), resilience.OnEvent(metrics.Event))
	metrics.Watch(breaker.Gauges)
	return breaker
}

// end snippet

// snippet: meter

// newMeter returns a part that measures with OpenTelemetry, in place of
// promx.Metrics or beside it.
func newMeter(provider metric.MeterProvider, breaker *resilience.Breaker) (*otelx.Meter, error) {
	meter := otelx.NewMeter(provider)
	return meter, meter.Watch(breaker.Gauges)
}

// end snippet

// snippet: dashboards

// writeDashboards writes the rules for Prometheus and the dashboard for Grafana.
func writeDashboards(rules, dashboard string) error {
	r, err := dashboards.Rules(
		dashboards.Objective{Service: "Books", Availability: 0.999},
		dashboards.Objective{Service: "Books", Operation: "List", Availability: 0.99},
	)
	if err != nil {
		return err
	}
	d, err := dashboards.Grafana()
	return errors.Join(err, os.WriteFile(rules, r, 0o600), os.WriteFile(dashboard, d, 0o600))
}

// end snippet

package otelx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/resilience"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// A server continues the trace of its caller.
func ExampleNewTracer() {
	spans := tracetest.NewInMemoryExporter() // where a program has an exporter of OTLP
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	tracer := otelx.NewTracer(provider)

	mux := http.NewServeMux()
	if err := httpx.Mount(mux, selling(taking()), httpx.Use(observe.New(tracer))); err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/orders/7", strings.NewReader(`{"item":"pen"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	mux.ServeHTTP(httptest.NewRecorder(), r)

	for _, s := range spans.GetSpans() {
		fmt.Println(s.SpanKind, s.Name, "in", s.SpanContext.TraceID(), "under", s.Parent.SpanID())
	}
	// Output:
	// server POST /orders/{id} in 0af7651916cd43dd8448eb211c80319c under b7ad6b7169203331
}

// Each attempt of a call is a span below the one of the call.
func ExampleTracer_Wrap() {
	spans := tracetest.NewInMemoryExporter()
	tracer := otelx.NewTracer(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))

	attempts := 0
	flaky := func(context.Context, string) (string, error) {
		if attempts++; attempts == 1 {
			return "", endpoint.Errorf(endpoint.Unavailable, "not yet")
		}
		return "done", nil
	}
	e := endpoint.Chain(flaky, tracer.Wrap, resilience.NewRetry(3).Wrap, tracer.Attempts().Wrap)
	fmt.Println(e(context.Background(), "do"))
	for _, s := range spans.GetSpans() {
		fmt.Println(s.Status.Code, s.Status.Description, s.Parent.HasSpanID())
	}
	// Output:
	// done <nil>
	// Error not yet true
	// Unset  true
	// Unset  false
}

// Several formats are read and written when they are joined.
func ExamplePropagators() {
	tracer := otelx.NewTracer(sdktrace.NewTracerProvider(), otelx.Propagators(propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{}, b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)),
	)))
	fmt.Println(tracer.Err())
	// Output: <nil>
}

func ExampleNewMeter() {
	reader := sdkmetric.NewManualReader() // where a program has an exporter
	meter := otelx.NewMeter(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))

	mux := http.NewServeMux()
	if err := httpx.Mount(mux, selling(taking()), httpx.Use(observe.New(meter))); err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/orders/7", strings.NewReader(`{"item":"pen"}`))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(httptest.NewRecorder(), r)

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name, m.Unit)
	}
	// Unordered output:
	// http.server.active_requests {call}
	// http.server.request.duration s
}

// A meter alone decorates a single endpoint, too.
func ExampleMeter_Wrap() {
	reader := sdkmetric.NewManualReader()
	meter := otelx.NewMeter(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	double := func(_ context.Context, n int) (int, error) { return 2 * n, nil }
	fmt.Println(endpoint.Chain(double, meter.Wrap)(context.Background(), 21))
	// Output: 42 <nil>
}

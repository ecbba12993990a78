package zipkin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/zipkin"
	"github.com/typedkit/endpoint/server"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// snippet: provider

// newTracer returns a tracer that speaks B3 and sends its spans to the Zipkin at url, and
// what sends the last of them.
func newTracer(url string) (*otelx.Tracer, func(context.Context) error, error) {
	exporter, err := zipkin.New(url)
	if err != nil {
		return nil, nil, err
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))),
	)
	tracer := otelx.NewTracer(provider, otelx.Propagators(b3.New(b3.WithInjectEncoding(b3.B3SingleHeader))))
	return tracer, provider.Shutdown, nil
}

// end snippet

// snippet: server

// serve serves the shop, whose traces are at the Zipkin at url.
func serve(s *server.Server, addr, url string, svc *Shop) error {
	tracer, flush, err := newTracer(url)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	s.Add(server.HTTP(addr, mux), server.Flush("traces", flush))
	return httpx.Mount(mux, svc, httpx.Use(s, tracer))
}

// end snippet

func ExampleNew() {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer collector.Close()

	exporter, err := zipkin.New(collector.URL, zipkin.Timeout(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	_, span := provider.Tracer("example").Start(context.Background(), "work")
	span.End()
	fmt.Println(provider.Shutdown(context.Background()))
	// Output:
	// POST /api/v2/spans
	// <nil>
}

// What is wrong with the arguments comes back joined.
func ExampleNew_faults() {
	_, err := zipkin.New("zipkin.example:9411", zipkin.MaxBody(0))
	fmt.Println(err)
	// Output:
	// zipkin: New: the scheme of the URL must be http or https, got "zipkin.example"
	// zipkin: New: the URL has no host
	// zipkin: New: MaxBody must be at least 4096, got 0
}

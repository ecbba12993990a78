// Package zipkin sends the spans of an OpenTelemetry provider to Zipkin, as JSON over
// HTTP (version 2 of Zipkin's API). Every server that takes this format will do: Zipkin,
// Jaeger, OpenTelemetry's collector.
//
//	exporter, err := zipkin.New("http://localhost:9411")
//	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
//	tracer := otelx.NewTracer(provider, otelx.Propagators(b3.New()))
//	s.Add(server.Flush("traces", provider.Shutdown))
//
// The provider's batch processor has the queue and the batches. The headers in which a
// trace travels between processes, B3 among them, are those of the tracer: see
// [otelx.Propagators].
//
// [otelx.Propagators]: https://pkg.go.dev/github.com/typedkit/endpoint/observe/otelx#Propagators
package zipkin

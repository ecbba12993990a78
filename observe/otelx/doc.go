// Package otelx gives services traces and metrics by OpenTelemetry.
//
//	tracer := otelx.NewTracer(tracerProvider)
//	meter := otelx.NewMeter(meterProvider)
//	telemetry := observe.New(logger, tracer, meter)
//	err := httpx.Mount(r, svc, httpx.Use(telemetry))
//	err = httpx.Client(to, &c, httpx.Use(telemetry, retry, telemetry.Attempts()))
//
// Names and attributes are those of the semantic conventions of version 1.43
// (https://opentelemetry.io/docs/specs/semconv/), for HTTP and for RPC. The
// providers are the user's: nothing global is read or set, and how spans are
// sampled and exported is theirs to say. What an operation needs is made when
// the service is mounted.
package otelx

// scope names the instrumentation in what is exported.
const scope = "github.com/typedkit/endpoint/observe/otelx"

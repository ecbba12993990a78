package main

import (
	"io"
	"log/slog"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// never, always and recording are the providers of all subjects.
func never() *sdktrace.TracerProvider {
	return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
}

// obeying records what the caller does, and what has none.
func obeying() *sdktrace.TracerProvider { return sdktrace.NewTracerProvider() }

// providers has the one of each group that traces.
func providers() map[string]*sdktrace.TracerProvider {
	return map[string]*sdktrace.TracerProvider{groupOut: never(), groupParent: obeying(), groupRecorded: obeying()}
}

// logger writes warnings: the successes that are measured are below its level.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func meterProvider() *sdkmetric.MeterProvider {
	return sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
}

// ours returns the parts of package observe in one layer, resolved for the
// operation as Mount does it.
func ours() []subject {
	wrap := func(parts ...observe.Part) answer {
		return endpoint.Stack{observe.New(parts...).For(op)}.Wrap(handle)
	}
	all := []subject{
		{groupMetrics, kindOurs, wrap(promx.New())},
		{groupMetrics, kindOtelx, wrap(otelx.NewMeter(meterProvider()))},
	}
	for _, g := range groups() {
		if p := providers()[g]; p != nil {
			all = append(all, subject{g, kindOurs, wrap(observe.NewLogger(logger()), otelx.NewTracer(p), promx.New(promx.Exemplars(otelx.TraceID)))})
		}
	}
	return all
}

package main

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// naives returns a wrapper for each kind of telemetry, each of which reads the
// clock by itself and looks up what it needs.
func naives() []subject {
	var all []subject
	for _, g := range groups() {
		if p := providers()[g]; p != nil {
			all = append(all, subject{g, kindNaive, traced(p.Tracer("bench"), withLookups(newSeries(), logged(handle)))})
		}
	}
	return all
}

func traced(tracer trace.Tracer, next answer) answer {
	w3c := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	return func(ctx context.Context, req record) (record, error) {
		call := endpoint.CallFrom(ctx)
		ctx = w3c.Extract(ctx, propagation.HeaderCarrier(call.Header().Raw()))
		ctx, span := tracer.Start(ctx, "GET /profiles/{id}", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", call.Operation().Method),
			attribute.String("http.route", call.Operation().Pattern),
		))
		defer span.End()
		resp, err := next(ctx, req)
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.SetAttributes(attribute.Int("http.response.status_code", 200))
		return resp, err
	}
}

// withLookups finds the series of each call by their labels.
func withLookups(s series, next answer) answer {
	return func(ctx context.Context, req record) (record, error) {
		op := endpoint.CallFrom(ctx).Operation()
		inFlight := s.inFlight.WithLabelValues(op.Service, op.Name, "server", op.Transport)
		inFlight.Inc()
		defer inFlight.Dec()
		began := time.Now()
		resp, err := next(ctx, req)
		code := endpoint.CodeOf(err).String()
		s.duration.WithLabelValues(op.Service, op.Name, "server", op.Transport, code).Observe(time.Since(began).Seconds())
		s.calls.WithLabelValues(op.Service, op.Name, "server", op.Transport, code).Inc()
		return resp, err
	}
}

func logged(next answer) answer {
	log := logger()
	return func(ctx context.Context, req record) (record, error) {
		began := time.Now()
		resp, err := next(ctx, req)
		log.InfoContext(ctx, "served", "operation", "Get", "took", time.Since(began), "err", err)
		return resp, err
	}
}

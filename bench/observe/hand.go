package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

var labels = []string{"service", "operation", "side", "transport"}

// bounds are those of package promx.
var bounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// series are the same as those of package promx.
type series struct {
	duration *prometheus.HistogramVec
	calls    *prometheus.CounterVec
	inFlight *prometheus.GaugeVec
}

func newSeries() series {
	withCode := append(append([]string{}, labels...), "code")
	return series{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "duration_seconds", Buckets: bounds,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
		}, withCode),
		calls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "calls_total"}, withCode),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "in_flight"}, labels),
	}
}

// hands returns what is written by hand for this one endpoint, with all that can
// be resolved before the first call.
func hands() []subject {
	all := []subject{
		{groupMetrics, kindClock, clocked},
		{groupMetrics, kindHand, byHand(nil)},
		{groupMetrics, kindSDK, byHandSDK()},
		{groupMetrics, kindLookup, withLookups(newSeries(), handle)},
	}
	for _, g := range groups() {
		if p := providers()[g]; p != nil {
			all = append(all, subject{g, kindHand, byHand(p.Tracer("bench"))})
		}
	}
	return all
}

func clocked(ctx context.Context, req record) (record, error) {
	start := time.Now()
	resp, err := handle(ctx, req)
	if time.Since(start) < 0 { // the use of the readings
		return resp, errors.New("time goes backwards")
	}
	return resp, err
}

// byHand is one closure that does all, with one reading of the clock at each
// end. Without a tracer it measures only.
func byHand(tracer trace.Tracer) answer {
	s := newSeries()
	values := []string{op.Service, op.Name, "server", op.Transport}
	ok := append(append([]string{}, values...), "OK")
	inFlight, duration, calls := s.inFlight.WithLabelValues(values...), s.duration.WithLabelValues(ok...), s.calls.WithLabelValues(ok...)
	log, w3c := logger(), propagation.TraceContext{}
	start := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", op.Method), attribute.String("http.route", op.Pattern)),
	}
	return func(ctx context.Context, req record) (record, error) {
		began := time.Now()
		inFlight.Inc()
		var span trace.Span
		if tracer != nil {
			if h := endpoint.CallFrom(ctx).Header().Raw(); len(h) > 0 {
				ctx = w3c.Extract(ctx, propagation.HeaderCarrier(h))
			}
			ctx, span = tracer.Start(ctx, "GET /profiles/{id}", start...)
		}
		resp, err := handle(ctx, req)
		elapsed := time.Since(began)
		inFlight.Dec()
		if err != nil {
			code := append(append([]string{}, values...), endpoint.CodeOf(err).String())
			s.duration.WithLabelValues(code...).Observe(elapsed.Seconds())
			s.calls.WithLabelValues(code...).Inc()
		} else {
			duration.Observe(elapsed.Seconds())
			calls.Inc()
		}
		if span != nil {
			if span.IsRecording() {
				span.SetAttributes(attribute.Int("http.response.status_code", 200))
			}
			span.End()
			if log.Enabled(ctx, slog.LevelInfo) {
				log.LogAttrs(ctx, slog.LevelInfo, "served", slog.Duration("took", elapsed))
			}
		}
		return resp, err
	}
}

// byHandSDK measures with the instruments of OpenTelemetry.
func byHandSDK() answer {
	m := meterProvider().Meter("bench")
	duration, err := m.Float64Histogram("http.server.request.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...))
	must(err)
	active, err := m.Int64UpDownCounter("http.server.active_requests")
	must(err)
	attributes := []attribute.KeyValue{attribute.String("http.request.method", op.Method), attribute.String("http.route", op.Pattern)}
	add := []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attributes...))}
	ok := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(append(attributes, attribute.Int("http.response.status_code", 200))...))}
	return func(ctx context.Context, req record) (record, error) {
		began := time.Now()
		active.Add(ctx, 1, add...)
		resp, err := handle(ctx, req)
		active.Add(ctx, -1, add...)
		duration.Record(ctx, time.Since(began).Seconds(), ok...)
		return resp, err
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

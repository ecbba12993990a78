// Package gokitotel has the interfaces of go-kit's package metrics over instruments of
// OpenTelemetry, for programs that count with go-kit and export with OpenTelemetry. The label
// values of With are attributes. See package gokit.
//
// For Prometheus, use package metrics/prometheus of go-kit, which works with the registry of
// package promx.
package gokitotel

import (
	"context"
	"sync"

	"github.com/go-kit/kit/metrics"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Counter returns a counter of go-kit that adds to c, which must not be nil.
func Counter(c metric.Float64Counter) metrics.Counter { return counter{c, attribute.NewSet()} }

type counter struct {
	of  metric.Float64Counter
	set attribute.Set
}

// With returns the counter with more labels.
func (c counter) With(labelValues ...string) metrics.Counter {
	return counter{c.of, with(c.set, labelValues)}
}

// Add adds delta.
func (c counter) Add(delta float64) {
	c.of.Add(context.Background(), delta, metric.WithAttributeSet(c.set))
}

// Histogram returns a histogram of go-kit that records with h, which must not be nil.
func Histogram(h metric.Float64Histogram) metrics.Histogram {
	return histogram{h, attribute.NewSet()}
}

type histogram struct {
	of  metric.Float64Histogram
	set attribute.Set
}

// With returns the histogram with more labels.
func (h histogram) With(labelValues ...string) metrics.Histogram {
	return histogram{h.of, with(h.set, labelValues)}
}

// Observe records a value.
func (h histogram) Observe(value float64) {
	h.of.Record(context.Background(), value, metric.WithAttributeSet(h.set))
}

// maxSets is how many sets of labels a gauge keeps values of. It is the default limit of
// OpenTelemetry's SDK.
const maxSets = 2000

// Gauge returns a gauge of go-kit that records with g, which must not be nil. Add needs the
// value so far, which OpenTelemetry does not tell, so the gauge keeps it for up to 2000
// sets of labels. Beyond these, values have the attribute otel.metric.overflow in place of their
// labels, as in OpenTelemetry's SDK.
func Gauge(g metric.Float64Gauge) metrics.Gauge {
	return gauge{&values{of: g, by: map[attribute.Distinct]float64{}}, attribute.NewSet()}
}

type gauge struct {
	values *values
	set    attribute.Set
}

// values are the values of a gauge.
type values struct {
	of metric.Float64Gauge

	mu sync.Mutex // guards the field below, and the order of the records
	by map[attribute.Distinct]float64
}

// With returns the gauge with more labels.
func (g gauge) With(labelValues ...string) metrics.Gauge {
	return gauge{g.values, with(g.set, labelValues)}
}

// Set sets the value.
func (g gauge) Set(value float64) { g.values.update(g.set, func(float64) float64 { return value }) }

// Add adds delta to the value.
func (g gauge) Add(delta float64) {
	g.values.update(g.set, func(before float64) float64 { return before + delta })
}

func (v *values) update(set attribute.Set, next func(float64) float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, ok := v.by[set.Equivalent()]
	if !ok && len(v.by) >= maxSets {
		set = attribute.NewSet(attribute.Bool("otel.metric.overflow", true))
		before = v.by[set.Equivalent()]
	}
	value := next(before)
	v.by[set.Equivalent()] = value
	v.of.Record(context.Background(), value, metric.WithAttributeSet(set))
}

// with returns the set with the labels added. As in go-kit, a label without a value has the
// value "unknown".
func with(set attribute.Set, labelValues []string) attribute.Set {
	attrs := set.ToSlice()
	for i := 0; i < len(labelValues); i += 2 {
		value := "unknown"
		if i+1 < len(labelValues) {
			value = labelValues[i+1]
		}
		attrs = append(attrs, attribute.String(labelValues[i], value))
	}
	return attribute.NewSet(attrs...)
}

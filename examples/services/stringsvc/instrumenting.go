// snippet: metrics

package stringsvc

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
)

// Metrics are the figures of the service, for Prometheus.
type Metrics struct {
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	counted  prometheus.Histogram
}

// NewMetrics returns Metrics that are registered. The error is that of the registry.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	const group, service = "my_group", "string_service"
	labels := []string{"method", "error"}
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: group, Subsystem: service, Name: "request_count", Help: "Number of requests received.",
		}, labels),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: group, Subsystem: service, Name: "request_latency_seconds", Help: "Duration of requests.",
		}, labels),
		counted: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: group, Subsystem: service, Name: "count_result", Help: "The result of each call of count.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
	}
	return m, errors.Join(registry.Register(m.requests), registry.Register(m.latency), registry.Register(m.counted))
}

// end snippet

// snippet: instrumenting

// Instrumenting returns next with figures of each call.
func (m *Metrics) Instrumenting(next *Strings) *Strings {
	return &Strings{
		Uppercase: measured(m, "uppercase", next.Uppercase),
		Count:     measured(m, "count", endpoint.Chain(next.Count, m.results)),
	}
}

// measured returns next, counted and timed. One function fits all types of endpoints.
func measured[Req, Resp any](m *Metrics, method string, next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (Resp, error) {
		begin := time.Now()
		resp, err := next(ctx, req)
		failed := strconv.FormatBool(err != nil)
		m.requests.WithLabelValues(method, failed).Inc()
		m.latency.WithLabelValues(method, failed).Observe(time.Since(begin).Seconds())
		return resp, err
	}
}

// results is a middleware of Count: it is typed, so it sees the result.
func (m *Metrics) results(next endpoint.Endpoint[Text, Counted]) endpoint.Endpoint[Text, Counted] {
	return func(ctx context.Context, t Text) (Counted, error) {
		c, err := next(ctx, t)
		if err == nil {
			m.counted.Observe(float64(c.V))
		}
		return c, err
	}
}

// end snippet

package otelx

import (
	"errors"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/series"
	"go.opentelemetry.io/otel/metric"
)

// instruments measure one side of one kind of transport.
type instruments struct {
	duration                  metric.Float64Histogram
	activeCalls               metric.Int64UpDownCounter
	requestSize, responseSize metric.Int64Histogram // nil in process
}

// A naming is how the conventions call them.
type naming struct{ prefix, duration, active, request, response string }

// instrument makes all instruments. Those that nothing is recorded with are not
// exported.
func (m *Meter) instrument() error {
	var errs []error
	for side := range endpoint.Side(3) {
		http := naming{"http." + side.String(), "request.duration", "active_requests", "request.body.size", "response.body.size"}
		rpc := naming{"rpc." + side.String(), "call.duration", "active_calls", "request.size", "response.size"}
		if side == 0 {
			http = naming{"endpoint", "call.duration", "active_calls", "", ""}
			rpc = http
		}
		errs = append(errs, m.http[side].make(m.meter, http), m.rpc[side].make(m.meter, rpc))
	}
	var err error
	m.firstItem, err = m.meter.Float64Histogram("endpoint.first_item.duration", metric.WithUnit("s"),
		metric.WithDescription("How long the first items of response streams took."), metric.WithExplicitBucketBoundaries(series.Bounds()...))
	errs = append(errs, err)
	m.happened, err = m.meter.Int64Counter("endpoint.events", metric.WithUnit("{event}"), metric.WithDescription("Events of policies and pools."))
	errs = append(errs, err)
	m.state, err = m.meter.Float64ObservableGauge("endpoint.state", metric.WithDescription("States of policies and pools."))
	return errors.Join(append(errs, err)...)
}

func (in *instruments) make(m metric.Meter, n naming) error {
	var errs [4]error
	in.duration, errs[0] = m.Float64Histogram(n.prefix+"."+n.duration, metric.WithUnit("s"),
		metric.WithDescription("How long calls took."), metric.WithExplicitBucketBoundaries(series.Bounds()...))
	in.activeCalls, errs[1] = m.Int64UpDownCounter(n.prefix+"."+n.active, metric.WithUnit("{call}"), metric.WithDescription("Calls that run."))
	if n.request != "" {
		in.requestSize, errs[2] = m.Int64Histogram(n.prefix+"."+n.request, metric.WithUnit("By"), metric.WithDescription("Sizes of requests on the wire."))
		in.responseSize, errs[3] = m.Int64Histogram(n.prefix+"."+n.response, metric.WithUnit("By"), metric.WithDescription("Sizes of responses on the wire."))
	}
	return errors.Join(errs[:]...)
}

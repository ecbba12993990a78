package promx

import (
	"context"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/internal/construct"
	"github.com/typedkit/endpoint/observe/internal/series"
)

// Metrics counts and measures calls. It is a part for [observe.New], a layer of
// its own, and a prometheus.Collector that the user registers:
//
//	endpoint_call_duration_seconds   histogram, native and with classic buckets
//	endpoint_calls_total             ended calls
//	endpoint_calls_in_flight         calls that run
//	endpoint_request_bytes_total     bytes of requests on the wire
//	endpoint_response_bytes_total    bytes of responses
//	endpoint_first_item_seconds      histogram, until a stream's first item
//	endpoint_request_size_bytes      histogram, with [Sizes]
//	endpoint_response_size_bytes     histogram, with [Sizes]
//	endpoint_events_total            events of policies and pools, see [Metrics.Event]
//	endpoint_<source>_<metric>       their states, see [Metrics.Watch]
//
// All series of calls have the labels service, operation, side ("server",
// "client", or "" for a call in process) and transport; duration and count also
// have code, such as "OK" and "NOT_FOUND". A value that is not UTF-8 or longer
// than 128 bytes is repaired. Two operations of one name on one side and
// transport share their series.
//
// Series appear with their first call; those of durations take 3 KB each. A call
// allocates nothing, unless it has an exemplar. The zero Metrics refuses every call
// and has no series; make one with [New]. Metrics is safe for concurrent use.
type Metrics struct {
	*observe.Telemetry

	traceID func(context.Context) string // nil for no exemplars
	limit   int                          // of operations
	bounds  []float64
	sizes   bool
	faults  construct.Faults

	layout                    *layout // of durations
	descs                     descriptions
	requestSize, responseSize *prometheus.HistogramVec // nil without sizes

	mu     sync.Mutex // guards the fields below
	calls  map[identity]*calls
	states []iter.Seq[endpoint.Gauge]

	events events
}

// New returns Metrics that belong to no registry yet.
func New(opts ...Option) *Metrics {
	m := &Metrics{
		limit: 1000, bounds: series.Bounds(), descs: describe(), calls: map[identity]*calls{},
		faults: construct.By("promx: New"),
	}
	construct.Options(&m.faults, m, opts, Option.apply)
	m.layout = newLayout(m.bounds)
	if m.sizes {
		m.requestSize = sizes(series.RequestSize, "Sizes of requests on the wire.")
		m.responseSize = sizes(series.ResponseSize, "Sizes of responses on the wire.")
	}
	m.events.limit = 10 * m.limit
	m.Telemetry = observe.Alone(m, m.faults.Err())
	return m
}

// Err returns the faults of the construction, or nil.
func (m *Metrics) Err() error {
	if m == nil || m.Telemetry == nil {
		return construct.Unmade("promx: Metrics", "New")
	}
	return m.Telemetry.Err()
}

// Wrap returns next measured by m alone. Req and Resp are those of next.
func (m *Metrics) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{m}.Wrap(next)
}

// sizes returns a histogram of sizes, native and with classic buckets from 64
// bytes to 16 MiB.
func sizes(name, help string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(64, 4, 10),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}, labels())
}

// labels are those that all series of calls have. Each caller gets its own, so
// that none can append to another's.
func labels() []string {
	return []string{series.Service, series.Operation, series.Side, series.Transport}
}

// Observe returns what measures the calls of op. For [observe.New].
func (m *Metrics) Observe(op *endpoint.Operation) observe.Observer {
	if m.Telemetry == nil {
		return nil // its layer refuses each call
	}
	return &observer{metrics: m, op: op}
}

// An observer measures the calls of one operation.
type observer struct {
	metrics *Metrics
	op      *endpoint.Operation
	sides   [3]atomic.Pointer[calls] // by side, each from its first call
}

// Begin counts a call that runs.
func (b *observer) Begin(_ context.Context, o *observe.Observation) (context.Context, endpoint.Token) {
	c := b.calls(o.Call.Side())
	c.begun.Add(1)
	return nil, endpoint.Token{P: c}
}

func (b *observer) calls(side endpoint.Side) *calls {
	side %= 3
	if c := b.sides[side].Load(); c != nil {
		return c
	}
	c := b.metrics.callsOf(b.op, side)
	b.sides[side].Store(c)
	return c
}

// End measures it.
func (b *observer) End(ctx context.Context, t endpoint.Token, o *observe.Observation) {
	c, ok := t.P.(*calls)
	if !ok {
		return
	}
	c.outcome(b.metrics, o.Code).observe(o.Duration, b.metrics.trace(ctx))
	if n := o.Call.RequestBytes(); n > 0 {
		c.requestBytes.Add(n)
	}
	if n := o.Call.ResponseBytes(); n > 0 {
		c.responseBytes.Add(n)
	}
	if b.metrics.sizes {
		c.requestSize.Observe(float64(o.Call.RequestBytes()))
		c.responseSize.Observe(float64(o.Call.ResponseBytes()))
	}
	if o.FirstItem > 0 {
		c.firstItems(b.metrics).observe(o.FirstItem, "")
	}
}

// trace returns the id of the trace that ctx belongs to, "" for none.
func (m *Metrics) trace(ctx context.Context) string {
	if m.traceID == nil {
		return ""
	}
	return m.traceID(ctx)
}

const (
	maxValue = 128 // bytes of a label's value
	maxTrace = 64  // bytes of a trace id: the labels of an exemplar have 128 characters at most
)

// clean returns a label's value as Prometheus takes it.
func clean(s string) string { return cut(s, maxValue) }

func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

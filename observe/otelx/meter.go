package otelx

import (
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/internal/construct"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Meter measures calls with OpenTelemetry's instruments. It is a part for
// [observe.New] and a layer of its own.
//
//	over HTTP                            over RPC                    in process
//	http.server.request.duration         rpc.server.call.duration    endpoint.call.duration
//	http.server.active_requests          rpc.server.active_calls     endpoint.active_calls
//	http.server.request.body.size        rpc.server.request.size
//	http.server.response.body.size       rpc.server.response.size
//
// and the same of "client". The sizes are there with [Sizes]. Durations are
// histograms in seconds; those of response streams have a histogram
// endpoint.first_item.duration beside them. The attributes are those of the
// semantic conventions that are bounded, error.type among them, and
// endpoint.operation: never a path or an address. Exemplars are the SDK's.
//
// Events and states of policies and pools come as endpoint.events and
// endpoint.state, see [Meter.Event] and [Meter.Watch].
//
// The zero Meter refuses every call and counts no events; make one with [NewMeter].
// A Meter is safe for concurrent use.
type Meter struct {
	*observe.Telemetry

	meter metric.Meter
	limit int
	sizes bool

	faults construct.Faults

	http, rpc [3]instruments // by side; that of no side is for calls in process
	firstItem metric.Float64Histogram
	state     metric.Float64ObservableGauge
	happened  metric.Int64Counter

	mu     sync.Mutex // guards the fields below
	known  map[identity]bool
	events map[happening][]metric.AddOption
}

// An identity is what tells operations apart in what is exported.
type identity struct {
	service, name, transport, method, pattern string
	side                                      endpoint.Side
}

// A MeterOption is for [NewMeter].
type MeterOption interface{ apply(m *Meter) }

type meterOption func(*Meter)

func (f meterOption) apply(m *Meter) { f(m) }

// Sizes adds histograms of the sizes of requests and responses. The default is
// none, as the conventions have it.
func Sizes() MeterOption {
	return meterOption(func(m *Meter) { m.sizes = true })
}

// MaxOperations bounds how many operations have attributes of their own, each
// side and transport counted by itself. All after them are the operation
// "other". The default is 1000. It also bounds the kinds of events, at ten
// times as many.
func MaxOperations(n int) MeterOption {
	return meterOption(func(m *Meter) {
		if m.faults.Check(n >= 1, "MaxOperations: %d, want a positive number", n) {
			m.limit = n
		}
	})
}

// NewMeter returns a Meter that makes its instruments with the provider.
func NewMeter(provider metric.MeterProvider, opts ...MeterOption) *Meter {
	m := &Meter{
		limit: 1000, known: map[identity]bool{}, events: map[happening][]metric.AddOption{},
		faults: construct.By("otelx: NewMeter"),
	}
	var err error
	if m.faults.Check(provider != nil, "the provider is nil") {
		m.meter = provider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
		err = m.instrument()
	}
	construct.Options(&m.faults, m, opts, MeterOption.apply)
	m.Telemetry = observe.Alone(m, m.faults.Err(), err)
	return m
}

// Err returns the faults of the construction, or nil.
func (m *Meter) Err() error {
	if m == nil || m.Telemetry == nil {
		return construct.Unmade("otelx: Meter", "NewMeter")
	}
	return m.Telemetry.Err()
}

// Wrap returns next measured by m alone. Req and Resp are those of next.
func (m *Meter) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{m}.Wrap(next)
}

// Observe returns what measures the calls of op. For [observe.New].
func (m *Meter) Observe(op *endpoint.Operation) observe.Observer {
	if m.meter == nil {
		return nil // its layer refuses each call
	}
	return &meterObserver{meter: m, op: op}
}

// ObserveRoute returns an observer that measures the calls of one route of an operation.
// For [observe.New].
func (m *Meter) ObserveRoute(op *endpoint.Operation) observe.Observer { return m.Observe(op) }

// measuredOf returns what measures the calls of an operation on one side.
func (m *Meter) measuredOf(op *endpoint.Operation, side endpoint.Side) *measured {
	if !m.admit(identity{op.Service, op.Name, op.Transport, op.Method, op.Pattern, side}) {
		op = &endpoint.Operation{Name: "other", Transport: op.Transport}
	}
	in := &m.rpc[side]
	if op.Transport == "http" {
		in = &m.http[side]
	}
	base := operationAttributes(op, side)
	return &measured{
		meter: m, instruments: in, http: op.Transport == "http", base: base,
		active: []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(base...))},
	}
}

// admit says that an operation has attributes of its own.
func (m *Meter) admit(id identity) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known[id] && len(m.known) >= m.limit {
		return false
	}
	m.known[id] = true
	return true
}

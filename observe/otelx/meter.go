package otelx

import (
	"errors"
	"fmt"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
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
// A Meter is safe for concurrent use.
type Meter struct {
	*observe.Telemetry

	meter metric.Meter
	limit int
	sizes bool

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
type MeterOption interface{ apply(*Meter) error }

type meterOption func(*Meter) error

func (f meterOption) apply(m *Meter) error { return f(m) }

// Sizes adds histograms of the sizes of requests and responses. The default is
// none, as the conventions have it.
func Sizes() MeterOption {
	return meterOption(func(m *Meter) error { m.sizes = true; return nil })
}

// MaxOperations bounds how many operations have attributes of their own, each
// side and transport counted by itself. All after them are the operation
// "other". The default is 1000. It also bounds the kinds of events, at ten
// times as many.
func MaxOperations(n int) MeterOption {
	return meterOption(func(m *Meter) error {
		if n < 1 {
			return fmt.Errorf("otelx: NewMeter: MaxOperations: %d, want a positive number", n)
		}
		m.limit = n
		return nil
	})
}

// NewMeter returns a Meter that makes its instruments with the provider.
func NewMeter(provider metric.MeterProvider, opts ...MeterOption) *Meter {
	m := &Meter{limit: 1000, known: map[identity]bool{}, events: map[happening][]metric.AddOption{}}
	var faults []error
	for i, o := range opts {
		if o == nil {
			faults = append(faults, fmt.Errorf("otelx: NewMeter: option %d is nil", i))
			continue
		}
		faults = append(faults, o.apply(m))
	}
	if provider == nil {
		faults = append(faults, errors.New("otelx: NewMeter: the provider is nil"))
	} else {
		m.meter = provider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
		faults = append(faults, m.instrument())
	}
	m.Telemetry = observe.Alone(m, faults...)
	return m
}

// Observe returns what measures the calls of op. For [observe.New].
func (m *Meter) Observe(op *endpoint.Operation) observe.Observer {
	if m.meter == nil {
		return nil // its layer refuses each call
	}
	return &meterObserver{meter: m, op: op}
}

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

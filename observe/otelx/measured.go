package otelx

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// meterObserver measures the calls of one operation.
type meterObserver struct {
	meter *Meter
	op    *endpoint.Operation
	sides [3]atomic.Pointer[measured] // by side, each from its first call
}

// Begin counts a call that runs.
func (b *meterObserver) Begin(ctx context.Context, o *observe.Observation) (context.Context, endpoint.Token) {
	m := b.side(o.Call.Side() % 3)
	m.activeCalls.Add(ctx, 1, m.active...)
	return nil, endpoint.Token{P: m}
}

func (b *meterObserver) side(side endpoint.Side) *measured {
	if m := b.sides[side].Load(); m != nil {
		return m
	}
	m := b.meter.measuredOf(b.op, side)
	b.sides[side].Store(m)
	return m
}

// End measures it.
func (b *meterObserver) End(ctx context.Context, t endpoint.Token, o *observe.Observation) {
	m, ok := t.P.(*measured)
	if !ok {
		return
	}
	m.activeCalls.Add(ctx, -1, m.active...)
	opts := m.outcome(o)
	m.duration.Record(ctx, o.Duration.Seconds(), opts...)
	if o.FirstItem > 0 {
		m.meter.firstItem.Record(ctx, o.FirstItem.Seconds(), opts...)
	}
	if m.meter.sizes && m.requestSize != nil {
		m.requestSize.Record(ctx, o.Call.RequestBytes(), opts...)
		m.responseSize.Record(ctx, o.Call.ResponseBytes(), opts...)
	}
}

// measured is an operation on one side.
type measured struct {
	*instruments
	meter  *Meter
	http   bool
	base   []attribute.KeyValue
	active []metric.AddOption

	outcomes [endpoint.Unauthenticated + 1]atomic.Pointer[outcome] // by code
	mu       sync.Mutex                                            // for who adds one
}

// An outcome is the attributes of one code and status, and the next of the code.
type outcome struct {
	status int
	opts   []metric.RecordOption
	next   *outcome
}

// maxStatuses is how many statuses one code has attributes for; a foreign server
// may answer with anything.
const maxStatuses = 16

// outcome returns the attributes of a call that ended.
func (m *measured) outcome(o *observe.Observation) []metric.RecordOption {
	code, status := o.Code, 0
	if code < 0 || int(code) >= len(m.outcomes) {
		code = endpoint.Unknown
	}
	if m.http {
		status = httpStatus(o)
	}
	for out := m.outcomes[code].Load(); out != nil; out = out.next {
		if out.status == status {
			return out.opts
		}
	}
	return m.add(o, code, status)
}

// add makes the attributes of an outcome that is new.
func (m *measured) add(o *observe.Observation, code endpoint.Code, status int) []metric.RecordOption {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for out := m.outcomes[code].Load(); out != nil; out = out.next {
		if n++; out.status == status || n >= maxStatuses {
			return out.opts
		}
	}
	kvs := slices.Clone(m.base)
	switch {
	case status != 0:
		kvs = append(kvs, semconv.HTTPResponseStatusCode(status))
	case !m.http && o.Operation.Transport != "":
		kvs = append(kvs, semconv.RPCResponseStatusCode(code.String()))
	}
	if failed(o) {
		kvs = append(kvs, semconv.ErrorTypeKey.String(errorType(o)))
	}
	out := &outcome{status: status, opts: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(kvs...))}, next: m.outcomes[code].Load()}
	m.outcomes[code].Store(out)
	return out.opts
}

package otelx

import (
	"context"
	"iter"

	"github.com/typedkit/endpoint"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A happening is what the attributes of an event are made of.
type happening struct{ source, name, kind, service, operation string }

// Event counts an event as endpoint.events, with the attributes endpoint.source,
// endpoint.name, endpoint.kind and endpoint.operation. Its detail is left out:
// it may be an address. Give it to what has events:
//
//	resilience.NewBreaker(5, resilience.OnEvent(meter.Event))
func (m *Meter) Event(ctx context.Context, e endpoint.Event) {
	if m.happened == nil {
		return
	}
	h := happening{source: e.Source, name: e.Name, kind: e.Kind}
	if e.Operation != nil {
		h.service, h.operation = e.Operation.Service, e.Operation.Name
	}
	m.happened.Add(ctx, 1, m.attributesOf(h)...)
}

func (m *Meter) attributesOf(h happening) []metric.AddOption {
	m.mu.Lock()
	defer m.mu.Unlock()
	if opts, ok := m.events[h]; ok {
		return opts
	}
	if len(m.events) >= 10*m.limit {
		h = happening{source: "other", kind: "other"}
	}
	op := &endpoint.Operation{Service: h.service, Name: h.operation}
	set := attribute.NewSet(append(stateAttributes(h.source, h.name, op, ""), attribute.String("endpoint.kind", clean(h.kind)))...)
	m.events[h] = []metric.AddOption{metric.WithAttributeSet(set)}
	return m.events[h]
}

// Watch reads states whenever metrics are collected: of breakers, limits, pools.
//
//	err := meter.Watch(breaker.Gauges, pool.Gauges)
//
// Each is a value of endpoint.state, with the attributes endpoint.source,
// endpoint.name, endpoint.metric, endpoint.operation and endpoint.detail. Of
// several with the same ones the last counts, so name what there are several of.
// The error is the provider's.
func (m *Meter) Watch(states ...iter.Seq[endpoint.Gauge]) error {
	if err := m.Err(); err != nil {
		return err
	}
	read := func(_ context.Context, o metric.Observer) error {
		for _, s := range states {
			if s == nil {
				continue
			}
			for g := range s {
				kvs := append(stateAttributes(g.Source, g.Name, g.Operation, g.Detail), attribute.String("endpoint.metric", clean(g.Metric)))
				o.ObserveFloat64(m.state, g.Value, metric.WithAttributes(kvs...))
			}
		}
		return nil
	}
	_, err := m.meter.RegisterCallback(read, m.state)
	return err
}

// stateAttributes are those that events and states have in common; what is
// empty is left out.
func stateAttributes(source, name string, op *endpoint.Operation, detail string) []attribute.KeyValue {
	kvs := []attribute.KeyValue{attribute.String("endpoint.source", clean(source))}
	if name != "" {
		kvs = append(kvs, attribute.String("endpoint.name", clean(name)))
	}
	if op != nil && operationName(op) != "" {
		kvs = append(kvs, attribute.String("endpoint.operation", clean(operationName(op))))
	}
	if detail != "" {
		kvs = append(kvs, attribute.String("endpoint.detail", clean(detail)))
	}
	return kvs
}

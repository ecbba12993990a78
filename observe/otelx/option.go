package otelx

import "go.opentelemetry.io/otel/propagation"

// A TracerOption is for [NewTracer].
type TracerOption interface{ apply(t *Tracer) }

type tracerOption func(*Tracer)

func (f tracerOption) apply(t *Tracer) { f(t) }

// Propagators says how traces and baggage travel between processes; several are
// joined by propagation.NewCompositeTextMapPropagator. The default is W3C's
// trace context and baggage. For B3 give b3.New() of
// go.opentelemetry.io/contrib/propagators, which reads both of its forms and
// writes the one that it is made for. A nil p is a fault.
func Propagators(p propagation.TextMapPropagator) TracerOption {
	return tracerOption(func(t *Tracer) {
		if t.faults.Check(p != nil, "Propagators: the propagator is nil") {
			t.propagator = p
		}
	})
}

// Edge is for a server whose callers are not trusted. It starts a trace of its own for
// each call, whose sampling is the decision of the provider's sampler alone, with a link
// to the span that the caller sent. The link has no tracestate, and the baggage of the
// caller is ignored. A span that is in the context already, such as that of an
// http.Handler around the service, stays the parent. On a client Edge changes nothing. By default callers are trusted: the
// server continues their traces.
func Edge() TracerOption {
	return tracerOption(func(t *Tracer) { t.edge = true })
}

// AskSampler has the provider's sampler decide on calls whose parent is not
// sampled. By default it is not asked: such a call is not recorded, which is
// what samplers do that follow the parent, and costs next to nothing.
func AskSampler() TracerOption {
	return tracerOption(func(t *Tracer) { t.ask = true })
}

package otelx

import (
	"context"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/typedkit/endpoint"
)

// A remote reads what a caller says of the trace that a call belongs to.
type remote struct {
	propagator propagation.TextMapPropagator
	keys       []any    // of the context, that the propagator deals in
	w3c        bool     // traceparent is one of its headers
	others     []string // its headers beside those of W3C
}

func newRemote(p propagation.TextMapPropagator) *remote {
	r := &remote{propagator: p, keys: keysOf(p)}
	for _, field := range p.Fields() {
		switch field {
		case "traceparent":
			r.w3c = true
		case "tracestate", "baggage":
		default:
			r.others = append(r.others, field)
		}
	}
	return r
}

// unsampled says, at the cost of reading one header, that the caller does not
// record the trace of this call. When it says no, that may still be so.
func (r *remote) unsampled(call *endpoint.Call, http bool) bool {
	if !r.w3c {
		return false
	}
	raw := call.Header().Raw()
	for _, field := range r.others {
		if http {
			field = canonical(field)
		}
		if len(raw[field]) > 0 {
			return false // which of them rules is the propagator's to say
		}
	}
	key := "traceparent"
	if http {
		key = "Traceparent"
	}
	parent := raw[key]
	return len(parent) == 1 && unsampledParent(parent[0])
}

// none says that the caller sent nothing.
func (r *remote) none(call *endpoint.Call, http bool) bool {
	raw := call.Header().Raw()
	if http {
		if len(raw["Traceparent"]) > 0 || len(raw["Baggage"]) > 0 {
			return false
		}
	} else if len(raw["traceparent"]) > 0 || len(raw["baggage"]) > 0 {
		return false
	}
	for _, field := range r.others {
		if http {
			field = canonical(field)
		}
		if len(raw[field]) > 0 {
			return false
		}
	}
	return true
}

// extract returns ctx with what the caller sent.
func (r *remote) extract(ctx context.Context, call *endpoint.Call, http bool) context.Context {
	return r.propagator.Extract(ctx, carrierOf(call, http))
}

// values answers for the context of a call that is not recorded: who asks for
// the span or the baggage is told what the caller sent, and all others pay
// nothing.
func (r *remote) values(http bool) func(*endpoint.Call, any) any {
	return func(call *endpoint.Call, key any) any {
		for _, k := range r.keys {
			if k == key {
				return r.extract(context.Background(), call, http).Value(key)
			}
		}
		return nil
	}
}

// unsampledParent reads a traceparent of version 00, by
// https://www.w3.org/TR/trace-context/#traceparent-header: well-formed, with
// ids that are not all zero, and without the flag "sampled".
func unsampledParent(s string) bool {
	if len(s) != 55 || s[:3] != "00-" || s[35] != '-' || s[52] != '-' || s[53] != '0' {
		return false
	}
	if s[54] != '0' && s[54] != '2' { // sampled, or bits that the version has no meaning for
		return false
	}
	return isID(s[3:35]) && isID(s[36:52])
}

// isID reports whether s is lower-case hex and not all zero.
func isID(s string) bool {
	var some byte
	for i := range len(s) {
		c := s[i]
		if (c < '0' || '9' < c) && (c < 'a' || 'f' < c) {
			return false
		}
		some |= c ^ '0'
	}
	return some != 0
}

// keysOf returns the keys under which a context has what the propagator sends.
// They are not exported, so it is asked to send, from a context that takes
// notes.
func keysOf(p propagation.TextMapPropagator) []any {
	valid := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})
	notes := &notes{Context: trace.ContextWithSpanContext(context.Background(), valid)}
	p.Inject(notes, propagation.MapCarrier{})
	trace.SpanFromContext(notes)
	baggage.FromContext(notes)
	return notes.keys
}

type notes struct {
	context.Context
	keys []any
}

func (n *notes) Value(key any) any {
	for _, k := range n.keys {
		if k == key {
			return n.Context.Value(key)
		}
	}
	n.keys = append(n.keys, key)
	return n.Context.Value(key)
}

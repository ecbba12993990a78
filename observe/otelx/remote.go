package otelx

import (
	"context"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// A remote reads what a caller says of the trace that a call belongs to.
type remote struct {
	propagator propagation.TextMapPropagator
	keys       []any    // of the context, that the propagator deals in
	headers    []string // that it looks for, in the spelling of the transport
	parent     string   // the header traceparent, "" if it looks for none
	others     []string // those beside W3C's
	http       bool
}

func newRemote(p propagation.TextMapPropagator, http bool) *remote {
	r := &remote{propagator: p, keys: keysOf(p), http: http}
	for _, header := range headersOf(p) {
		spelling := strings.ToLower(header)
		if http {
			spelling = canonical(spelling)
		}
		r.headers = append(r.headers, spelling)
		switch strings.ToLower(header) {
		case "traceparent":
			r.parent = spelling
		case "tracestate", "baggage":
		default:
			r.others = append(r.others, spelling)
		}
	}
	return r
}

// unsampled says, at the cost of reading one header, that the caller does not
// record the trace of this call. When it says no, that may still be so: where
// there are headers of several kinds, the propagator says which of them rules.
// See decision 68.
func (r *remote) unsampled(call *endpoint.Call) bool {
	raw := call.Header().Raw()
	parent := raw[r.parent]
	return len(parent) == 1 && unsampledParent(parent[0]) && !anyOf(raw, r.others)
}

// sent says that the caller sent something.
func (r *remote) sent(call *endpoint.Call) bool { return anyOf(call.Header().Raw(), r.headers) }

// anyOf says that one of the keys has a value.
func anyOf(raw map[string][]string, keys []string) bool {
	for _, key := range keys {
		if len(raw[key]) > 0 {
			return true
		}
	}
	return false
}

// extract returns ctx with what the caller sent.
func (r *remote) extract(ctx context.Context, call *endpoint.Call) context.Context {
	return r.propagator.Extract(ctx, carrierOf(call, r.http))
}

// link returns a link to the span that the caller sent, if it sent one. Of that it has
// the ids and the flags: other texts of a stranger stay out of the trace.
// See decision 133.
func (r *remote) link(call *endpoint.Call) []trace.Link {
	if !r.sent(call) {
		return nil
	}
	sc := trace.SpanContextFromContext(r.extract(context.Background(), call))
	if !sc.IsValid() {
		return nil
	}
	return []trace.Link{{SpanContext: sc.WithTraceState(trace.TraceState{})}}
}

// inject tells who is called of what ctx has.
func (r *remote) inject(ctx context.Context, call *endpoint.Call) {
	r.propagator.Inject(ctx, carrierOf(call, r.http))
}

// values answers for the context of a call that is not recorded: who asks for
// the span or the baggage is told what the caller sent, and all others pay
// nothing.
func (r *remote) values(call *endpoint.Call, key any) any {
	if !slices.Contains(r.keys, key) {
		return nil
	}
	return r.extract(context.Background(), call).Value(key)
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

// hexes has 1 for the digits of an id, which are lower-case.
var hexes = [256]byte{
	'0': 1, '1': 1, '2': 1, '3': 1, '4': 1, '5': 1, '6': 1, '7': 1, '8': 1, '9': 1,
	'a': 1, 'b': 1, 'c': 1, 'd': 1, 'e': 1, 'f': 1,
}

// isID reports whether s is lower-case hex and not all zero. It has no branch
// for a character: whether one is a letter cannot be foreseen.
func isID(s string) bool {
	hex, some := byte(1), byte(0)
	for i := range len(s) {
		hex &= hexes[s[i]]
		some |= s[i] ^ '0'
	}
	return hex == 1 && some != 0
}

// keysOf returns the keys under which a context has what the propagator sends.
// They are not exported, so it is asked to send, from a context that takes
// notes. See decision 69.
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
	if !slices.Contains(n.keys, key) {
		n.keys = append(n.keys, key)
	}
	return n.Context.Value(key)
}

// headersOf returns the headers that the propagator looks for: those that it
// asks an empty carrier for. (Fields has those that it may set.)
func headersOf(p propagation.TextMapPropagator) []string {
	var asked questions
	p.Extract(context.Background(), &asked)
	return asked
}

type questions []string

func (q *questions) Get(key string) string {
	*q = append(*q, key)
	return ""
}
func (q *questions) Set(string, string) {}
func (q *questions) Keys() []string     { return nil }

package otelx

import (
	"context"
	"slices"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"go.opentelemetry.io/otel/trace"
)

// A span is one that is recorded.
type span struct {
	trace.Span
	around *callContext // of the call that the span is an attempt of; nil for none
}

// callContext is the context inside of a call that is recorded. It knows the
// attempts of the call that are running.
type callContext struct {
	context.Context
	call   *endpoint.Call
	origin any // the identity of call

	mu      sync.Mutex // guards the field below
	running []trace.SpanContext
}

type callKey struct{}

func (c *callContext) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// callFrom returns the recorded call that ctx is inside of, or nil.
func callFrom(ctx context.Context) *callContext {
	c, _ := ctx.Value(callKey{}).(*callContext)
	return c
}

// isOf says that o, an attempt, is one of this call: it has a Call of its own.
func (c *callContext) isOf(o *observe.Observation) bool {
	return c != nil && c.call.Operation() == o.Call.Operation() && c.call.Side() == o.Call.Side()
}

// join adds an attempt, and returns those that are running already.
func (c *callContext) join(sc trace.SpanContext) []trace.SpanContext {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	others := slices.Clone(c.running)
	c.running = append(c.running, sc)
	return others
}

// leave removes it.
func (c *callContext) leave(sc trace.SpanContext) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = slices.DeleteFunc(c.running, sc.Equal)
}

// TraceID returns the id of the trace that ctx belongs to when a [Tracer]
// records it, else "". It is for promx.Exemplars.
func TraceID(ctx context.Context) string {
	c := callFrom(ctx)
	if c == nil {
		return ""
	}
	if sc := trace.SpanContextFromContext(c); sc.IsSampled() {
		return sc.TraceID().String()
	}
	return ""
}

// TraceIDs returns the ids of the trace and of the span that ctx is inside of,
// sampled or not, "" without one. It is for observe.TraceIDs, so that the records
// of a log and the spans of a trace lead to each other:
//
//	logger := observe.NewLogger(log, observe.TraceIDs(otelx.TraceIDs))
func TraceIDs(ctx context.Context) (traceID, spanID string) {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return "", ""
	}
	return sc.TraceID().String(), sc.SpanID().String()
}

package otelx

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/fork"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/internal/construct"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Tracer makes a span of each call, served or made, and with
// [observe.Telemetry.Attempts] one of each attempt of a call that is repeated
// or hedged. It is a part for [observe.New] and a layer of its own.
//
// A span of HTTP is named by method and route, "GET /profiles/{id}", one of RPC
// by its full method, "pb.Profiles/Get", and one in process by service and
// name, "Profiles.Get". Its attributes are those of the semantic conventions,
// and endpoint.operation, which is the service and the name on every transport.
// Of requests and responses a span has their sizes only: no path, query or
// value. The text of an error is its status description, when the error fails
// the span: on a server for faults of the server only (HTTP 5xx; of gRPC's
// codes UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
// DATA_LOSS), on a client for each. endpoint.error has an error's identity,
// "profilesvc/NOT_FOUND".
//
// The span of a stream ends with its loop and has an event "first_item"; a break
// out of the loop does not fail it. The attempts of a call are its children; an
// attempt after the first has http.request.resend_count (on other transports:
// rpc.attempt.previous), and a hedged one links to those that it runs beside. A
// panic is an event "exception".
//
// The parent of a call that is served is the span in its context or else what
// the caller sent. When that is not sampled, no span is made (see
// [AskSampler]), and what the caller sent is what calls made further on send.
// On a server that strangers call, use [Edge]: they would decide what is recorded, and
// under which trace.
//
// The zero Tracer refuses every call; make one with [NewTracer]. A Tracer is safe
// for concurrent use.
type Tracer struct {
	*observe.Telemetry

	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	ask        bool // the sampler also about calls whose parent is not sampled
	edge       bool // callers are not trusted
	faults     construct.Faults
}

// NewTracer returns a Tracer that makes its spans with the provider.
func NewTracer(provider trace.TracerProvider, opts ...TracerOption) *Tracer {
	t := &Tracer{
		propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		faults:     construct.By("otelx: NewTracer"),
	}
	if t.faults.Check(provider != nil, "the provider is nil") {
		t.tracer = provider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
	}
	construct.Options(&t.faults, t, opts, TracerOption.apply)
	t.Telemetry = observe.Alone(t, t.faults.Err())
	return t
}

// Err returns the faults of the construction, or nil.
func (t *Tracer) Err() error {
	if t == nil || t.Telemetry == nil {
		return construct.Unmade("otelx: Tracer", "NewTracer")
	}
	return t.Telemetry.Err()
}

// Wrap returns next traced by t alone. Req and Resp are those of next.
func (t *Tracer) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{t}.Wrap(next)
}

// Observe returns what makes the spans of the calls of op. For [observe.New].
func (t *Tracer) Observe(op *endpoint.Operation) observe.Observer { return t.spans(op, false) }

// ObserveRoute returns an observer that makes the spans of the calls of one route of an
// operation. For [observe.New].
func (t *Tracer) ObserveRoute(op *endpoint.Operation) observe.Observer { return t.Observe(op) }

// ObserveAttempts returns what makes the spans of the attempts of such calls.
// For [observe.New].
func (t *Tracer) ObserveAttempts(op *endpoint.Operation) observe.Observer { return t.spans(op, true) }

func (t *Tracer) spans(op *endpoint.Operation, attempts bool) observe.Observer {
	if t.tracer == nil {
		return nil // its layer refuses each call
	}
	s := &spans{Tracer: t, attempts: attempts, name: spanName(op), http: op.Transport == "http"}
	s.remote = newRemote(t.propagator, s.http)
	s.values = s.remote.values
	for side := range s.start {
		s.start[side] = startOptions(op, endpoint.Side(side)) //nolint:gosec // there are three
	}
	return s
}

// spanName is the name by the conventions of the operation's transport.
func spanName(op *endpoint.Operation) string {
	switch {
	case op.Transport == "http":
		method := op.Method
		if method == "_OTHER" { // of requests that no route matches
			method = "HTTP"
		}
		return clean(strings.TrimSpace(method + " " + op.Pattern))
	case rpcMethod(op) != "":
		return clean(rpcMethod(op))
	}
	return "endpoint"
}

// rpcMethod is the full method, without the slash before gRPC's; the name of
// the operation where the transport has none.
func rpcMethod(op *endpoint.Operation) string {
	if op.Method != "" {
		return strings.TrimPrefix(op.Method, "/")
	}
	return operationName(op)
}

func operationName(op *endpoint.Operation) string {
	if op.Service == "" {
		return op.Name
	}
	return op.Service + "." + op.Name
}

// startOptions are those that a sampler sees.
func startOptions(op *endpoint.Operation, side endpoint.Side) []trace.SpanStartOption {
	kind := trace.SpanKindInternal
	switch side {
	case endpoint.ServerSide:
		kind = trace.SpanKindServer
	case endpoint.ClientSide:
		kind = trace.SpanKindClient
	}
	return []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(operationAttributes(op, side)...)}
}

// operationAttributes are those that all calls of an operation have.
func operationAttributes(op *endpoint.Operation, side endpoint.Side) []attribute.KeyValue {
	var kvs []attribute.KeyValue
	add := func(key attribute.Key, value string) {
		if value != "" {
			kvs = append(kvs, key.String(clean(value)))
		}
	}
	switch {
	case op.Transport == "http" && side == endpoint.ClientSide:
		add(semconv.HTTPRequestMethodKey, op.Method)
		add(semconv.URLTemplateKey, op.Pattern)
	case op.Transport == "http":
		add(semconv.HTTPRequestMethodKey, op.Method)
		add(semconv.HTTPRouteKey, op.Pattern)
	case op.Transport != "":
		add(semconv.RPCSystemNameKey, op.Transport)
		add(semconv.RPCMethodKey, rpcMethod(op))
	}
	add("endpoint.operation", operationName(op))
	return kvs
}

// spans makes the spans of the calls of one operation, or of their attempts.
type spans struct {
	*Tracer
	http     bool
	attempts bool
	name     string
	remote   *remote
	start    [3][]trace.SpanStartOption // by side
	values   func(*endpoint.Call, any) any
}

// Begin finds the parent, and starts a span unless the parent is not sampled.
func (s *spans) Begin(ctx context.Context, o *observe.Observation) (context.Context, endpoint.Token) {
	side := o.Call.Side()
	parent := trace.SpanContextFromContext(ctx)
	if side == endpoint.ServerSide && !s.attempts && !parent.IsValid() {
		if s.edge {
			return s.begin(ctx, o, side, s.remote.link(o.Call)...)
		}
		if !s.ask && s.remote.unsampled(o.Call) {
			o.Call.SetValues(s.values)
			return nil, endpoint.Token{}
		}
		if s.remote.sent(o.Call) {
			ctx = s.remote.extract(ctx, o.Call)
			parent = trace.SpanContextFromContext(ctx)
		}
	}
	if parent.IsValid() && !parent.IsSampled() && !s.ask {
		s.inject(ctx, o.Call, side)
		return ctx, endpoint.Token{}
	}
	return s.begin(ctx, o, side)
}

// begin starts a span with these links.
func (s *spans) begin(ctx context.Context, o *observe.Observation, side endpoint.Side, links ...trace.Link) (context.Context, endpoint.Token) {
	around := callFrom(ctx)
	origin := fork.Origin(ctx)
	if around != nil && around.origin == origin {
		side = 0 // a span within the one of the same call
	}
	options := s.start[side]
	if len(links) > 0 {
		options = append(slices.Clip(options), trace.WithLinks(links...))
	}
	ctx, started := s.tracer.Start(ctx, s.name, options...)
	s.inject(ctx, o.Call, o.Call.Side())
	if !started.IsRecording() {
		return ctx, endpoint.Token{}
	}
	sp := &span{Span: started}
	if s.attempts {
		if around.isOf(o) {
			sp.around = around
		}
		s.attempt(sp, endpoint.AttemptFrom(ctx).Number())
		return ctx, endpoint.Token{P: sp}
	}
	return &callContext{Context: ctx, call: o.Call, origin: origin}, endpoint.Token{P: sp}
}

// attempt says which attempt of the call around it the span is, and which run
// beside it.
func (s *spans) attempt(sp *span, number int) {
	if number > 1 {
		key := attribute.Key("rpc.attempt.previous")
		if s.http {
			key = semconv.HTTPRequestResendCountKey
		}
		sp.SetAttributes(key.Int(number - 1))
	}
	for _, other := range sp.around.join(sp.SpanContext()) {
		sp.AddLink(trace.Link{SpanContext: other})
	}
}

// inject tells the called of the span in ctx.
func (s *spans) inject(ctx context.Context, call *endpoint.Call, side endpoint.Side) {
	if side == endpoint.ClientSide {
		s.remote.inject(ctx, call)
	}
}

// End ends the span. See decision 77.
func (s *spans) End(_ context.Context, t endpoint.Token, o *observe.Observation) {
	sp, ok := t.P.(*span)
	if !ok {
		return
	}
	sp.around.leave(sp.SpanContext())
	sp.SetAttributes(outcomeAttributes(o)...)
	if p, ok := errors.AsType[*endpoint.PanicError](o.Err); ok {
		sp.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
			semconv.ExceptionType("panic"), semconv.ExceptionMessage(clean(p.Error())), semconv.ExceptionStacktrace(clean(string(p.Stack)))))
	}
	if failed(o) {
		sp.SetStatus(codes.Error, clean(o.Err.Error()))
	}
	sp.End()
}

// Item tells the first item of a stream.
func (s *spans) Item(_ context.Context, t endpoint.Token, o *observe.Observation) {
	if sp, ok := t.P.(*span); ok && o.FirstItem == 0 {
		sp.AddEvent("first_item")
	}
}

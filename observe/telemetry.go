package observe

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// maxParts is how many parts one layer has; more would make the state of a call
// larger for all.
const maxParts = 8

// A Telemetry is the layer of several parts. It reads the clock once at each end of
// a call and allocates nothing of its own, but for streams. When a part panics,
// what the others began is ended, and the panic goes on, as that of a layer.
//
// Make one with [New]. A nil Telemetry and a zero one refuse every call; a part that
// was not made by its constructor embeds a nil one. A Telemetry is safe for
// concurrent use.
type Telemetry struct {
	parts    []Part
	attempts bool // it observes attempts
	ok       bool // a constructor made it, without a fault
	err      error
	clock    clock

	first atomic.Pointer[operation] // that was called without a For
	all   sync.Map                  // of *endpoint.Operation to *operation
}

// New returns the layer of these parts. They begin in their order and end the
// other way round, so that what a tracer puts into the context is there for a
// logger after it. Faults are kept: what mounts the layer reports them.
func New(parts ...Part) *Telemetry {
	o, faults := &Telemetry{}, construct.By("observe: New")
	for i, p := range parts {
		if !faults.Check(p != nil, "part %d is nil", i) {
			continue
		}
		if e, ok := p.(interface{ Err() error }); ok {
			o.err = errors.Join(o.err, e.Err())
		}
		o.parts = append(o.parts, p)
	}
	faults.Check(len(parts) > 0, "there is no part")
	faults.Check(len(parts) <= maxParts, "%d parts, at most %d fit", len(parts), maxParts)
	o.err = errors.Join(faults.Err(), o.err)
	o.ok = o.err == nil
	return o
}

// Attempts returns the layer that observes each attempt of what is repeated,
// with those of the parts that want to see attempts. It belongs inside of a
// retry or a hedge:
//
//	httpx.Use(telemetry, retry, telemetry.Attempts(), timeout)
func (o *Telemetry) Attempts() *Telemetry {
	attempts := &Telemetry{attempts: true, err: o.Err()}
	if attempts.ok = attempts.err == nil; !attempts.ok {
		return attempts
	}
	for _, p := range o.parts {
		if _, ok := p.(AttemptPart); ok {
			attempts.parts = append(attempts.parts, p)
		}
	}
	return attempts
}

// Alone returns the layer of one part, which embeds it to be a layer itself,
// with what is wrong with the part. For authors of parts:
//
//	type Logger struct {
//		*observe.Telemetry
//		…
//	}
//
//	l.Telemetry = observe.Alone(l, faults...)
func Alone(p Part, faults ...error) *Telemetry {
	err := errors.Join(faults...)
	return &Telemetry{parts: []Part{p}, ok: err == nil, err: err}
}

// isOK reports whether a constructor made o without a fault.
func (o *Telemetry) isOK() bool { return o != nil && o.ok }

// Err returns what is wrong with the parts, or nil.
func (o *Telemetry) Err() error {
	if o == nil || !o.ok && o.err == nil {
		return construct.Unmade("observe: Telemetry", "New, or the part with its own constructor")
	}
	return o.err
}

// Role returns "telemetry", or "attempt-telemetry" for what [Telemetry.Attempts]
// returned. The stacks of package resilience place the layer by it.
func (o *Telemetry) Role() string {
	if o != nil && o.attempts {
		return "attempt-telemetry"
	}
	return "telemetry"
}

// For returns the layer for one operation, nil when no part wants its calls.
func (o *Telemetry) For(op *endpoint.Operation) endpoint.Layer {
	if !o.isOK() {
		return o // whose Enter refuses
	}
	l := o.operation(op)
	switch {
	case len(l.observers) == 0:
		return nil
	case op.Streams == endpoint.Unary:
		return unary{l}
	}
	return l
}

// Wrap returns next observed by o. Req and Resp are those of next. Where the
// operation is not known at construction, it is found at the call, and what
// the parts make for it is made at its first call.
func (o *Telemetry) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{o}.Wrap(next)
}

// operation returns what observes op, and makes it at the first time.
func (o *Telemetry) operation(op *endpoint.Operation) *operation {
	// A program with one operation finds it here. With more of them, a write on
	// each change would have the processors wait for each other.
	if l := o.first.Load(); l != nil && l.op == op {
		return l
	}
	known, ok := o.all.Load(op)
	if !ok {
		known, _ = o.all.LoadOrStore(op, o.make(op))
	}
	l, _ := known.(*operation)
	o.first.CompareAndSwap(nil, l)
	return l
}

func (o *Telemetry) make(op *endpoint.Operation) *operation {
	l := &operation{op: op, clock: &o.clock, attempts: o.attempts}
	for _, p := range o.parts {
		var obs Observer
		if ap, ok := p.(AttemptPart); ok && o.attempts {
			obs = ap.ObserveAttempts(op)
		} else if !o.attempts {
			obs = p.Observe(op)
		}
		if obs != nil {
			l.add(p, obs)
		}
	}
	return l
}

// Enter and Exit make a Telemetry a Layer of its own, for stacks that do not ask
// For: the operation is the one of the Call.

// Enter begins the observation of a call.
func (o *Telemetry) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if !o.isOK() {
		return ctx, endpoint.Token{}, endpoint.Errorf(endpoint.Internal, "%w", o.Err())
	}
	return o.operation(endpoint.CallFrom(ctx).Operation()).Enter(ctx)
}

// Exit ends it.
func (o *Telemetry) Exit(ctx context.Context, t endpoint.Token, err error) error {
	return exit(ctx, t, err)
}

// Item tells the observers of an item of a stream.
func (o *Telemetry) Item(ctx context.Context, t endpoint.Token) error { return item(ctx, t) }

// operation is a Telemetry for one operation.
type operation struct {
	op        *endpoint.Operation
	clock     *clock
	attempts  bool   // the observers are those of attempts
	parts     []Part // of the observers
	observers []Observer
	items     []ItemObserver // nil where the observer is none
	routes    routes
}

func (l *operation) add(p Part, obs Observer) {
	items, _ := obs.(ItemObserver)
	l.parts = append(l.parts, p)
	l.observers = append(l.observers, obs)
	l.items = append(l.items, items)
}

func (l *operation) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if len(l.observers) == 0 {
		return ctx, endpoint.Token{}, nil
	}
	if l.op.Side == endpoint.ServerSide && l.op.Pattern != "" {
		if w := mark.WireOf(ctx); w != nil && w.Route != nil {
			l = l.at(*w.Route)
		}
	}
	r, _ := runs.Get().(*run)
	r.operation, r.Call, r.Operation, r.start = l, endpoint.CallFrom(ctx), l.op, l.clock.now() // the rest is zero
	return r.begin(ctx), endpoint.Token{N: r.state.Load(), P: r}, nil
}

func (l *operation) Exit(ctx context.Context, t endpoint.Token, err error) error {
	return exit(ctx, t, err)
}

func (l *operation) Item(ctx context.Context, t endpoint.Token) error { return item(ctx, t) }

// unary is an operation that is known to have no stream: no item comes after the
// end, and none is asked for.
type unary struct{ l *operation }

func (u unary) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return u.l.Enter(ctx)
}

func (u unary) Exit(ctx context.Context, t endpoint.Token, err error) error {
	if r, ok := t.P.(*run); ok {
		r.finish(ctx, &r.Observation, err)
		r.reuse()
	}
	return err
}

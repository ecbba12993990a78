package resilience

import (
	"context"
	"reflect"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrTimeout is the error of a call that a [Timeout] ended. It matches
// [context.DeadlineExceeded] and has what the call itself returned as its cause.
// The end of the caller's own deadline is never an ErrTimeout.
var ErrTimeout = endpoint.Define(endpoint.DeadlineExceeded, "endpoint", "TIMEOUT", "not done in time")

// A Timeout bounds how long a call takes, a stream from the start of its loop to
// the end. It ends the context of the call; what is inside must heed that, as
// every client of the toolkit and the standard library does. A call that
// succeeds although its time is up has succeeded.
//
// The bound is the deadline of the context, so the next hop is told of it. Where
// the caller's deadline is earlier, that one stands and the Timeout does
// nothing. Inside a [Retry] it bounds each attempt, outside the whole:
//
//	httpx.Use(retry, timeout) // each attempt; a Retry repeats what took too long
//	httpx.Use(timeout, retry) // all attempts and the waits between them
//
// [FirstItem] and [Idle] bound the silence of streams. Make a Timeout with
// [NewTimeout]; the zero Timeout refuses every call. It keeps no state between
// calls, costs one allocation for each and starts a timer only for calls that wait
// on their context. It is safe for concurrent use.
//
// Events of the source "timeout": "timed_out", with the bound as Delay.
type Timeout struct {
	common
	whole, first, idle bound
	streams            bool // calls are known to have streams
	served             bool // calls are those of a server
}

// bound is one of the times of a Timeout; none when d is 0.
type bound struct {
	d     time.Duration
	cause *endpoint.Error // which says what took how long
}

// A TimeoutOption is an option of [NewTimeout].
type TimeoutOption interface{ applyTimeout(*Timeout) }

type timeoutOption func(*Timeout)

func (o timeoutOption) applyTimeout(t *Timeout) { o(t) }

func (o commonOption) applyTimeout(t *Timeout) { o(&t.common) }

// FirstItem bounds the time from the start of a stream's loop to the first item
// in either direction, which also ends with the stream. The default is no bound.
// Unary calls are not concerned. A d that is not positive is a fault. In a
// [endpoint.Stack] that is wrapped around an endpoint by hand, outside any
// service, it has no effect: use [Timeout.Wrap].
func FirstItem(d time.Duration) TimeoutOption {
	return timeoutOption(func(t *Timeout) { t.first = t.item("FirstItem", "no first item within %v", d) })
}

// Idle bounds the time from each item of a stream to the next one in either
// direction, or to the end. The time that the reader takes with an item counts,
// so that a stream that nobody reads ends, too. The default is no bound. A d
// that is not positive is a fault.
func Idle(d time.Duration) TimeoutOption {
	return timeoutOption(func(t *Timeout) { t.idle = t.item("Idle", "no item for %v", d) })
}

func (t *Timeout) item(option, text string, d time.Duration) bound {
	t.check(d > 0, "%s(%v) is not positive", option, d)
	return bound{d, ErrTimeout.With(text, d)}
}

// NewTimeout returns a Timeout of d for a whole call. With [FirstItem] or [Idle],
// d may be 0, which bounds nothing; else it must be positive.
func NewTimeout(d time.Duration, opts ...TimeoutOption) *Timeout {
	t := &Timeout{by: "NewTimeout", whole: bound{d, ErrTimeout.With("not done within %v", d)}}
	configure(t, opts, TimeoutOption.applyTimeout)
	t.check(d > 0 || d == 0 && (t.first.d != 0 || t.idle.d != 0), "%v is not positive", d)
	return t
}

// Err returns the faults of the construction, or nil.
func (t *Timeout) Err() error { return errOf(t, "Timeout", "NewTimeout") }

// Role returns [RoleTimeout]. [ClientStack] gives the longer of two Timeouts the
// role [RoleCallTimeout].
func (*Timeout) Role() string { return RoleTimeout }

// limit is for the stacks, which compare Timeouts by it.
func (t *Timeout) limit() time.Duration { return t.whole.d }

// Gauges yields nothing: a Timeout has no state.
func (t *Timeout) Gauges(func(endpoint.Gauge) bool) {}

// For returns t for operations with streams, and t without the bounds on items
// for others.
func (t *Timeout) For(op *endpoint.Operation) endpoint.Layer {
	own := t.withItems(op.Streams != endpoint.Unary)
	own.served = op.Side == endpoint.ServerSide
	return own
}

func (t *Timeout) withItems(streams bool) *Timeout {
	own := *t
	if own.streams = streams; !streams {
		own.first, own.idle = bound{}, bound{}
	}
	return &own
}

// Enter sets the deadline.
func (t *Timeout) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if t.by == "" {
		return faulty{t.Err()}.Enter(ctx)
	}
	var d *deadlineContext
	inner := ctx
	if t.whole.d > 0 {
		deadline := time.Now().Add(t.whole.d)
		if earlier, ok := ctx.Deadline(); !ok || deadline.Before(earlier) {
			d = &deadlineContext{Context: ctx, deadline: deadline, cause: t.whole.cause}
			inner = d
		}
	}
	if t.first.d > 0 || t.idle.d > 0 {
		first := t.first
		if !t.streams { // a unary call would never get there
			first = bound{}
		}
		w := newWatch(inner, d, first, t.idle)
		return w.ctx, endpoint.Token{P: w}, nil
	}
	return inner, endpoint.Token{P: d}, nil
}

// Item lets the time to the next item begin.
func (t *Timeout) Item(_ context.Context, tok endpoint.Token) error {
	if w, ok := tok.P.(*watch); ok {
		w.item()
	}
	return nil
}

// Exit turns the error of a call whose time was up into [ErrTimeout].
func (t *Timeout) Exit(ctx context.Context, tok endpoint.Token, err error) error {
	d, _ := tok.P.(*deadlineContext)
	w, _ := tok.P.(*watch)
	if w != nil {
		d = w.whole
		defer w.end()
	}
	if err != nil {
		err = t.told(ctx, d, w, err)
	}
	if d != nil {
		d.release()
	}
	return err
}

// told returns the error that stands for err.
func (t *Timeout) told(ctx context.Context, d *deadlineContext, w *watch, err error) error {
	b := t.endedBy(ctx, d, err)
	if b == nil {
		return err
	}
	if err != b.cause { //nolint:errorlint // the very same, which an endpoint gets from context.Cause
		err = b.cause.WithCause(err)
	}
	if t.endedWaiting(ctx, b, d, w) {
		err = mark.Never(err)
	} else {
		err = mark.Counted(err)
	}
	t.emit(ctx, endpoint.Event{Source: "timeout", Kind: "timed_out", Delay: b.d, Err: err})
	return err
}

// endedWaiting reports whether the bound b of a server ended the call while it waited
// for its caller: for the request, or for an item of it.
func (t *Timeout) endedWaiting(ctx context.Context, b *bound, d *deadlineContext, w *watch) bool {
	switch {
	case !t.served:
		return false
	case b != &t.whole:
		return w != nil && w.waited()
	}
	return d != nil && mark.WireOf(ctx).WaitedAt(d.deadline)
}

// endedBy returns the bound that the call ended by, or nil. See decision 44.
func (t *Timeout) endedBy(ctx context.Context, d *deadlineContext, err error) *bound {
	e := endpoint.ErrorOf(err)
	if code := e.Code(); code != endpoint.DeadlineExceeded && code != endpoint.Canceled {
		return nil
	}
	cause := context.Cause(ctx)
	for _, b := range []*bound{&t.whole, &t.first, &t.idle} {
		if b.d > 0 && cause == error(b.cause) { //nolint:errorlint // the very same
			return b
		}
	}
	// The next hop is told the time that is left in whole milliseconds, so it may
	// give up before this end does, by less than one.
	if d != nil && e.Remote() && e.Code() == endpoint.DeadlineExceeded && time.Until(d.deadline) <= time.Millisecond {
		return &t.whole
	}
	return nil
}

// Wrap returns next bounded by t alone. Req and Resp are those of next.
func (t *Timeout) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{t.withItems(isStream[Req]() || isStream[Resp]())}.Wrap(next)
}

// isStream says that T is a stream.
func isStream[T any]() bool {
	_, ok := endpoint.StreamItem(reflect.TypeFor[T]())
	return ok
}

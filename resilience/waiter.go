package resilience

import (
	"cmp"
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
	"github.com/typedkit/endpoint/internal/mark"
	"golang.org/x/time/rate"
)

// A Waiter lets calls through at a rate: a call beyond it waits for its token.
// Like a [Limiter] it is a token bucket of golang.org/x/time/rate, one for all
// that it surrounds.
//
// Calls wait in line. One that could not have its token before the deadline of
// its context, or before the wait of [Queue] is over, is rejected at once with
// [ErrRateLimited], as is one that finds the line full. Without a deadline and
// without Queue, a call waits as long as it takes.
//
// Only the first in line reserves its token. So a call that is cancelled while it
// waits, and one that is rejected, cost nothing, and those behind it move up. (In
// the Wait of x/time all reserve, and what is cancelled is given back only in
// part when others wait behind it.)
//
// A Waiter is for clients that pace themselves, and for jobs. A success that
// need not wait costs no allocation. The zero Waiter refuses every call; make one
// with [NewWaiter] or [WaiterOf]. A Waiter is safe for concurrent use.
//
// Its events have the source "waiter" and the kinds "waiting", with the expected
// wait as Delay, and "rejected", with the wait that was too long. Its gauges are
// "waiting", the calls in line, and "tokens".
type Waiter struct {
	common
	lim   *rate.Limiter
	queue queue

	mu   sync.Mutex // guards the field below; held while the bucket is asked
	line list.List  // of *turn
}

// A WaiterOption is an option of [NewWaiter] and [WaiterOf].
type WaiterOption interface{ applyWaiter(w *Waiter) }

func (o commonOption) applyWaiter(w *Waiter) { o(&w.common) }

// NewWaiter returns a Waiter that lets perSecond calls a second pass, and burst
// of them at once. Both must be positive.
func NewWaiter(perSecond float64, burst int, opts ...WaiterOption) *Waiter {
	w := &Waiter{by: "NewWaiter", lim: rate.NewLimiter(rate.Limit(perSecond), burst)}
	w.checkBucket(perSecond, burst)
	configure(w, opts, WaiterOption.applyWaiter)
	return w
}

// WaiterOf returns a Waiter on a bucket of the caller's own, which may be used
// elsewhere, too, and changed while it runs.
func WaiterOf(bucket *rate.Limiter, opts ...WaiterOption) *Waiter {
	w := &Waiter{by: "WaiterOf", lim: cmp.Or(bucket, new(rate.Limiter))} // as in LimiterOf
	w.check(bucket != nil, "the bucket is nil")
	configure(w, opts, WaiterOption.applyWaiter)
	return w
}

// Err returns the faults of the construction, or nil.
func (w *Waiter) Err() error { return errOf(w, "Waiter", "NewWaiter or WaiterOf") }

// Role returns [RoleRate].
func (*Waiter) Role() string { return RoleRate }

// Enter takes a token, waits for one, or rejects the call.
func (w *Waiter) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if w.lim == nil {
		return faulty{w.Err()}.Enter(ctx)
	}
	return ctx, endpoint.Token{}, w.admit(ctx)
}

// Exit does nothing.
func (w *Waiter) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// Wrap returns next paced by w alone. Req and Resp are those of next.
func (w *Waiter) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{w}.Wrap(next)
}

// Gauges yields the state of w.
func (w *Waiter) Gauges(yield func(endpoint.Gauge) bool) {
	if w.lim == nil {
		return
	}
	w.mu.Lock()
	waiting := w.line.Len()
	w.mu.Unlock()
	g := endpoint.Gauge{Source: "waiter", Name: w.name, Metric: "waiting", Value: float64(waiting)}
	if yield(g) {
		g.Metric, g.Value = "tokens", max(w.lim.Tokens(), 0)
		yield(g)
	}
}

// turn is the place of a call in the line. The first one has reserved its token,
// so that a timer that fires late costs no throughput, and it alone, so that
// giving the token back gives all of it back.
type turn struct {
	first chan struct{}     // closed when the call is the first
	token *rate.Reservation // set before that
}

func (w *Waiter) admit(ctx context.Context) error {
	if ctx.Err() != nil {
		return mark.Never(ended.Err(ctx)) // the server was not called
	}
	w.mu.Lock()
	if w.line.Len() == 0 && w.lim.Allow() {
		w.mu.Unlock()
		return nil
	}
	wait := untilTokens(w.lim, max(w.line.Len(), 1)) // the first one's token is gone
	if w.isFull() || wait > w.patience(ctx) {
		w.mu.Unlock()
		return w.reject(ctx, "waiter", retryAfter(wait))
	}
	place := w.line.PushBack(&turn{first: make(chan struct{})})
	if w.line.Len() == 1 {
		w.lead(place)
	}
	w.mu.Unlock()

	w.emit(ctx, endpoint.Event{Source: "waiter", Kind: "waiting", Delay: wait})
	return w.stand(ctx, place)
}

// lead makes the call at place the first. The caller holds mu.
func (w *Waiter) lead(place *list.Element) {
	t := place.Value.(*turn)
	t.token = w.lim.Reserve()
	close(t.first)
}

// isFull says that the line has no room. The caller holds mu.
func (w *Waiter) isFull() bool { return w.queue.set && w.line.Len() >= w.queue.length }

// patience returns how long a call with ctx may wait.
func (w *Waiter) patience(ctx context.Context) time.Duration {
	patience := never - 1
	if w.queue.set {
		patience = w.queue.patience
	}
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline))
	}
	return patience
}

// stand waits in line, then for the token.
func (w *Waiter) stand(ctx context.Context, place *list.Element) error {
	goesOn := false
	defer func() { w.leave(place, goesOn) }()
	waiting, cancel := w.queue.limit(ctx)
	defer cancel()
	t := place.Value.(*turn)
	select {
	case <-t.first:
	case <-waiting.Done():
		return w.gaveUp(ctx)
	}
	timer := time.NewTimer(t.token.Delay())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-waiting.Done():
		if t.token.Delay() > 0 {
			return w.gaveUp(ctx)
		}
		// Both at once: a token whose time has come cannot be given back.
	}
	goesOn = true
	return nil
}

// gaveUp returns the error of a call that did not get its token in time. That
// its deadline has passed is not the fault of the server, which was not called.
func (w *Waiter) gaveUp(ctx context.Context) error {
	if canceled(ctx) {
		return ended.Err(ctx)
	}
	return w.reject(ctx, "waiter", retryAfter(untilTokens(w.lim, 1)))
}

// leave takes a call out of the line, whose next one is then the first. It gives
// the token of a first one back that does not go on.
func (w *Waiter) leave(place *list.Element, goesOn bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.Remove(place)
	t := place.Value.(*turn)
	if t.token == nil {
		return
	}
	if !goesOn {
		t.token.Cancel()
	}
	if next := w.line.Front(); next != nil {
		w.lead(next)
	}
}

package resilience

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
	"github.com/typedkit/endpoint/internal/fork"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Coalescer lets calls with equal keys that are made at the same time share one
// call, a flight, and its result (as golang.org/x/sync/singleflight does, with
// contexts of its own). The first caller's request is the one that is sent.
//
// A flight belongs to all its callers. Its context has the values of the first
// caller's but neither its cancellation nor its deadline. A caller that gives up
// gets the error of its own context at once, and no other caller notices. When the
// last one has given up, the flight is cancelled, and the next caller starts another.
// So a flight has no deadline that a next hop could be told of; a [Timeout] inside
// sets one:
//
//	endpoint.Chain(e, resilience.Coalesce(byID).Wrap, timeout.Wrap)
//
// A flight has an endpoint.Call of its own. Its peer, its principal, its priority and
// its header are those of the first caller, copied when the flight starts. Whatever
// the flight sets in the reply, cookies included, is copied to the reply of each
// caller that gets its result, on the caller's own transport. A caller does not join
// a flight of a lower priority: it starts another, which callers after it join.
//
// A flight may run on when the first caller's call is over. A value of the context that
// its owner uses again by then, such as the RouteContext of chi, is not for a flight.
//
// A panic in the flight continues in each of its callers. All get the same
// response, so changing what it points to changes it for the others. Calls share a flight
// only if the same caller was proven for each, with the same scopes, or none for any (see
// package auth). What else depends on the caller must be part of the key, since the flight
// runs for the first one.
//
// Make a Coalescer with [Coalesce] and use its Wrap, which is a middleware; that of
// the zero Coalescer refuses every call. What different endpoints do is never
// shared. It is safe for concurrent use.
//
// Events of the source "coalesce": "joined", when a caller joins a flight. Its
// gauges are "flights" and "waiting", the callers of all flights.
type Coalescer[Req any, K comparable] struct {
	common
	key     func(Req) K
	flights atomic.Int64
	waiting atomic.Int64
}

// Coalesce returns a Coalescer of calls whose requests have the same key. Req is
// the type of the request, K that of the key. A nil key is a fault.
func Coalesce[Req any, K comparable](key func(req Req) K, opts ...Option) *Coalescer[Req, K] {
	c := &Coalescer[Req, K]{by: "Coalesce", key: key}
	c.check(key != nil, "the key is nil")
	configure(&c.common, opts, Option.apply)
	return c
}

// Err returns the faults of the construction, or nil.
func (c *Coalescer[Req, K]) Err() error { return errOf(c, "Coalescer", "Coalesce") }

// Gauges yields the state of c.
func (c *Coalescer[Req, K]) Gauges(yield func(endpoint.Gauge) bool) {
	_ = yield(endpoint.Gauge{Source: "coalesce", Name: c.name, Metric: "flights", Value: float64(c.flights.Load())}) &&
		yield(endpoint.Gauge{Source: "coalesce", Name: c.name, Metric: "waiting", Value: float64(c.waiting.Load())})
}

// Wrap returns next such that calls of it with the same key share one. Resp is
// the type of its response. A response that can be had once only cannot be
// shared: with a [endpoint.Stream] or an io.Closer for Resp, or a Stream for
// Req, each call is refused with that fault.
func (c *Coalescer[Req, K]) Wrap[Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	if err := errors.Join(c.Err(), unshared[Req, Resp]()); err != nil {
		return endpoint.Stack{faulty{err}}.Wrap(next)
	}
	g := &group[Req, Resp, K]{policy: c, next: next, flights: make(map[flightKey[K]]*flight[Resp])}
	return g.call
}

// unshared says why nobody can share a call with these types.
func unshared[Req, Resp any]() error {
	resp := reflect.TypeFor[Resp]()
	switch {
	case isStream[Req]():
		return fmt.Errorf("resilience: Coalesce: the request, a %v, is a stream of one caller", reflect.TypeFor[Req]())
	case isStream[Resp](), resp.Implements(reflect.TypeFor[io.Closer]()):
		return fmt.Errorf("resilience: Coalesce: the response, a %v, can be had by one caller only", resp)
	}
	return nil
}

// group is the flights of one endpoint.
type group[Req, Resp any, K comparable] struct {
	policy *Coalescer[Req, K]
	next   endpoint.Endpoint[Req, Resp]

	mu      sync.Mutex // guards the fields below
	flights map[flightKey[K]]*flight[Resp]
}

// A flightKey is the key of a request, and who asks. See decision 201.
type flightKey[K comparable] struct {
	key    K
	caller string
}

// flight is one call and those who wait for it. See decisions 46 and 131.
type flight[Resp any] struct {
	done    chan struct{} // closed when the fields below it are set
	resp    Resp
	err     error
	panic   *endpoint.PanicError
	cancel  context.CancelFunc
	waiting int // guarded by the group's mu

	// Read-only.
	calls    fork.Calls // nil if the first caller belongs to no Call
	priority Priority
}

// serves reports whether a call under ctx may get the result of f: a flight without a
// Call has no reply for it.
func (f *flight[Resp]) serves(ctx context.Context) bool {
	return f.priority >= PriorityFrom(ctx) && (f.calls != nil || endpoint.CallFrom(ctx) == nil)
}

func (g *group[Req, Resp, K]) call(ctx context.Context, req Req) (Resp, error) {
	if ctx.Err() != nil {
		return *new(Resp), mark.Never(ended.Err(ctx)) // nothing was called
	}
	key := flightKey[K]{g.policy.key(req), endpoint.Incoming(ctx).Identity()}
	f, joined := g.join(ctx, key, req)
	g.policy.waiting.Add(1)
	defer g.policy.waiting.Add(-1)
	if joined {
		g.policy.emit(ctx, endpoint.Event{Source: "coalesce", Kind: "joined"})
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		if !g.leave(key, f) {
			return *new(Resp), ended.Err(ctx)
		}
	}
	return f.result(ctx)
}

// join finds the flight of a key, or starts it.
func (g *group[Req, Resp, K]) join(ctx context.Context, key flightKey[K], req Req) (f *flight[Resp], joined bool) {
	g.mu.Lock()
	defer g.mu.Unlock() // deferred: a key that is an interface may panic in the map
	if f, ok := g.flights[key]; ok && f.serves(ctx) {
		f.waiting++
		return f, true
	}
	f = &flight[Resp]{done: make(chan struct{}), waiting: 1, priority: PriorityFrom(ctx)}
	if key == key { // a NaN would never be found again, nor deleted
		g.flights[key] = f
	}
	ctx, f.calls = fork.Of(ctx)
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	g.policy.flights.Add(1)
	go g.fly(ctx, f, key, req)
	return f, false
}

// leave gives the flight up, and cancels it when nobody waits any more. It
// reports whether the result is there after all.
func (g *group[Req, Resp, K]) leave(key flightKey[K], f *flight[Resp]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-f.done:
		return true
	default:
	}
	if f.waiting--; f.waiting == 0 {
		g.forget(key, f)
		f.cancel()
	}
	return false
}

// forget has the next caller begin another flight. The caller holds mu.
func (g *group[Req, Resp, K]) forget(key flightKey[K], f *flight[Resp]) {
	if g.flights[key] == f {
		delete(g.flights, key)
	}
}

// fly makes the call, on a goroutine that ends with it.
func (g *group[Req, Resp, K]) fly(ctx context.Context, f *flight[Resp], key flightKey[K], req Req) {
	returned := false
	defer func() {
		if !returned {
			f.panic = endpoint.NewPanicError(recover())
			f.err = f.panic
		}
		if f.calls != nil {
			f.calls.Settle()
		}
		f.cancel()
		g.policy.flights.Add(-1)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.forget(key, f)
		close(f.done)
	}()
	f.resp, f.err = g.next(ctx, req)
	returned = true
}

// result returns the outcome of the flight to the caller with ctx. A panic continues.
func (f *flight[Resp]) result(ctx context.Context) (Resp, error) {
	if f.calls != nil {
		f.calls.Adopt(ctx)
	}
	if f.panic != nil && f.panic.Value != nil {
		panic(f.panic.Value)
	}
	return f.resp, f.err
}

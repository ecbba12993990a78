package endpointtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
)

// patience is how long Layer waits for what must happen at once. In a bubble it
// is fake.
const patience = 10 * time.Second

// Layer checks that l keeps its part of the laws that [endpoint.Stack] relies
// on, and reports each breach by tb.Errorf:
//
//   - Enter works without a Call in the context. Its context is not nil, holds
//     the values of the one given, and ends with it.
//   - A call that waits in Enter gives up when its context ends.
//   - Exit works after a success and after every kind of error, after a panic
//     and runtime.Goexit, a break out of a stream, many times, while other
//     calls run, and in another order than their Enter.
//   - A [endpoint.Resolver] gives each operation nil or a layer that keeps the
//     laws, too; a [endpoint.Streamer] stands items of both directions at once;
//     a [endpoint.Repeater] stops when the context of the call has ended; a
//     [endpoint.Hedger] waits for no negative time.
//   - A layer with faults of its construction, which it tells by a method
//     Err() error, refuses every call.
//
// Run it under the race detector: a layer that keeps a call's state anywhere
// but in the context and the Token is found by that. A layer that waits is
// best checked in a testing/synctest bubble.
//
// A layer may refuse calls and replace errors as it likes. What it refuses
// cannot be checked, so give it room for a few hundred calls. A layer that
// needs something of the call, such as a credential, is checked behind one
// that provides it: Layer(tb, endpoint.Stack{provide, l}).
func Layer(tb testing.TB, l endpoint.Layer) {
	tb.Helper()
	c := &checker{t: tb, layer: l, name: fmt.Sprintf("%T", l)}
	if l == nil {
		c.errorf("the layer is nil")
		return
	}
	if f, ok := l.(interface{ Err() error }); ok && f.Err() != nil {
		c.faulty()
		return
	}
	c.laws()
	r, ok := l.(endpoint.Resolver)
	if !ok {
		return
	}
	for _, op := range operations() {
		c := &checker{t: tb, name: fmt.Sprintf("%T for operation %q", l, op.Name)}
		c.guarded("For", func() { c.layer = r.For(op) })
		if c.layer != nil {
			c.laws()
		}
	}
}

// operations returns one operation of each kind; the first has nothing set.
func operations() []*endpoint.Operation {
	return []*endpoint.Operation{
		{},
		{Service: "Profiles", Name: "Get", Transport: "http", Method: "GET", Pattern: "/profiles/{id}", Idempotent: true},
		{Service: "Profiles", Name: "Watch", Transport: "grpc", Method: "/pb.Profiles/Watch", Streams: endpoint.ServerStream},
		{Service: "Profiles", Name: "Upload", Transport: "grpc", Method: "/pb.Profiles/Upload", Streams: endpoint.ClientStream},
		{Service: "Profiles", Name: "Sync", Transport: "grpc", Method: "/pb.Profiles/Sync", Streams: endpoint.Bidi},
	}
}

// checker checks one layer.
type checker struct {
	t        testing.TB
	layer    endpoint.Layer
	name     string
	admitted atomic.Int64
	broken   atomic.Bool // further checks make no sense

	mu   sync.Mutex // guards the field below
	told []string
}

// errorf reports a breach once, however many calls show it.
func (c *checker) errorf(format string, args ...any) {
	c.t.Helper()
	text := fmt.Sprintf(format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.told, text) {
		c.told = append(c.told, text)
		c.t.Errorf("endpointtest: %s: %s", c.name, text)
	}
}

// laws runs all checks, up to one that shows that others would only repeat what
// it found, or never end. Those that a policy may count as failures come last,
// so that a breaker is still closed for the others.
func (c *checker) laws() {
	c.t.Helper()
	checks := []func(){c.context, c.ended, c.items, c.again, c.delay, c.streams, c.interleaved, c.concurrent}
	success := outcomes()[0]
	for _, o := range outcomes() {
		checks = append(checks, func() { c.exit(o) }, func() { c.call(o) }, func() { c.call(success) })
	}
	checks = append(checks, c.panics, c.goexit, func() { c.call(success) })
	for _, check := range checks {
		if check(); c.broken.Load() {
			return
		}
	}
	if c.admitted.Load() == 0 {
		c.t.Logf("endpointtest: %s refuses every call: its Exit was not checked", c.name)
	}
}

// outcome is a way for a call to end.
type outcome struct {
	name string
	err  error
}

// outcomes returns the ways for a call to end, the success first.
func outcomes() []outcome {
	failed := errors.New("failed")
	return []outcome{
		{"a success", nil},
		{"a cancellation", context.Canceled},
		{"a break", endpoint.ErrStopped},
		{"a coded error", endpoint.Errorf(endpoint.NotFound, "not found")},
		{"an error without a code", failed},
		{"several errors", errors.Join(failed, context.DeadlineExceeded)},
		{"a deadline", context.DeadlineExceeded},
		{"an error before sending", endpoint.MarkNotSent(failed)},
		{"an error of a server that is down", endpoint.Errorf(endpoint.Unavailable, "down")},
		{"a panic", &endpoint.PanicError{Value: "failed"}},
	}
}

// guarded calls f and reports its panic as one of what.
func (c *checker) guarded(what string, f func()) {
	c.t.Helper()
	if v, panicked := caught(f); panicked {
		c.broken.Store(true)
		c.errorf("%s panics: %v", what, v)
	}
}

// caught calls f and returns the value that it panicked with.
func caught(f func()) (value any, panicked bool) {
	defer func() {
		if panicked {
			value = recover()
		}
	}()
	panicked = true
	f()
	return nil, false
}

// enter enters the layer by hand. ok is false for a refusal.
func (c *checker) enter(ctx context.Context) (inner context.Context, tok endpoint.Token, ok bool) {
	c.t.Helper()
	c.guarded("Enter", func() {
		var err error
		inner, tok, err = c.layer.Enter(ctx)
		ok = err == nil
	})
	if !ok {
		return ctx, tok, false
	}
	c.admitted.Add(1)
	if inner == nil {
		c.errorf("Enter returns a nil context")
		inner = ctx
	}
	return inner, tok, true
}

// leave exits the layer by hand.
func (c *checker) leave(ctx context.Context, tok endpoint.Token, o outcome) {
	c.t.Helper()
	c.guarded("Exit after "+o.name, func() { _ = c.layer.Exit(ctx, tok, o.err) })
}

// exit enters and exits by hand, without a Call in the context.
func (c *checker) exit(o outcome) {
	c.t.Helper()
	if ctx, tok, ok := c.enter(context.Background()); ok {
		c.leave(ctx, tok, o)
	}
}

type valueKey struct{}

// context checks that the context of Enter is derived from the one given.
func (c *checker) context() {
	c.t.Helper()
	value := new(int) // compared by its address
	ctx, cancel := context.WithCancel(context.WithValue(c.t.Context(), valueKey{}, value))
	defer cancel()
	inner, tok, ok := c.enter(ctx)
	if !ok {
		return
	}
	if inner.Value(valueKey{}) != value {
		c.errorf("the context of Enter lacks a value of the one given")
	}
	cancel()
	if !inTime(inner.Done()) {
		c.errorf("the context of Enter goes on after the end of the one given")
	}
	c.leave(inner, tok, outcome{"a cancellation", context.Canceled})
}

// ended checks that Enter does not wait under a context that has ended.
func (c *checker) ended() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if inner, tok, ok := c.enter(ctx); ok {
			c.leave(inner, tok, outcome{"a cancellation", context.Canceled})
		}
	}()
	if !inTime(done) {
		c.broken.Store(true)
		c.errorf("Enter waits although the context has ended")
	}
}

// interleaved checks calls that overlap on one goroutine, and end in the order
// that they began in and in the other.
func (c *checker) interleaved() {
	c.t.Helper()
	type entered struct {
		ctx context.Context
		tok endpoint.Token
		ok  bool
	}
	for _, order := range [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		// A layer that lets one call in at a time must give the others up.
		ctx, cancel := context.WithTimeout(c.t.Context(), 100*time.Millisecond)
		var calls [3]entered
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range calls {
				e := &calls[i]
				e.ctx, e.tok, e.ok = c.enter(context.WithValue(ctx, valueKey{}, i))
			}
		}()
		if !inTime(done) {
			c.broken.Store(true)
			c.errorf("Enter waits for the Exit of another call although its own context has ended")
			cancel()
			return
		}
		for _, i := range order {
			if e := calls[i]; e.ok {
				if got := e.ctx.Value(valueKey{}); got != i {
					c.errorf("calls that overlap share their contexts")
				}
				c.leave(e.ctx, e.tok, outcomes()[0])
			}
		}
		cancel()
	}
}

// concurrent runs calls side by side, for the race detector above all.
func (c *checker) concurrent() {
	c.t.Helper()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				c.call(outcomes()[0])
				c.call(outcomes()[1])
			}
		})
	}
	wg.Wait()
}

// call runs a call that ends so through a stack of the layer.
func (c *checker) call(o outcome) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	var ran atomic.Int64
	e := func(_ context.Context, n int) (int, error) {
		ran.Add(1)
		if o.err != nil {
			cancel() // nobody repeats it
			return 0, o.err
		}
		return n, nil
	}
	var got int
	var err error
	c.guarded("a call that ends with "+o.name, func() { got, err = endpoint.Stack{c.layer}.Wrap(e)(ctx, 7) })
	c.admitted.Add(ran.Load())
	switch {
	case ran.Load() == 0 && err == nil:
		c.errorf("a call neither runs nor is refused")
	case o.err != nil && err == nil:
		c.errorf("the error of a call is lost: %v", o.err)
	case err != nil && got != 0:
		c.errorf("a call that fails has a response")
	case err == nil && got != 7:
		c.errorf("a call has another response")
	}
}

// panics checks that a panic passes through the layer.
func (c *checker) panics() {
	c.t.Helper()
	value := new(int) // compared by its address
	var ran atomic.Int64
	e := func(context.Context, int) (int, error) {
		ran.Add(1)
		panic(value)
	}
	got, panicked := caught(func() { _, _ = endpoint.Stack{c.layer}.Wrap(e)(c.t.Context(), 7) })
	switch {
	case ran.Load() == 0 && panicked:
		c.errorf("Enter panics: %v", got)
	case ran.Load() > 0 && got != value:
		c.errorf("a panic of the call comes out as %v", got)
	}
}

// goexit checks a call that leaves its goroutine.
func (c *checker) goexit() {
	c.t.Helper()
	e := func(context.Context, int) (int, error) {
		runtime.Goexit()
		return 0, nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.guarded("Exit after runtime.Goexit", func() { _, _ = endpoint.Stack{c.layer}.Wrap(e)(c.t.Context(), 7) })
	}()
	if !inTime(done) {
		c.errorf("Exit waits after runtime.Goexit")
	}
}

// inTime reports whether done is closed before patience ends.
func inTime(done <-chan struct{}) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

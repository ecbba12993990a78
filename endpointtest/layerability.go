package endpointtest

import (
	"context"
	"errors"
	"sync"

	"github.com/typedkit/endpoint"
)

// faulty checks that a layer with faults of its construction refuses all calls.
func (c *checker) faulty() {
	c.t.Helper()
	ran := false
	e := func(ctx context.Context, n int) (int, error) {
		ran = true
		return n, ctx.Err()
	}
	var got int
	var err error
	c.guarded("a call", func() { got, err = endpoint.Stack{c.layer}.Wrap(e)(c.t.Context(), 7) })
	if ran || err == nil || got != 0 {
		c.errorf("it has faults of its construction and lets calls pass")
	}
}

// streams checks streams that end, break off, fail and panic.
func (c *checker) streams() {
	c.t.Helper()
	failed := errors.New("failed")
	source := func(context.Context, int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			if yield(1, nil) && yield(2, nil) {
				yield(0, failed)
			}
		}, nil
	}
	wrapped := endpoint.Stack{c.layer}.Wrap(source)
	open := func() endpoint.Stream[int] {
		s, err := wrapped(c.t.Context(), 7)
		if err != nil {
			c.errorf("opening a stream fails before anybody ranges over it: %v", err)
		}
		return s
	}
	c.guarded("a stream that fails", func() {
		if _, err := open().Collect(); err == nil {
			c.errorf("the error of a stream is lost")
		}
	})
	c.guarded("a break out of a stream", func() {
		for _, err := range open() {
			_ = err // a refusal, perhaps
			break
		}
	})
	value := new(int) // compared by its address
	got, panicked := caught(func() {
		for _, err := range open() {
			if err == nil {
				panic(value)
			}
		}
	})
	if panicked && got != value {
		c.errorf("a panic of a stream's reader comes out as %v", got)
	}
}

// items checks the items of a call with a stream on both sides.
func (c *checker) items() {
	c.t.Helper()
	s, ok := c.layer.(endpoint.Streamer)
	if !ok {
		return
	}
	ctx, tok, ok := c.enter(c.t.Context())
	if !ok {
		return
	}
	var wg sync.WaitGroup
	for range 2 { // the request's and the response's
		wg.Go(func() {
			for range 10 {
				c.guarded("Item", func() { _ = s.Item(ctx, tok) })
			}
		})
	}
	wg.Wait()
	c.leave(ctx, tok, outcomes()[0])
}

// again checks that nothing is repeated under a context that has ended.
func (c *checker) again() {
	c.t.Helper()
	r, ok := c.layer.(endpoint.Repeater)
	if !ok {
		return
	}
	for _, o := range outcomes()[1:] {
		if _, panicked := errors.AsType[*endpoint.PanicError](o.err); panicked {
			continue // Again is not asked
		}
		ctx, cancel := context.WithCancel(c.t.Context())
		inner, tok, ok := c.enter(ctx)
		cancel()
		if !ok {
			continue
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.guarded("Again after "+o.name, func() { inner, tok = c.once(inner, r, tok, o.err) })
		}()
		if !inTime(done) {
			c.broken.Store(true)
			c.errorf("Again waits although the context has ended")
			return
		}
		c.leave(inner, tok, o)
	}
}

// once asks r and returns what Exit is to get.
func (c *checker) once(ctx context.Context, r endpoint.Repeater, tok endpoint.Token, err error) (context.Context, endpoint.Token) {
	c.t.Helper()
	next, tok, again := r.Again(ctx, tok, err)
	if again {
		c.broken.Store(true) // the calls of other checks might never end
		c.errorf("Again repeats a call whose context has ended")
	}
	if next == nil {
		next = ctx
	}
	return next, tok
}

// delay checks what a Hedger wants to wait.
func (c *checker) delay() {
	c.t.Helper()
	h, ok := c.layer.(endpoint.Hedger)
	if !ok {
		return
	}
	ctx, tok, ok := c.enter(c.t.Context())
	if !ok {
		return
	}
	for started := 1; started <= 5; started++ {
		c.guarded("Delay", func() {
			if d, more := h.Delay(ctx, started); more && d < 0 {
				c.errorf("Delay with %d attempts started is %v", started, d)
			}
		})
	}
	c.leave(ctx, tok, outcomes()[0])
}

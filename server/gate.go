package server

import (
	"context"
	"sync"
)

// A gate holds calls that can be cancelled together.
type gate struct {
	cause error

	mu     sync.Mutex // guards the fields below
	first  *flight
	closed bool
}

// A flight is one call that a gate holds.
type flight struct {
	cancel     context.CancelCauseFunc
	prev, next *flight
}

// enter returns the context of a call that the gate can cancel, or false if it is closed.
func (g *gate) enter(ctx context.Context) (context.Context, *flight, bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	f := &flight{cancel: cancel}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		cancel(g.cause)
		return nil, nil, false
	}
	if f.next = g.first; f.next != nil {
		f.next.prev = f
	}
	g.first = f
	return ctx, f, true
}

// leave is called at the end of a call.
func (g *gate) leave(f *flight) {
	f.cancel(nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.next != nil {
		f.next.prev = f.prev
	}
	if f.prev != nil {
		f.prev.next = f.next
	} else if g.first == f {
		g.first = f.next
	}
}

// close cancels all calls, and lets no other one in. It returns how many there were.
func (g *gate) close() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for f := g.first; f != nil; f = f.next {
		f.cancel(g.cause)
		n++
	}
	return n
}

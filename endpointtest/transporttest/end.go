package transporttest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/typedkit/endpoint"
)

// An End has the options of one end of a transport, a server or a client.
type End struct {
	// Layers go around every endpoint of the end, the first outermost, as the
	// option Use of a transport does it. The stack may be empty.
	Layers endpoint.Stack
	// Hook is the error hook of a server: the transport calls it once for each
	// call that fails, with the whole error and the context of the call. It is
	// set in the End of every server, and nil in that of a client.
	Hook func(ctx context.Context, err error)
	// MaxMessage is the largest size in bytes of a request, or of an item of a
	// request stream, that the server accepts. It is positive, and equal on both
	// ends.
	MaxMessage int
	// Cleanup registers a function that stops the server or closes the client.
	// The functions of an end run once, the last one first: when the case is
	// over, or before that when a case needs a server that has stopped.
	Cleanup func(f func())

	targets *targets
}

// Counted returns a target that counts the calls of Acquire and Release of to.
// A client is built with the result in place of to. A transport without targets
// does not call Counted, and has the limits [Releases] and [Acquires]. C is the
// type of the transport's connections.
func (e End) Counted[C any](to endpoint.Target[C]) endpoint.Target[C] {
	if e.targets == nil {
		return to
	}
	return &counted[C]{to, e.targets}
}

// counted is a Target that counts in targets.
type counted[C any] struct {
	to      endpoint.Target[C]
	targets *targets
}

// Err returns the faults of the target's construction.
func (c *counted[C]) Err() error {
	if f, ok := c.to.(interface{ Err() error }); ok {
		return f.Err()
	}
	return nil
}

// For returns the target of one operation.
func (c *counted[C]) For(op *endpoint.Operation) endpoint.Target[C] {
	if f, ok := c.to.(interface {
		For(op *endpoint.Operation) endpoint.Target[C]
	}); ok {
		return &counted[C]{f.For(op), c.targets}
	}
	return c
}

// Acquire acquires a connection unless the case refuses it.
func (c *counted[C]) Acquire(ctx context.Context) (C, endpoint.Token, error) {
	if err := c.targets.refuse(ctx); err != nil {
		return *new(C), endpoint.Token{}, err
	}
	conn, token, err := c.to.Acquire(ctx)
	if err != nil {
		return conn, token, err
	}
	return conn, c.targets.acquire(ctx, token), nil
}

// Release releases the connection if t is held.
func (c *counted[C]) Release(t endpoint.Token, err error) {
	if inner, ok := c.targets.release(t, err); ok {
		c.to.Release(inner, err)
	}
}

// targets counts the attempts of one client.
type targets struct {
	refusal func(ctx context.Context) error // called before Acquire; may be nil

	mu       sync.Mutex // guards the fields below
	leases   []*lease
	outcomes []error // in the order of Release
	faults   []string
}

// lease is one Acquire that succeeded.
type lease struct {
	inner    endpoint.Token
	call     *endpoint.Call // of the context that Acquire got
	value    any            // of the key layerKey in that context
	released bool
}

func (t *targets) refuse(ctx context.Context) error {
	if t.refusal == nil {
		return nil
	}
	return t.refusal(ctx)
}

func (t *targets) acquire(ctx context.Context, inner endpoint.Token) endpoint.Token {
	l := &lease{inner: inner, call: endpoint.CallFrom(ctx), value: ctx.Value(layerKey{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leases = append(t.leases, l)
	return endpoint.Token{P: l}
}

func (t *targets) release(tok endpoint.Token, err error) (inner endpoint.Token, ok bool) {
	l, ok := tok.P.(*lease)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !ok:
		t.faults = append(t.faults, "Release got a token that Acquire did not return")
		return endpoint.Token{}, false
	case l.released:
		t.faults = append(t.faults, "an attempt was released twice")
		return endpoint.Token{}, false
	}
	l.released = true
	t.outcomes = append(t.outcomes, err)
	return l.inner, true
}

// count returns how many attempts were acquired and released.
func (t *targets) count() (acquired, released int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.leases), len(t.outcomes)
}

// released returns the outcomes of the attempts that were released.
func (t *targets) released() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.outcomes)
}

// lastLease returns the attempt that was acquired last.
func (t *targets) lastLease() (*lease, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.leases) == 0 {
		return nil, false
	}
	return t.leases[len(t.leases)-1], true
}

// problem returns a fault, or "" if there is none. An attempt that is still in
// flight is one.
func (t *targets) problem() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case len(t.faults) > 0:
		return t.faults[0]
	case len(t.leases) != len(t.outcomes):
		return fmt.Sprintf("%d attempts were acquired and %d released", len(t.leases), len(t.outcomes))
	}
	return ""
}

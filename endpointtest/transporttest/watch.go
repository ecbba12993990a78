package transporttest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// layerKey is the key of the context value that layers of cases set.
type layerKey struct{}

// A watch is the outermost layer of an end. It checks that each Enter has one
// Exit, and records the facts of the Call at Exit.
type watch struct {
	ends chan ending // in the order of Exit

	mu      sync.Mutex // guards the fields below
	entered int
	exited  int
	faults  []string
}

func newWatch() *watch { return &watch{ends: make(chan ending, 1<<14)} }

// An ending is a call at its Exit.
type ending struct {
	err   error
	facts facts
}

// facts are those of a Call.
type facts struct {
	op            *endpoint.Operation
	side          endpoint.Side
	attempt       int
	requestBytes  int64
	responseBytes int64
	status        int // of the error, or of the success
	peer          string
	header, reply map[string][]string
}

// visit is one Enter.
type visit struct{ exits atomic.Int32 }

// Enter counts a call.
func (w *watch) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.entered++
	return ctx, endpoint.Token{P: new(visit)}, nil
}

// Exit records the end of a call.
func (w *watch) Exit(ctx context.Context, t endpoint.Token, err error) error {
	v, ok := t.P.(*visit)
	switch {
	case !ok:
		w.fault("Exit got a token that Enter did not return")
		return err
	case v.exits.Add(1) > 1:
		w.fault("Exit of a layer ran twice for one Enter")
		return err
	}
	e := ending{err, factsOf(endpoint.CallFrom(ctx), err)}
	w.mu.Lock()
	w.exited++
	w.mu.Unlock()
	select {
	case w.ends <- e:
	default: // no case reads so many
	}
	return err
}

func (w *watch) fault(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, text)
}

// calls returns how many calls entered.
func (w *watch) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.entered
}

// problem returns a fault, or "" if there is none. A call that is still in flight
// is one.
func (w *watch) problem() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(w.faults) > 0:
		return w.faults[0]
	case w.entered != w.exited:
		return fmt.Sprintf("Enter of a layer ran %d times and Exit %d times", w.entered, w.exited)
	}
	return ""
}

// factsOf returns the facts of a call that ends with err. Without a status if err
// panics when it is examined.
func factsOf(call *endpoint.Call, err error) (f facts) {
	f = facts{
		op: call.Operation(), side: call.Side(), attempt: call.Attempt(),
		requestBytes: call.RequestBytes(), responseBytes: call.ResponseBytes(), peer: call.Peer(),
		header: copied(call.Header()), reply: copied(call.Reply()),
	}
	defer func() { _ = recover() }()
	f.status = call.Status(err)
	return f
}

func copied(h *endpoint.Header) map[string][]string {
	all := map[string][]string{}
	for key, values := range h.All() {
		all[lower(key)] = slices.Clone(values)
	}
	return all
}

// A layer is a layer of up to two functions.
type layer struct {
	enter func(ctx context.Context) (context.Context, error)
	exit  func(ctx context.Context, err error) error
}

func (l *layer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if l.enter == nil {
		return ctx, endpoint.Token{}, nil
	}
	ctx, err := l.enter(ctx)
	return ctx, endpoint.Token{}, err
}

func (l *layer) Exit(ctx context.Context, _ endpoint.Token, err error) error {
	if l.exit == nil {
		return err
	}
	return l.exit(ctx, err)
}

// refusing returns a layer that refuses every call.
func refusing(err error) endpoint.Layer {
	return &layer{enter: func(ctx context.Context) (context.Context, error) { return ctx, err }}
}

// exiting returns a layer whose Exit returns the result of exit.
func exiting(exit func(err error) error) endpoint.Layer {
	return &layer{exit: func(_ context.Context, err error) error { return exit(err) }}
}

// timing returns a layer that sets a deadline after d.
func timing(d time.Duration) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		return ctx, func(err error) error { cancel(); return err }, nil
	})
}

// repeating is a Repeater that makes up to times attempts.
type repeating struct {
	layer
	times int64
}

func (*repeating) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{N: 1}, nil
}

func (r *repeating) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, endpoint.Token{N: t.N + 1}, t.N < r.times
}

// hedging is a Hedger that starts a second attempt after a delay.
type hedging struct {
	layer
	after time.Duration
}

func (h *hedging) Delay(_ context.Context, started int) (time.Duration, bool) {
	return h.after, started == 1
}

// itemCount is a Streamer that counts the items of all calls, and rejects those
// beyond a limit.
type itemCount struct {
	layer
	n     atomic.Int64
	limit int64 // 0 means none
	err   error // of the items beyond it
}

func (c *itemCount) Item(context.Context, endpoint.Token) error {
	if n := c.n.Add(1); c.limit > 0 && n > c.limit {
		return c.err
	}
	return nil
}

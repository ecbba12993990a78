package resilience

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// A BreakerState is the state of a [Breaker].
type BreakerState uint8

// The states of a Breaker.
const (
	Closed   BreakerState = 0 // calls pass
	HalfOpen BreakerState = 1 // some calls pass, as probes
	Open     BreakerState = 2 // no call passes
)

// String returns "closed", "half-open" or "open".
func (s BreakerState) String() string {
	switch s {
	case Closed:
		return "closed"
	case HalfOpen:
		return "half-open"
	}
	return "open"
}

// A circuit is one state of a Breaker, with what decides the next one.
//
// All that belongs to a generation is in its period. A change of state swaps the
// period for a new one, which only one goroutine can do; whoever holds an old
// period counts into nothing. See decision 34.
type circuit struct {
	b       *Breaker
	op      *endpoint.Operation // nil: of no single one
	slow    time.Duration       // a success that took longer is a failure; 0: none is
	current atomic.Pointer[period]
	events  eventQueue // of the changes of state
}

func newCircuit(b *Breaker, op *endpoint.Operation) *circuit {
	c := &circuit{b: b, op: op}
	if b.slow > 0 && (op == nil || op.Streams == endpoint.Unary) {
		c.slow = b.slow
	}
	c.current.Store(c.newPeriod(Closed))
	return c
}

// period is the time that a circuit spends in one state: its generation.
type period struct {
	state     BreakerState  // read-only
	until     time.Duration // Open: when the cooldown ends; read-only
	idle      atomic.Bool   // Closed: a success changes nothing
	successes *batch        // Closed: those that the window, one of time, does not have yet; may be nil; read-only

	mu     sync.Mutex    // guards the fields below, and the batch
	window window        // Closed: the calls that count
	probes int           // HalfOpen: that run or have succeeded
	passed int           // HalfOpen: that have succeeded
	latest time.Duration // HalfOpen: when the latest was admitted
}

// probe is a call in a period that is half-open.
type probe struct {
	of      *period
	settled bool // guarded by of.mu
}

func (c *circuit) newPeriod(s BreakerState) *period {
	p := &period{state: s}
	switch s {
	case Open:
		p.until = c.b.now() + c.b.cooldown
	case Closed:
		p.window = c.b.window()
		if w, ok := p.window.(*recent); ok {
			p.successes = &batch{window: w}
		}
	}
	return p
}

// window returns a new window of the kind that the rules ask for.
func (r *rules) window() window {
	switch {
	case r.last > 0:
		return newLastCalls(r.last)
	case r.span > 0 && r.ratio > 0:
		return newRecent(r.span)
	case r.span > 0:
		return &recentFailures{*newRecent(r.span)}
	}
	return &inARow{}
}

func (c *circuit) state() BreakerState { return c.current.Load().state }

// Enter admits a call. Its Token holds the period, or the probe, that it belongs
// to, and when it began if that matters.
func (c *circuit) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	t := endpoint.Token{}
	if c.slow > 0 {
		t.N = int64(c.b.now())
	}
	if p := c.current.Load(); p.state == Closed {
		t.P = p
		return ctx, t, nil
	}
	var err error
	t.P, err = c.knock(ctx)
	return ctx, t, err
}

// knock admits a call to a circuit that was not closed, or rejects it.
func (c *circuit) knock(ctx context.Context) (any, error) {
	for {
		now := c.b.now()
		p := c.current.Load()
		switch p.state {
		case Closed:
			return p, nil
		case Open:
			if now < p.until {
				return nil, c.reject(ctx, p.until-now)
			}
			c.turn(ctx, p, HalfOpen, nil)
		case HalfOpen:
			admitted, overdue := p.admit(now, c.b.probes, c.b.probeTime)
			if admitted != nil {
				return admitted, nil
			}
			if !overdue {
				return nil, c.reject(ctx, 0)
			}
			c.turn(ctx, p, Open, nil)
		}
	}
}

// admit returns a probe if there is room for one. overdue says that those that
// run have taken too long.
func (p *period) admit(now time.Duration, most int, patience time.Duration) (admitted *probe, overdue bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.probes == most {
		return nil, now-p.latest >= patience
	}
	p.probes++
	p.latest = now
	return &probe{of: p}, false
}

func (c *circuit) reject(ctx context.Context, after time.Duration) error {
	after = (after + time.Millisecond - 1).Truncate(time.Millisecond)
	c.b.emit(ctx, endpoint.Event{Source: "breaker", Kind: "rejected", Operation: c.op, Delay: after})
	return ErrOpen.WithRetryAfter(after)
}

// Exit settles a call.
func (c *circuit) Exit(ctx context.Context, t endpoint.Token, err error) error {
	switch p := t.P.(type) {
	case *period:
		o := succeeded
		if err != nil || c.slow > 0 {
			o = c.outcome(t, err)
		}
		if o != succeeded || !c.succeed(p) {
			c.settle(ctx, p, o, err)
		}
	case *probe:
		c.settleProbe(ctx, p, c.outcome(t, err), err)
	}
	return err
}

// Item settles the probe of a stream of responses: the server answers. It says
// nothing of other streams, whose items may be those of the request.
func (c *circuit) Item(ctx context.Context, t endpoint.Token) error {
	if c.operation(ctx).Streams == endpoint.ServerStream {
		c.settleItem(ctx, t)
	}
	return nil
}

func (c *circuit) settleItem(ctx context.Context, t endpoint.Token) {
	if p, ok := t.P.(*probe); ok {
		c.settleProbe(ctx, p, succeeded, nil)
	}
}

func (c *circuit) operation(ctx context.Context) *endpoint.Operation {
	if c.op != nil {
		return c.op
	}
	return endpoint.CallFrom(ctx).Operation()
}

// neverSlow is the beginning of a call that may take as long as it wants.
const neverSlow = -1

func (c *circuit) outcome(t endpoint.Token, err error) outcome {
	o := c.b.judge.of(err)
	if o == succeeded && c.slow > 0 && t.N != neverSlow && c.b.now()-time.Duration(t.N) > c.slow {
		return failed
	}
	return o
}

// succeed counts a success where that is possible without a lock. A healthy
// circuit without a window of time only reads: its calls share no memory that
// they write.
func (c *circuit) succeed(p *period) bool {
	if p.idle.Load() {
		return true
	}
	if p.successes == nil {
		return false
	}
	if p.successes.add() {
		c.hold(p)
	}
	return true
}

// hold sees to it that a batch that begins is sorted into the window.
func (c *circuit) hold(p *period) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rest := p.successes.arm(c.b.now()); rest > 0 {
		time.AfterFunc(rest, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.successes.sort(c.b.now())
			p.successes.armed = false
		})
	}
}

// settle counts a call of a period that was closed when it began.
func (c *circuit) settle(ctx context.Context, p *period, o outcome, err error) {
	if o == ignored || p != c.current.Load() {
		return
	}
	if p.count(o == failed, c.b) {
		c.turn(ctx, p, Open, err)
	}
}

// count counts a call and says that it was one failure too many.
func (p *period) count(hasFailed bool, b *Breaker) bool {
	now := time.Duration(0)
	if b.span > 0 {
		now = b.now()
	}
	p.mu.Lock()
	if p.successes != nil {
		p.successes.sort(now)
	}
	t, idle := p.window.add(now, hasFailed)
	p.idle.Store(idle)
	p.mu.Unlock()
	return hasFailed && t.failures >= b.failures && float64(t.failures) >= b.ratio*float64(t.calls)
}

func (c *circuit) settleProbe(ctx context.Context, p *probe, o outcome, err error) {
	next := p.settle(o, c.b.probes)
	if next != HalfOpen {
		c.turn(ctx, p.of, next, err)
	}
}

// settle returns the state that follows from the end of a probe.
func (p *probe) settle(o outcome, wanted int) BreakerState {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.settled {
		return HalfOpen
	}
	p.settled = true
	switch o {
	case failed:
		return Open
	case succeeded:
		if p.of.passed++; p.of.passed == wanted {
			return Closed
		}
	case ignored:
		p.of.probes--
	}
	return HalfOpen
}

// turn ends the period from, unless that has happened, and emits the event.
func (c *circuit) turn(ctx context.Context, from *period, to BreakerState, err error) {
	e := endpoint.Event{Source: "breaker", Operation: c.op}
	switch to {
	case Closed:
		e.Kind = "closed"
	case HalfOpen:
		e.Kind = "half-open"
	case Open:
		e.Kind, e.Delay, e.Err = "opened", c.b.cooldown, err
	}
	next := c.newPeriod(to)
	c.events.change(queuedEvent{ctx, e}, func() bool { return c.current.CompareAndSwap(from, next) })
	c.events.deliver(c.b.emit)
}

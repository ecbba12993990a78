package resilience

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// A Hedge answers slowness: when a call has no answer after a delay, it starts
// another attempt beside it and takes the first good answer (J. Dean, L. A.
// Barroso, The Tail at Scale, CACM 2013). The losers are cancelled at once, and
// a response of theirs that is an io.Closer is closed. It answers no failure: an
// attempt that fails neither starts another nor ends a call while one is
// pending; when all have failed, the error of the last one counts. Put a [Retry]
// outside for that; a Hedge outside a Retry is refused, because each attempt
// would repeat by itself.
//
// The delay is fixed, or with [Quantile] the time within which that share of
// calls is answered. Each attempt beside the first takes a token from a
// [Budget]: when a backend slows down, it is not asked twice for everything.
//
// Hedged attempts may all be acted upon. So in the Use of a client a Hedge
// leaves out operations that are not idempotent; whoever uses Wrap on one
// endpoint decides that for himself. A stream is hedged up to its first item; a
// call with a request stream is not hedged.
//
// Each attempt has an endpoint.Call of its own, and on a server so has what it finds
// by endpoint.Incoming. The replies of the call get what the attempt that decides set
// in its own.
//
// Make a Hedge with [NewHedge]; the zero Hedge refuses every call. It is for
// clients: the Use of a server refuses it. A hedged call runs its attempts on
// goroutines of their own. A Hedge is safe for concurrent use.
//
// An attempt that panics while another one answers is an event. If a call is being
// served, the ErrorHooks of its server get the error as well, possibly after the call.
//
// Events of the source "hedge": "hedged", with the time that was waited as
// Delay; "budget_spent"; "panicked", with the *endpoint.PanicError as Err. Its gauges are
// "budget_tokens" and, with [Quantile], "delay_seconds" for each operation.
type Hedge struct {
	common
	most   int
	budget *Budget
	q      float64 // 0 for a fixed delay
	hedging

	mu     sync.Mutex // guards the field below
	states []*hedging // of operations
}

// hedging is the Hedge for one operation, or for one endpoint.
type hedging struct {
	policy *Hedge // nil in a zero Hedge
	op     *endpoint.Operation
	fixed  time.Duration
	times  *quantile // nil for a fixed delay
}

// A HedgeOption is an option of [NewHedge].
type HedgeOption interface{ applyHedge(*Hedge) }

type hedgeOption func(*Hedge)

func (o hedgeOption) applyHedge(h *Hedge) { o(h) }

func (o commonOption) applyHedge(h *Hedge) { o(&h.common) }

// Quantile makes the delay the time within which the share q of the last calls
// was answered, at least 1024 of them if there were as many: with 0.95 one call
// in twenty is hedged. Until 64 calls were answered the delay of [NewHedge]
// counts. In the Use of a client each operation has times of its own, by Wrap
// they are one for all that the Hedge surrounds. The default is a fixed delay. A
// q that is not between 0 and 1 is a fault.
func Quantile(q float64) HedgeOption {
	return hedgeOption(func(h *Hedge) {
		h.q = q
		h.check(q > 0 && q < 1, "Quantile(%v) is not between 0 and 1", q) // nor is NaN
	})
}

// AtMost sets how many attempts run for one call, the first included. The
// default is 2. A number below 2 is a fault.
func AtMost(attempts int) HedgeOption {
	return hedgeOption(func(h *Hedge) {
		h.most = attempts
		h.check(attempts >= 2, "AtMost(%d), want at least 2", attempts)
	})
}

// NewHedge returns a Hedge that starts a second attempt after delay, which must
// be positive.
func NewHedge(delay time.Duration, opts ...HedgeOption) *Hedge {
	h := &Hedge{by: "NewHedge", most: 2, budget: NewBudget(budgetShare, budgetFloor)}
	h.check(delay > 0, "a delay of %v is not positive", delay)
	configure(h, opts, HedgeOption.applyHedge)
	h.hedging = h.state(nil, delay)
	return h
}

func (h *Hedge) state(op *endpoint.Operation, delay time.Duration) hedging {
	s := hedging{policy: h, op: op, fixed: delay}
	if h.q > 0 {
		s.times = new(quantile)
	}
	return s
}

// Err returns the faults of the construction, or nil.
func (h *Hedge) Err() error { return errOf(h, "Hedge", "NewHedge") }

// Role returns [RoleHedge].
func (*Hedge) Role() string { return RoleHedge }

// For returns a Hedge for an operation that is idempotent, else nil.
func (h *Hedge) For(op *endpoint.Operation) endpoint.Layer {
	if !op.Idempotent {
		return nil
	}
	if h.times == nil {
		return h
	}
	s := h.state(op, h.fixed)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states = append(h.states, &s)
	return &s
}

// Gauges yields the state of h.
func (h *Hedge) Gauges(yield func(endpoint.Gauge) bool) {
	if h.policy == nil || !h.budget.gauges("hedge", &h.common, yield) || h.times == nil {
		return
	}
	h.mu.Lock()
	states := append([]*hedging{&h.hedging}, slices.Clone(h.states)...)
	h.mu.Unlock()
	for _, s := range states {
		if !yield(endpoint.Gauge{Source: "hedge", Name: h.name, Metric: "delay_seconds", Operation: s.op, Value: s.delay().Seconds()}) {
			return
		}
	}
}

// Wrap returns next hedged by h alone, also where next is not idempotent. Req
// and Resp are those of next.
func (h *Hedge) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{h}.Wrap(next)
}

// Enter counts the call for the Budget.
func (s *hedging) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if s.policy == nil {
		return faulty{unmade("Hedge", "NewHedge")}.Enter(ctx)
	}
	s.policy.budget.deposit()
	return ctx, endpoint.Token{}, nil
}

// Exit does nothing.
func (s *hedging) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// Delay returns the time to wait for an answer before another attempt.
func (s *hedging) Delay(_ context.Context, started int) (time.Duration, bool) {
	// See decision 42.
	return s.delay(), s.policy != nil && started < s.policy.most
}

// Start takes the token of another attempt.
func (s *hedging) Start(ctx context.Context, _ int) bool {
	// See decision 41.
	if s.policy == nil {
		return false
	}
	ok := s.policy.budget.take()
	kind := "hedged"
	if !ok {
		kind = "budget_spent"
	}
	s.policy.emit(ctx, endpoint.Event{Source: "hedge", Kind: kind, Operation: s.op, Delay: s.delay()})
	return ok
}

// Settle learns how long an answer took. A call that failed says so only if it
// was slow: it would have taken longer. Without those, the slowest would be
// left out, and the delay sink. Slow is what took as long as the delay, which an
// estimate may have a 16th too high.
func (s *hedging) Settle(_ context.Context, took time.Duration, err error) {
	if s.times != nil && (err == nil || took >= s.delay()/17*16) {
		s.times.add(took, s.policy.q)
	}
}

// Panicked emits the event of an attempt that panicked while another one answered.
func (s *hedging) Panicked(ctx context.Context, err *endpoint.PanicError) {
	if s.policy != nil {
		s.policy.emit(ctx, endpoint.Event{Source: "hedge", Kind: "panicked", Operation: s.op, Err: err})
	}
}

func (s *hedging) delay() time.Duration {
	if s.times != nil {
		if d := s.times.now.Load(); d > 0 {
			return time.Duration(d)
		}
	}
	return s.fixed
}

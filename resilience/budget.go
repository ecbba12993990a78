package resilience

import (
	"math"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// A Budget bounds the volume of the attempts that policies add to calls. It is a
// bucket of tokens: each call puts in a share of one, time puts in a few per
// second, and each attempt after the first takes one. When all calls fail, they
// cost 1 + the share attempts each in the long run, whatever the concurrency.
// (A bound on concurrent retries does not bound their volume: one caller that
// makes call after call would always be within it.)
//
// The bucket starts with 10 tokens. It holds what came in over the last 10
// seconds and never less than 10: a quiet night does not pay for the storm in
// the morning.
//
// Each [Retry] and each [Hedge] has a Budget of its own unless [Budgeted] gives
// them one in common. The zero Budget has no tokens and never gets any, and
// policies refuse it; make one with [NewBudget]. A Budget is safe for concurrent
// use.
type Budget struct {
	construction
	share, floor float64
	start        time.Time

	mu     sync.Mutex    // guards the fields below
	last   time.Duration // since start, of the last change
	tokens float64
	calls  [budgetWindow]int64 // in each of the last seconds
	window int64               // their sum
}

const (
	budgetShare  = 0.1 // default tokens for each call
	budgetFloor  = 1   // default tokens for each second
	budgetStart  = 10  // tokens at first, and the least that fit in
	budgetWindow = 10  // seconds
)

// NewBudget returns a Budget with a share of a token for each call (the
// policies' own have 0.1) and perSecond tokens for each second (theirs have 1).
// Neither may be negative; both 0 leave the 10 tokens of the start.
func NewBudget(share, perSecond float64) *Budget {
	b := &Budget{by: "NewBudget", share: share, floor: perSecond, start: time.Now(), tokens: budgetStart}
	amount := func(v float64) bool { return v >= 0 && !math.IsInf(v, 1) } // not NaN either
	b.check(amount(share), "the share, %v, is not a number from 0 up", share)
	b.check(amount(perSecond), "the number for each second, %v, is not a number from 0 up", perSecond)
	return b
}

// Err returns the faults of the construction, or nil.
func (b *Budget) Err() error { return errOf(b, "Budget", "NewBudget") }

// Tokens returns how many attempts more than calls may be made now.
func (b *Budget) Tokens() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance()
	return b.tokens
}

// deposit counts a call.
func (b *Budget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[b.advance()]++
	b.window++
	b.add(b.share)
}

// take takes a token for one attempt more, if there is one.
func (b *Budget) take() bool {
	const rounding = 1e-9 // ten shares of 0.1 are a token
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance()
	if b.tokens < 1-rounding {
		return false
	}
	b.tokens = max(b.tokens-1, 0)
	return true
}

// refund gives back the token of an attempt that was not made.
func (b *Budget) refund() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(1)
}

// advance puts in what the time since the last change brings, forgets calls that
// are older than the window, and returns the place of the current second in it.
func (b *Budget) advance() int64 {
	now := time.Since(b.start)
	from, to := int64(b.last/time.Second), int64(now/time.Second)
	for s := max(from, to-budgetWindow) + 1; s <= to; s++ {
		b.window -= b.calls[s%budgetWindow]
		b.calls[s%budgetWindow] = 0
	}
	if now > b.last {
		b.add(b.floor * (now - b.last).Seconds())
		b.last = now
	}
	return max(to, 0) % budgetWindow
}

// add puts in n tokens, as far as they fit.
func (b *Budget) add(n float64) {
	room := max(budgetStart, budgetWindow*b.floor+b.share*float64(b.window))
	b.tokens = min(b.tokens+n, room)
}

// gauges yields the figures of b under the name of the policy that it is part
// of, and reports whether there may be more.
func (b *Budget) gauges(source string, c *common, yield func(endpoint.Gauge) bool) bool {
	return yield(endpoint.Gauge{Source: source, Name: c.name, Metric: "budget_tokens", Value: b.Tokens()})
}

// budgeted is the option of the policies that have a Budget.
type budgeted struct{ budget *Budget }

// BudgetedOption is an option of [NewRetry] and of [NewHedge].
type BudgetedOption interface {
	RetryOption
	HedgeOption
}

// Budgeted has the attempts that the policy adds paid from b, which several
// policies may share; each puts in the share of the calls that pass it, so two
// around the same calls put it in twice. The default is a Budget of its own,
// NewBudget(0.1, 1). A nil b is a fault.
func Budgeted(b *Budget) BudgetedOption { return budgeted{b} }

func (o budgeted) applyRetry(r *Retry) { o.apply(&r.construction, &r.budget) }
func (o budgeted) applyHedge(h *Hedge) { o.apply(&h.construction, &h.budget) }

func (o budgeted) apply(c *construction, budget **Budget) {
	if c.check(o.budget != nil, "Budgeted(nil)") {
		c.include(o.budget.Err())
		*budget = o.budget
	}
}

package resilience

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Retry makes a call again that failed in a way that may pass. It repeats
//
//   - what was never sent ([endpoint.NotSent]), for any operation,
//   - [endpoint.Unavailable], or the codes of [Codes] instead,
//   - an [ErrTimeout] of a [Timeout] inside it.
//
// [Retry.If] asks a func of the user instead. Never repeated is what the client
// marked as perhaps acted upon ([endpoint.MaybeSent]: the failed call of an
// operation that is not idempotent), a call whose own context has ended, one
// whose request stream was ranged over, and a stream that has yielded an item.
// A deadline that a server reports is not repeated either: it had its time.
//
// Before attempt n+1 it waits a random time from 0 to base·2ⁿ⁻¹, at most cap
// ("full jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture
// Blog, 2015); the defaults are 50 ms and 2 s, see [Backoff]. When the error
// says after which time a repeat makes sense, it waits that long and the random
// time on top; beyond a minute it gives up instead. It also gives up at once
// when the caller's deadline would pass during the wait, and when a policy of
// this process, such as an open [Breaker] inside it, refused the call for longer
// than the wait would be at most: such a policy is there to spare the caller
// the wait.
//
// Each repeat takes a token from a [Budget], so that a Retry adds at most a
// tenth to the load of a backend that is down. One Retry has one Budget for all
// that it surrounds: give a client one Retry. Only an attempt whose connection was
// refused is repeated without a token: it was no load.
//
// A call that was repeated in vain, here or by a Retry of the server that was called
// or of one behind it, is not repeated by a Retry further out: the error has a mark,
// which the transports send along. Otherwise each service in a row would multiply the
// load of the last one (Google SRE Book, chapter 22, "Handling Overload").
//
// The error of a call that was repeated keeps the errors of the first and the last
// four attempts. By errors.Is it matches what each of them matches; its code, its
// marks and what errors.As finds are those of the last. The number of the attempt is
// in [endpoint.Call.Attempt].
//
// Make a Retry with [NewRetry]; the zero Retry refuses every call. It is for
// clients: the Use of a server refuses it. A call that succeeds at once costs one
// allocation, for the context of its attempt. A Retry is safe for concurrent use.
//
// Events of the source "retry": "repeated", with the wait as Delay; "exhausted",
// when the last attempt failed; "budget_spent"; "no_time", when the wait would
// have been too long in one of the ways above. Each has the attempt's error as
// Err. Its gauge is "budget_tokens".
type Retry struct {
	common
	attempts  int
	base, cap time.Duration
	codes     []endpoint.Code
	budget    *Budget
}

// Defaults of a Retry, and the longest wait that an error can ask for.
const (
	retryBase     = 50 * time.Millisecond
	retryCap      = 2 * time.Second
	maxRetryAfter = time.Minute
)

// A RetryOption is an option of [NewRetry].
type RetryOption interface{ applyRetry(*Retry) }

type retryOption func(*Retry)

func (o retryOption) applyRetry(r *Retry) { o(r) }

func (o commonOption) applyRetry(r *Retry) { o(&r.common) }

// Backoff sets the bounds of the wait before a repeat: before the first it is at
// most base, before each further one at most twice as long as before the last
// one, and never longer than longest. The default is Backoff(50 ms, 2 s). A base
// that is negative or longer than longest is a fault; Backoff(0, 0) does not
// wait.
func Backoff(base, longest time.Duration) RetryOption {
	return retryOption(func(r *Retry) {
		r.base, r.cap = base, longest
		r.check(base >= 0 && longest >= base, "Backoff(%v, %v) must be positive and ascending", base, longest)
	})
}

// Codes sets the codes that are repeated in place of [endpoint.Unavailable]. It
// changes nothing for what was never sent, for an [ErrTimeout], and for what may
// have been acted upon. [endpoint.OK] and [endpoint.Canceled] are faults, and
// so is an empty list.
func Codes(codes ...endpoint.Code) RetryOption {
	return retryOption(func(r *Retry) {
		r.codes = slices.Clone(codes)
		r.check(len(codes) > 0, "Codes() without a code")
		for _, c := range codes {
			r.check(c != endpoint.OK && c != endpoint.Canceled, "Codes(%v): OK and Canceled cannot be repeated", c)
		}
	})
}

// NewRetry returns a Retry that makes a call at most attempts times, the first
// included, and attempts must be at least 1.
func NewRetry(attempts int, opts ...RetryOption) *Retry {
	r := &Retry{
		by:       "NewRetry",
		attempts: attempts, base: retryBase, cap: retryCap,
		codes:  []endpoint.Code{endpoint.Unavailable},
		budget: NewBudget(budgetShare, budgetFloor),
	}
	r.check(attempts >= 1, "%d attempts are less than 1", attempts)
	configure(r, opts, RetryOption.applyRetry)
	return r
}

// Err returns the faults of the construction, or nil.
func (r *Retry) Err() error { return errOf(r, "Retry", "NewRetry") }

// Role returns [RoleRetry].
func (*Retry) Role() string { return RoleRetry }

// Gauges yields the state of r.
func (r *Retry) Gauges(yield func(endpoint.Gauge) bool) {
	if r.budget != nil {
		r.budget.gauges("retry", &r.common, yield)
	}
}

// Enter counts the call for the Budget.
func (r *Retry) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if r.budget == nil {
		return faulty{r.Err()}.Enter(ctx)
	}
	r.budget.deposit()
	return ctx, endpoint.Token{}, nil
}

// Again waits and says whether the call that failed with err is repeated.
func (r *Retry) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	return r.again(ctx, t, err, r.repeats)
}

// Exit joins the errors of all attempts.
func (r *Retry) Exit(_ context.Context, t endpoint.Token, err error) error {
	tries, ok := t.P.(*tries)
	if !ok || err == nil {
		return err
	}
	if tries.open {
		tries.add(err)
	}
	err = tries.join()
	if tries.made > 1 || tries.spent {
		return mark.Retried(err)
	}
	return err
}

// Wrap returns next repeated by r alone. Req and Resp are those of next.
func (r *Retry) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{r}.Wrap(next)
}

// repeats says whether err is of a kind that is repeated.
func (r *Retry) repeats(err error) bool {
	if endpoint.NotSent(err) {
		return true
	}
	e := endpoint.ErrorOf(err)
	return slices.Contains(r.codes, e.Code()) || !e.Remote() && e.Is(ErrTimeout)
}

// tries is the state of a call whose first attempt has failed.
type tries struct {
	attempts // and perhaps the end of the caller's context, as the last error

	made  int  // attempts that have failed
	open  bool // another attempt was begun, whose error is not there yet
	spent bool // there was no token for another
}

// again is Again with the choice of errors left to repeats. See decisions 103 and 164.
func (r *Retry) again(ctx context.Context, t endpoint.Token, err error, repeats func(error) bool) (context.Context, endpoint.Token, bool) {
	state, ok := t.P.(*tries)
	if !ok {
		state = new(tries)
		t.P = state
	}
	state.add(err)
	state.made++
	state.open = false
	if ctx.Err() != nil || endpoint.MaybeSent(err) || mark.WasRetried(err) || !repeats(err) {
		return ctx, t, false
	}
	delay, kind := r.plan(ctx, state.made, err)
	r.emit(ctx, endpoint.Event{Source: "retry", Kind: kind, Delay: delay, Err: err})
	if kind != repeated {
		state.spent = kind == budgetSpent
		return ctx, t, false
	}
	if ended := wait(ctx, delay); ended != nil {
		if !isFree(err) {
			r.budget.refund()
		}
		state.add(ended)
		return ctx, t, false
	}
	state.open = true
	return ctx, t, true
}

// Kinds of events.
const (
	repeated    = "repeated"
	budgetSpent = "budget_spent"
)

// plan says how long to wait after made attempts, and what becomes of the call:
// a kind of event. See decision 47.
func (r *Retry) plan(ctx context.Context, made int, err error) (time.Duration, string) {
	if made >= r.attempts {
		return 0, "exhausted"
	}
	after, most := endpoint.ErrorOf(err).RetryAfter(), r.bound(made)
	delay := after + min(randUpTo(most), math.MaxInt64-after)
	deadline, ok := ctx.Deadline()
	switch {
	case after > maxRetryAfter, after > most && neverMade(err), ok && time.Until(deadline) <= delay:
		return delay, "no_time"
	case !isFree(err) && !r.budget.take():
		return delay, budgetSpent
	}
	return delay, repeated
}

// isFree reports whether the attempt has cost no server anything: it found no connection, and
// not because a server was too slow to accept one. See decision 188.
func isFree(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return endpoint.NotSent(err) && !(ok && timeout.Timeout())
}

// bound returns the longest random wait after made attempts.
func (r *Retry) bound(made int) time.Duration {
	if doublings := made - 1; doublings < 63 && r.base <= r.cap>>doublings {
		return r.base << doublings
	}
	if r.base == 0 {
		return 0
	}
	return r.cap
}

// randUpTo returns a random duration from 0 to most.
func randUpTo(most time.Duration) time.Duration {
	if most == math.MaxInt64 {
		most--
	}
	return rand.N(most + 1)
}

// wait waits for d, or returns the error of a context that ends before.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ended.Err(ctx)
	}
}

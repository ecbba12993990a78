package resilience

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"golang.org/x/time/rate"
)

// ErrRateLimited is the error of a call that a [Limiter], a [Waiter], a
// [PerClient] or a [Quota] rejects. Its RetryAfter says when there will be room,
// if that is known.
var ErrRateLimited = endpoint.Define(endpoint.ResourceExhausted|mark.Refusal, "endpoint", "RATE_LIMITED", "too many requests")

// A Limiter rejects calls beyond a rate with [ErrRateLimited]. It is the token
// bucket of golang.org/x/time/rate: it holds at most a burst of tokens, starts
// full, gains tokens at a constant rate, and each call takes one.
//
// The error's RetryAfter is the time until the next token is there, rounded up
// to a millisecond. A rejected call costs no token, so callers who keep asking
// do not slow the others down.
//
// On a server, where calls should not pile up, a Limiter is what most need; a
// client that can spare the time paces itself with a [Waiter]. A Limiter is one
// bucket for all operations that it surrounds. A stream takes one token, when
// its loop starts. A success costs no allocation. The zero Limiter refuses every
// call; make one with [NewLimiter] or [LimiterOf]. A Limiter is safe for concurrent
// use.
//
// Its events have the source "limiter" and the kind "rejected", with the
// RetryAfter as Delay. Its gauge is "tokens", the calls that would pass now.
type Limiter struct {
	common
	lim *rate.Limiter
}

// A LimiterOption is an option of [NewLimiter] and [LimiterOf].
type LimiterOption interface{ applyLimiter(l *Limiter) }

func (o commonOption) applyLimiter(l *Limiter) { o(&l.common) }

// NewLimiter returns a Limiter that lets perSecond calls a second pass, and
// burst of them at once. Both must be positive.
func NewLimiter(perSecond float64, burst int, opts ...LimiterOption) *Limiter {
	l := &Limiter{by: "NewLimiter", lim: rate.NewLimiter(rate.Limit(perSecond), burst)}
	l.checkBucket(perSecond, burst)
	configure(l, opts, LimiterOption.applyLimiter)
	return l
}

// LimiterOf returns a Limiter on a bucket of the caller's own, which may be used
// elsewhere, too, and changed while it runs.
func LimiterOf(bucket *rate.Limiter, opts ...LimiterOption) *Limiter {
	// The zero bucket, which lets nothing pass, stands in for a nil one.
	l := &Limiter{by: "LimiterOf", lim: cmp.Or(bucket, new(rate.Limiter))}
	l.check(bucket != nil, "the bucket is nil")
	configure(l, opts, LimiterOption.applyLimiter)
	return l
}

// Err returns the faults of the construction, or nil.
func (l *Limiter) Err() error { return errOf(l, "Limiter", "NewLimiter or LimiterOf") }

// Role returns [RoleRate].
func (*Limiter) Role() string { return RoleRate }

// Enter takes a token or rejects the call.
func (l *Limiter) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if l.lim == nil {
		return faulty{l.Err()}.Enter(ctx)
	}
	if l.lim.Allow() {
		return ctx, endpoint.Token{}, nil
	}
	after := retryAfter(untilTokens(l.lim, 1))
	return ctx, endpoint.Token{}, l.reject(ctx, "limiter", after)
}

// Exit does nothing.
func (l *Limiter) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// Wrap returns next limited by l alone. Req and Resp are those of next.
func (l *Limiter) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	if next == nil || l.Err() != nil || isStream[Req]() || isStream[Resp]() {
		return endpoint.Stack{l}.Wrap(next)
	}
	// Nothing is to be done at the end, so this is all that a Stack would do.
	return func(ctx context.Context, req Req) (Resp, error) {
		if _, _, err := l.Enter(ctx); err != nil {
			return *new(Resp), err
		}
		return next(ctx, req)
	}
}

// Gauges yields the state of l.
func (l *Limiter) Gauges(yield func(endpoint.Gauge) bool) {
	if l.lim != nil {
		yield(endpoint.Gauge{Source: "limiter", Name: l.name, Metric: "tokens", Value: l.lim.Tokens()})
	}
}

// reject returns the error of a call that came too early and tells of it.
func (c *common) reject(ctx context.Context, source string, after time.Duration) error {
	c.emit(ctx, endpoint.Event{Source: source, Kind: "rejected", Delay: after})
	return ErrRateLimited.WithRetryAfter(after)
}

// checkBucket notes what is wrong with the values of a token bucket.
func (c *construction) checkBucket(perSecond float64, burst int) {
	c.check(perSecond > 0 && !math.IsInf(perSecond, 0), "%v calls a second, want a positive number", perSecond)
	c.check(burst > 0, "a burst of %d calls, want a positive number", burst)
}

// never is the wait for a token that does not come.
const never = rate.InfDuration

// untilTokens returns how long it takes until the bucket holds n tokens, if
// nobody takes any. It only looks: a reservation that is cancelled gives back
// less than it took when another was made meanwhile.
func untilTokens(bucket *rate.Limiter, n int) time.Duration {
	missing := float64(n) - bucket.Tokens()
	if missing <= 0 {
		return 0
	}
	limit := bucket.Limit()
	if limit <= 0 || bucket.Burst() < 1 {
		return never
	}
	return seconds(missing / float64(limit))
}

// seconds returns s seconds, never if that is beyond a Duration. Like the
// bucket it cuts what is below a nanosecond.
func seconds(s float64) time.Duration {
	if ns := s * float64(time.Second); ns < math.MaxInt64 {
		return time.Duration(ns)
	}
	return never
}

// retryAfter returns d as an error tells it: in milliseconds, rounded up, at
// least one; 0, for unknown, if d is never. See decision 37.
func retryAfter(d time.Duration) time.Duration {
	if d > never-time.Millisecond {
		return 0
	}
	return max(time.Millisecond, (d + time.Millisecond - 1).Truncate(time.Millisecond))
}

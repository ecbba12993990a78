package resilience

import (
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

// An Allower decides whether a call may pass now. A *rate.Limiter of golang.org/x/time
// is one. Allow must be safe for concurrent use.
//
// [LimiterOf] looks for two more methods. RetryAfter() time.Duration returns when there
// will be room, or 0 if that is not known; the time of an Allower with the methods
// Tokens, Limit and Burst of a *rate.Limiter is computed from these. Tokens() float64
// is the gauge of that name.
type Allower interface {
	// Allow takes a token, or returns false and takes none.
	Allow() bool
}

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
	bucket Allower
}

// A LimiterOption is an option of [NewLimiter] and [LimiterOf].
type LimiterOption interface{ applyLimiter(l *Limiter) }

func (o commonOption) applyLimiter(l *Limiter) { o(&l.common) }

// NewLimiter returns a Limiter that lets perSecond calls a second pass, and
// burst of them at once. Both must be positive.
func NewLimiter(perSecond float64, burst int, opts ...LimiterOption) *Limiter {
	l := &Limiter{by: "NewLimiter", bucket: rate.NewLimiter(rate.Limit(perSecond), burst)}
	l.checkBucket(perSecond, burst)
	configure(l, opts, LimiterOption.applyLimiter)
	return l
}

// LimiterOf returns a Limiter on a bucket of the caller's own: a *rate.Limiter, which
// may be used elsewhere and changed while it runs, or any other [Allower].
func LimiterOf(bucket Allower, opts ...LimiterOption) *Limiter {
	l := &Limiter{by: "LimiterOf", bucket: bucket}
	if !l.check(!isNil(bucket), "the bucket is nil") {
		l.bucket = new(rate.Limiter) // lets nothing pass
	}
	configure(l, opts, LimiterOption.applyLimiter)
	return l
}

// Err returns the faults of the construction, or nil.
func (l *Limiter) Err() error { return errOf(l, "Limiter", "NewLimiter or LimiterOf") }

// Role returns [RoleRate].
func (*Limiter) Role() string { return RoleRate }

// Enter takes a token or rejects the call.
func (l *Limiter) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if l.bucket == nil {
		return faulty{l.Err()}.Enter(ctx)
	}
	if l.bucket.Allow() {
		return ctx, endpoint.Token{}, nil
	}
	return ctx, endpoint.Token{}, l.reject(ctx, "limiter", l.after())
}

// after returns the time until there is room, or 0 if that is not known.
func (l *Limiter) after() time.Duration {
	switch b := l.bucket.(type) {
	case interface{ RetryAfter() time.Duration }:
		if d := b.RetryAfter(); d > 0 {
			return retryAfter(d)
		}
	case tokenBucket:
		return retryAfter(untilTokens(b, 1))
	}
	return 0
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
	if b, ok := l.bucket.(interface{ Tokens() float64 }); ok {
		yield(endpoint.Gauge{Source: "limiter", Name: l.name, Metric: "tokens", Value: b.Tokens()})
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

// A tokenBucket is a *rate.Limiter, or a type that has one embedded.
type tokenBucket interface {
	Tokens() float64
	Limit() rate.Limit
	Burst() int
}

// never is the wait for a token that does not come.
const never = rate.InfDuration

// untilTokens returns how long it takes until the bucket holds n tokens, if
// nobody takes any. It only looks: a reservation that is cancelled gives back
// less than it took when another was made meanwhile.
func untilTokens(bucket tokenBucket, n int) time.Duration {
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

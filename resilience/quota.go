package resilience

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Throttle is a limiter that several processes share, such as one in a store.
// A [Quota] asks it. Package redislimit, a module of its own, has one in Redis. If a
// Throttle has a method Err() error, a Quota reports its error among the faults of its
// own construction.
type Throttle interface {
	// Allow takes a token of key's, and ok is true, or takes none, and
	// retryAfter is the time until there is one, 0 if that is not known. An
	// error says that it could not find out. It returns soon after the end of
	// ctx and is safe for concurrent use.
	Allow(ctx context.Context, key string) (ok bool, retryAfter time.Duration, err error)
}

// A Quota rejects calls beyond a limit that several processes share, with
// [ErrRateLimited]. The limit is kept by a [Throttle], which the Quota asks
// before each call. All calls have one key, "", unless [KeyBy] sets another;
// [ClientKey] gives each client its own.
//
// When the Throttle fails, or does not answer within 100 ms ([AskWithin]), the
// call passes: a limit that is down should not take the service down with it.
// With [FailClosed] such calls are rejected with [ErrOutOfCapacity]. A [Limiter]
// beside the Quota bounds what passes in either case.
//
// The zero Quota refuses every call; make one with [NewQuota]. A Quota is safe for
// concurrent use. Its events have the source "quota" and the kinds "rejected", with
// the retry-after as Delay, and "failed", with what the Throttle returned as Err. It
// has no gauges: its state is elsewhere.
type Quota struct {
	common
	throttle Throttle
	key      func(*endpoint.Call) string
	patience time.Duration
	closed   bool
}

// A QuotaOption is an option of [NewQuota].
type QuotaOption interface{ applyQuota(q *Quota) }

func (o commonOption) applyQuota(q *Quota) { o(&q.common) }

type quotaOption func(q *Quota)

func (o quotaOption) applyQuota(q *Quota) { o(q) }

// FailClosed has a [Quota] reject calls while its [Throttle] fails. The default
// is to let them pass.
func FailClosed() QuotaOption { return quotaOption(func(q *Quota) { q.closed = true }) }

// AskWithin sets how long a [Quota] waits for its [Throttle]. The default is
// 100 ms; d must be positive.
func AskWithin(d time.Duration) QuotaOption {
	return quotaOption(func(q *Quota) {
		q.patience = d
		q.check(d > 0, "AskWithin(%v), want a positive time", d)
	})
}

// NewQuota returns a Quota that asks t.
func NewQuota(t Throttle, opts ...QuotaOption) *Quota {
	q := &Quota{by: "NewQuota", throttle: t, patience: 100 * time.Millisecond}
	if !q.check(!isNil(t), "the Throttle is nil") {
		q.throttle = nil
	} else if made, ok := t.(interface{ Err() error }); ok {
		q.include(made.Err())
	}
	configure(q, opts, QuotaOption.applyQuota)
	return q
}

// Err returns the faults of the construction, or nil.
func (q *Quota) Err() error { return errOf(q, "Quota", "NewQuota") }

// Role returns [RoleRate].
func (*Quota) Role() string { return RoleRate }

// Enter asks the Throttle and rejects the call if it says so.
func (q *Quota) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if q.throttle == nil {
		return faulty{q.Err()}.Enter(ctx)
	}
	return ctx, endpoint.Token{}, q.ask(ctx)
}

// Exit does nothing.
func (q *Quota) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// Wrap returns next limited by q alone. Req and Resp are those of next.
func (q *Quota) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{q}.Wrap(next)
}

// Gauges yields nothing.
func (q *Quota) Gauges(func(endpoint.Gauge) bool) {}

func (q *Quota) ask(ctx context.Context) error {
	key := ""
	if q.key != nil {
		key = q.key(endpoint.CallFrom(ctx))
	}
	limited, cancel := context.WithTimeout(ctx, q.patience)
	defer cancel()
	switch ok, after, err := q.throttle.Allow(limited, key); {
	case err == nil && ok:
		return nil
	case err == nil:
		return q.reject(ctx, "quota", max(after, 0))
	case ctx.Err() != nil:
		return mark.Never(ended.Err(ctx)) // the server was not called
	default:
		return q.failed(ctx, err)
	}
}

// See decision 40.
func (q *Quota) failed(ctx context.Context, err error) error {
	q.emit(ctx, endpoint.Event{Source: "quota", Kind: "failed", Err: err})
	if q.closed {
		return ErrOutOfCapacity.WithCause(err)
	}
	return nil
}

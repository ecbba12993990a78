package resilience

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Throttler is for clients of a server that may be overloaded: the more of
// their calls the server turns down, the more of them the Throttler rejects
// itself, with [ErrOutOfCapacity], at no cost for the server. It is the adaptive
// throttling of Google's book Site Reliability Engineering, chapter 21: of the
// calls of the last two minutes, requests were tried and accepts were accepted
// by the server, and a call is rejected with the probability
//
//	max(0, (requests - K×accepts) / (requests + 1))
//
// So nothing is rejected while the server accepts at least one of K calls, and
// when it does not, it gets about K times as many as it accepts, which is what
// tells the Throttler when it has recovered. K is 2 by default; see
// [Multiplier] and [Window]. At least one call of a hundred passes.
//
// Not accepted is a call that failed with the codes Unavailable,
// ResourceExhausted or DeadlineExceeded; [FailIf] sets others. A call counts
// when it ends. One that the caller cancelled, another policy of this process
// rejected, or a deadline from over a wire ended before a fair time ([FairTime]), does
// not count. What the Throttler itself rejects counts among the
// requests, as in the book: otherwise the load on the server would go on growing
// with the square root of the demand.
//
// A Throttler is one for all operations that it surrounds, which should be those
// of one server. A success costs no allocation. The zero Throttler refuses every
// call; make one with [NewThrottler]. A Throttler is safe for concurrent use.
//
// Its events have the source "throttler" and the kind "rejected". Its gauge is
// "rejection_ratio", the probability.
type Throttler struct {
	common
	judge judge
	span  time.Duration
	k     float64
	epoch time.Time // what its times count from

	mu     sync.Mutex // guards the field below
	recent *recent    // failures are calls that were not accepted
}

// A ThrottlerOption is an option of [NewThrottler].
type ThrottlerOption interface{ applyThrottler(t *Throttler) }

func (o commonOption) applyThrottler(t *Throttler) { o(&t.common) }

type throttlerOption func(t *Throttler)

func (o throttlerOption) applyThrottler(t *Throttler) { o(t) }

// Multiplier sets K of a [Throttler]: how many times as many calls as it accepts
// the server may get. The default is 2; k must be above 1. A greater one wastes
// more of the server's work and sees sooner that it has recovered.
func Multiplier(k float64) ThrottlerOption {
	return throttlerOption(func(t *Throttler) {
		t.k = k
		t.check(k > 1, "Multiplier(%v), want one above 1", k)
	})
}

// mostRejected is the part of the calls that a Throttler rejects at most. The
// formula alone would leave a server that was down for minutes a single call in
// each window, and not notice for long that it is back.
const mostRejected = 0.99

// NewThrottler returns a Throttler that lets all calls pass at first.
func NewThrottler(opts ...ThrottlerOption) *Throttler {
	t := &Throttler{by: "NewThrottler", judge: judge{fails: overloaded, fair: mark.FairTime}, span: 2 * time.Minute, k: 2, epoch: time.Now()}
	configure(t, opts, ThrottlerOption.applyThrottler)
	t.recent = newRecent(t.span)
	return t
}

// overloaded says that err is what a server with too much to do answers, if it
// does.
func overloaded(err error) bool {
	switch endpoint.CodeOf(err) {
	case endpoint.Unavailable, endpoint.ResourceExhausted, endpoint.DeadlineExceeded:
		return true
	}
	return false
}

// Err returns the faults of the construction, or nil.
func (t *Throttler) Err() error { return errOf(t, "Throttler", "NewThrottler") }

// Role returns [RoleThrottler].
func (*Throttler) Role() string { return RoleThrottler }

// Enter rejects the call with the probability of the moment.
func (t *Throttler) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if t.recent == nil {
		return faulty{t.Err()}.Enter(ctx)
	}
	if t.rejects() {
		return ctx, endpoint.Token{}, t.outOfCapacity(ctx, "throttler")
	}
	return ctx, endpoint.Token{}, nil
}

// Exit counts the call.
func (t *Throttler) Exit(_ context.Context, _ endpoint.Token, err error) error {
	if t.recent == nil {
		return err
	}
	if o := t.judge.of(err); o != ignored {
		now := t.now()
		t.mu.Lock()
		t.recent.add(now, o == failed)
		t.mu.Unlock()
	}
	return err
}

// Wrap returns next throttled by t alone. Req and Resp are those of next.
func (t *Throttler) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{t}.Wrap(next)
}

// Gauges yields the state of t.
func (t *Throttler) Gauges(yield func(endpoint.Gauge) bool) {
	if t.recent == nil {
		return
	}
	now := t.now()
	t.mu.Lock()
	p := t.probability(now)
	t.mu.Unlock()
	yield(endpoint.Gauge{Source: "throttler", Name: t.name, Metric: "rejection_ratio", Value: p})
}

func (t *Throttler) now() time.Duration { return time.Since(t.epoch) }

func (t *Throttler) rejects() bool {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.probability(now)
	if p == 0 || rand.Float64() >= p {
		return false
	}
	t.recent.add(now, true)
	return true
}

// probability returns that of a rejection. The caller holds mu. See decision 35.
func (t *Throttler) probability(now time.Duration) float64 {
	t.recent.advance(now)
	requests := float64(t.recent.calls)
	accepts := requests - float64(t.recent.failures)
	return min(max(0, (requests-t.k*accepts)/(requests+1)), mostRejected)
}

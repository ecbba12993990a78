package resilience

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrOpen is the error of a call that a [Breaker] rejects. Its RetryAfter is the
// time until the breaker tries the server again, if that is known.
var ErrOpen = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "BREAKER_OPEN", "temporarily unavailable")

// A Breaker stops calling an operation that keeps failing, so that callers fail
// fast and the server gets a rest.
//
// It is closed at first and lets every call pass. After n failures it opens and
// rejects every call with [ErrOpen] for a cooldown. Then it is half-open: a few
// calls pass as probes. It closes when all of them succeed, and opens again when
// one fails or when they take too long.
//
//	closed ──── n failures ────▶ open
//	   ▲                        │    ▲
//	   │                 cooldown    a probe fails
//	   │                        ▼    │
//	   └── all probes pass ── half-open
//
// By default the n failures are in a row. With [LastCalls] they are among so many
// calls, with [Window] within so much time; [Ratio] demands besides that they
// are that part of the calls, and n is then the least number that counts.
//
// A failure is what [endpoint.ServerFault] says, and a panic: see [FailIf]. With
// [SlowAfter] a success that took too long is one, too. The caller's cancellation
// and a rejection by another policy of this process count neither way, nor does the
// end of a call by a deadline that came over a wire, unless the call had a fair time
// ([FairTime]). A probe that ends so makes room for another. A rejection that came over the wire is
// the server's failure.
//
// Each change of state begins a new generation. A call that was admitted in an
// earlier one decides nothing when it ends. Exactly as many probes run as
// [Probes] says, however many callers there are; one that panics has failed, and
// those that do not return within the time of [ProbeTime] have failed, too. The
// probe of a stream of responses succeeds with its first item.
//
// Used for a service, a Breaker keeps a state for each operation, or one for all
// with [Shared]. By Wrap one Breaker is one state. The state of an operation is
// kept as long as the Breaker.
//
// The default is a cooldown of 5 s, one probe, and 30 s for it. A closed Breaker
// costs no allocation, and while no call fails its calls write to no memory that
// they share, but for a Window with a Ratio: there each success is one addition,
// and a timer sorts them into the window a tenth of it at a time. The zero Breaker
// refuses every call; make one with [NewBreaker]. A Breaker is safe for concurrent
// use.
//
// Its events have the source "breaker" and the kinds "opened", with the failure
// as Err and the cooldown as Delay, "half-open", "closed" and "rejected". Its
// gauge is "state": 0 closed, 1 half-open, 2 open.
type Breaker struct {
	common
	rules
	judge judge
	epoch time.Time // what its times count from

	own *circuit // of Wrap, and of Shared

	mu       sync.Mutex // guards the field below
	circuits map[*endpoint.Operation]*circuit
}

// rules are the numbers of a Breaker, read-only after its construction.
// See decision 39.
type rules struct {
	failures  int
	last      int
	span      time.Duration
	ratio     float64
	slow      time.Duration
	cooldown  time.Duration
	probes    int
	probeTime time.Duration
	shared    bool
}

// A BreakerOption is an option of [NewBreaker].
type BreakerOption interface{ applyBreaker(b *Breaker) }

func (o commonOption) applyBreaker(b *Breaker) { o(&b.common) }

type breakerOption func(b *Breaker)

func (o breakerOption) applyBreaker(b *Breaker) { o(b) }

// LastCalls has a [Breaker] count failures among the latest size calls instead
// of in a row; size must not be below its number of failures. It excludes
// [Window].
func LastCalls(size int) BreakerOption {
	return breakerOption(func(b *Breaker) {
		b.last = size
		b.check(size > 0, "LastCalls(%d), want a positive number", size)
	})
}

// Ratio has a [Breaker] open only if at least this part of the calls in its
// window failed, besides its number of failures. It must be above 0 and at most
// 1, and needs [LastCalls] or [Window].
func Ratio(failed float64) BreakerOption {
	return breakerOption(func(b *Breaker) {
		b.ratio = failed
		b.check(failed > 0 && failed <= 1, "Ratio(%v), want one above 0 and up to 1", failed)
	})
}

// SlowAfter has a [Breaker] count a success that took longer than d as a
// failure. The default is none; d must be positive. It does not apply to streams,
// which may be long.
func SlowAfter(d time.Duration) BreakerOption {
	return breakerOption(func(b *Breaker) {
		b.slow = d
		b.check(d > 0, "SlowAfter(%v), want a positive time", d)
	})
}

// Cooldown sets how long a [Breaker] stays open before it tries the server
// again. The default is 5 s; d must be positive.
func Cooldown(d time.Duration) BreakerOption {
	return breakerOption(func(b *Breaker) {
		b.cooldown = d
		b.check(d > 0, "Cooldown(%v), want a positive time", d)
	})
}

// Probes sets how many calls a half-open [Breaker] lets pass, all of which must
// succeed. The default is 1; n must be positive.
func Probes(n int) BreakerOption {
	return breakerOption(func(b *Breaker) {
		b.probes = n
		b.check(n > 0, "Probes(%d), want a positive number", n)
	})
}

// ProbeTime sets after what time without an answer a half-open [Breaker] gives
// its probes up. The default is 30 s; d must be positive.
func ProbeTime(d time.Duration) BreakerOption {
	return breakerOption(func(b *Breaker) {
		b.probeTime = d
		b.check(d > 0, "ProbeTime(%v), want a positive time", d)
	})
}

// Shared gives a [Breaker] one state for all operations that it surrounds.
func Shared() BreakerOption {
	return breakerOption(func(b *Breaker) { b.shared = true })
}

// A WindowOption is for policies that look at the outcomes of a span of time.
type WindowOption interface {
	BreakerOption
	ThrottlerOption
}

type windowOption time.Duration

func (o windowOption) applyBreaker(b *Breaker) {
	b.span = time.Duration(o)
	b.check(o > 0, "Window(%v), want a positive time", b.span)
}

func (o windowOption) applyThrottler(t *Throttler) {
	t.span = time.Duration(o)
	t.check(o > 0, "Window(%v), want a positive time", t.span)
}

// Window sets the time whose calls count; d must be positive. By default a
// [Breaker] has no such window and a [Throttler] one of two minutes. What is
// older leaves the window a tenth of it at a time.
func Window(d time.Duration) WindowOption { return windowOption(d) }

// NewBreaker returns a closed Breaker that opens after n failures, which must be
// positive.
func NewBreaker(n int, opts ...BreakerOption) *Breaker {
	b := &Breaker{
		by:       "NewBreaker",
		judge:    judge{fails: endpoint.ServerFault, fair: mark.FairTime},
		epoch:    time.Now(),
		circuits: map[*endpoint.Operation]*circuit{},
	}
	b.rules = rules{failures: n, cooldown: 5 * time.Second, probes: 1, probeTime: 30 * time.Second}
	b.check(n > 0, "%d failures, want a positive number", n)
	configure(b, opts, BreakerOption.applyBreaker)
	b.check(b.last == 0 || b.last >= n, "%d failures never are among LastCalls(%d)", n, b.last)
	b.check(b.last == 0 || b.span == 0, "LastCalls and Window exclude each other")
	if b.slow > 0 {
		b.judge.fair = min(b.judge.fair, b.slow)
	}
	b.check(b.ratio == 0 || b.last != 0 || b.span != 0, "Ratio needs LastCalls or Window")
	b.own = newCircuit(b, nil)
	return b
}

// Err returns the faults of the construction, or nil.
func (b *Breaker) Err() error { return errOf(b, "Breaker", "NewBreaker") }

// Role returns [RoleBreaker].
func (*Breaker) Role() string { return RoleBreaker }

// For returns the layer of one operation, with a state of its own unless
// [Shared]; always the same for an operation.
func (b *Breaker) For(op *endpoint.Operation) endpoint.Layer {
	switch {
	case b.own == nil:
		return faulty{b.Err()}
	case b.shared:
		return b.own
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.circuits[op]
	if c == nil {
		c = newCircuit(b, op)
		b.circuits[op] = c
	}
	return c
}

// Enter admits the call or rejects it with [ErrOpen].
func (b *Breaker) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if b.own == nil {
		return faulty{b.Err()}.Enter(ctx)
	}
	return b.own.Enter(ctx)
}

// Exit settles the call, also one that panicked.
func (b *Breaker) Exit(ctx context.Context, t endpoint.Token, err error) error {
	return b.own.Exit(ctx, t, err) // it reads own only for a call that Enter admitted
}

// Item settles the probe of a stream.
func (b *Breaker) Item(ctx context.Context, t endpoint.Token) error {
	if b.own == nil {
		return nil
	}
	return b.own.Item(ctx, t)
}

// Wrap returns next guarded by b, with one state for all that it is wrapped
// around. Req and Resp are those of next.
func (b *Breaker) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	if _, ok := endpoint.StreamItem(reflect.TypeFor[Resp]()); ok {
		_, both := endpoint.StreamItem(reflect.TypeFor[Req]())
		return endpoint.Stack{&streamBreaker{Breaker: b, settles: !both}}.Wrap(next)
	}
	if b.Err() != nil {
		return endpoint.Stack{b}.Wrap(next)
	}
	return endpoint.Stack{b.own}.Wrap(next) // spares each call the way through b
}

// streamBreaker is a Breaker by Wrap around a stream, which no operation tells
// it of.
type streamBreaker struct {
	*Breaker
	settles bool // all items are of the response
}

func (s *streamBreaker) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	ctx, t, err := s.own.Enter(ctx)
	t.N = neverSlow
	return ctx, t, err
}

func (s *streamBreaker) Item(ctx context.Context, t endpoint.Token) error {
	if s.settles {
		s.own.settleItem(ctx, t)
	}
	return nil
}

// State returns the state of what b is wrapped around, and of all operations if
// it is [Shared]. Those of single operations are in the gauges. A zero Breaker is
// Open.
func (b *Breaker) State() BreakerState {
	if b.own == nil {
		return Open
	}
	return b.own.state()
}

// Gauges yields the state of b, and of each operation.
func (b *Breaker) Gauges(yield func(endpoint.Gauge) bool) {
	if b.own == nil {
		return
	}
	b.mu.Lock()
	circuits := make([]*circuit, 0, 1+len(b.circuits))
	for _, c := range b.circuits {
		circuits = append(circuits, c)
	}
	b.mu.Unlock()
	if len(circuits) == 0 {
		circuits = append(circuits, b.own)
	}
	for _, c := range circuits {
		if !yield(endpoint.Gauge{Source: "breaker", Name: b.name, Metric: "state", Operation: c.op, Value: float64(c.state())}) {
			return
		}
	}
}

// now returns the time since the epoch. It reads the monotonic clock alone,
// which costs half of time.Now.
func (b *Breaker) now() time.Duration { return time.Since(b.epoch) }

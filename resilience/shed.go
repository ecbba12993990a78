package resilience

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrTooLate is the error of a call that a [Shed] refuses because its deadline
// has passed, or will before such a call usually ends. It is no ErrOutOfCapacity:
// to repeat the call would help nobody.
var ErrTooLate = endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "TOO_LATE", "too little time left")

// A Shed keeps an overloaded server at its best: it refuses the calls that it
// could not answer in time anyway, the least important first, before any work is
// done for them.
//
// It refuses with [ErrOutOfCapacity] what would exceed a limit on the calls that
// run side by side. The limit is found while calls run, from how much longer
// they take than when the server has little to do: each window, of 0.1 s and 50
// calls or more, multiplies it by 2/stretch, between a half and 1.25, where stretch is
// the mean over calls of the running median of their operation's time, divided
// by the lowest that this median was; when most callers gave up, it counts as 4
// at least. So the limit settles where calls take twice as
// long as on an idle server, which keeps the server busy and bounds the wait.
// A caller has given up only if its call had a fair time ([FairTime]).
// (This is the gradient of Netflix's concurrency-limits.) When calls got slower
// and fewer of them at once did not help, the server does not wait for itself:
// what they take now counts as usual from then on.
//
// Of the limit, [Sheddable] calls may fill 30 %, [SheddablePlus] ones 50 %,
// [Critical] ones 90 %, [CriticalPlus] ones all. The priority is that of
// [PriorityFrom], which a layer outside may set with [WithPriority]. Otherwise it is
// Critical, or what the header [PriorityHeader] of the served call says if
// [TrustPriority] is given: by default the header is ignored, since a stranger could
// claim the whole limit with it. The priority goes on to the calls that the handler
// makes, so a server behind this one trusts it.
//
// It refuses with [ErrTooLate] a call whose deadline has passed, or is nearer
// than the operation usually takes (the running median of its successes, if it
// is of the last second).
//
// All that one Shed surrounds shares its limit, while each operation has its own
// usual time. A stream is admitted by the same rule, but counts neither among the
// calls that run nor for the time that it takes: it may stay open for long and do
// little. (In an [endpoint.Stack] that is wrapped around an endpoint by hand,
// outside any service, it counts: use [Shed.Wrap].)
//
// A call of the default priority costs no allocation, admitted or refused. The
// zero Shed refuses every call; make one with [NewShed]. A Shed is safe for
// concurrent use.
//
// Its events have the source "shed" and the kind "rejected", with the priority or
// "deadline" as Detail. Its gauges are "permits", which is the limit,
// "permits_in_use", "stretch" (of the last window) and for each operation
// "usual_seconds".
type Shed struct {
	common
	limits  limits
	load    load
	epoch   time.Time // that times are counted from
	highest Priority
	trust   bool
	fair    time.Duration
	calls   shedOperation // of no operation: through Wrap
	streams shedOperation // the same for streams

	mu         sync.Mutex // guards the field below
	operations map[*endpoint.Operation]*shedOperation
}

// NewShed returns a Shed with a limit of 200, or the nearest that its [Limits]
// allow.
func NewShed(opts ...ShedOption) *Shed {
	s := &Shed{by: "NewShed", limits: limits{20, 10_000}, epoch: time.Now(), highest: CriticalPlus, fair: mark.FairTime, operations: map[*endpoint.Operation]*shedOperation{}}
	s.calls.shed, s.streams.shed, s.streams.streams = s, s, true
	configure(s, opts, ShedOption.applyShed)
	s.load.init(s.limits)
	return s
}

// A ShedOption is an option of [NewShed].
type ShedOption interface{ applyShed(s *Shed) }

type shedOption func(*Shed)

func (o shedOption) applyShed(s *Shed)   { o(s) }
func (o commonOption) applyShed(s *Shed) { o(&s.common) }

// MaxPriority bounds what a call may ask for by its header, see [TrustPriority], and
// what it has without one. The default is CriticalPlus, which bounds nothing. A p that
// is out of range is the nearest priority.
func MaxPriority(p Priority) ShedOption {
	return shedOption(func(s *Shed) { s.highest = p.clamped() })
}

// TrustPriority makes the Shed use the priority that callers send in the header
// [PriorityHeader]. It is for servers that only callers of the same owner reach, such
// as those behind a gateway; on others, anybody could have their calls admitted before
// those of everyone else. By default the header is ignored, and calls count as Critical.
func TrustPriority() ShedOption {
	return shedOption(func(s *Shed) { s.trust = true })
}

// Err returns the faults of the construction, or nil.
func (s *Shed) Err() error { return errOf(s, "Shed", "NewShed") }

// Role returns [RoleShed].
func (*Shed) Role() string { return RoleShed }

// For gives each operation its usual time. The limit is one for all.
func (s *Shed) For(op *endpoint.Operation) endpoint.Layer {
	if s.operations == nil {
		return faulty{s.Err()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.operations[op]
	if o == nil {
		o = &shedOperation{shed: s, operation: op, streams: op.Streams != endpoint.Unary}
		s.operations[op] = o
	}
	return o
}

// Enter admits the call or refuses it with ErrOutOfCapacity or ErrTooLate.
func (s *Shed) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if s.operations == nil {
		return faulty{s.Err()}.Enter(ctx)
	}
	return s.calls.Enter(ctx)
}

// Exit gives the call's place back, and learns from the time that it took.
func (s *Shed) Exit(ctx context.Context, t endpoint.Token, err error) error {
	if s.operations == nil {
		return err
	}
	return s.calls.Exit(ctx, t, err)
}

// Wrap returns next guarded by s alone. Req and Resp are those of next.
func (s *Shed) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	switch {
	case s.Err() != nil:
		return endpoint.Stack{s}.Wrap(next)
	case isStream[Req](), isStream[Resp]():
		return endpoint.Stack{&s.streams}.Wrap(next)
	}
	return endpoint.Stack{&s.calls}.Wrap(next)
}

// Gauges yields the state of s.
func (s *Shed) Gauges(yield func(endpoint.Gauge) bool) {
	if s.operations == nil {
		return
	}
	limit, running, stretch := s.load.state()
	gauges := []endpoint.Gauge{
		{Metric: "permits", Value: limit},
		{Metric: "permits_in_use", Value: running},
		{Metric: "stretch", Value: stretch},
	}
	s.mu.Lock()
	for op, o := range s.operations {
		if usual := o.usual.Load(); usual > 0 {
			gauges = append(gauges, endpoint.Gauge{Metric: "usual_seconds", Operation: op, Value: time.Duration(usual).Seconds()})
		}
	}
	s.mu.Unlock()
	for _, g := range gauges {
		g.Source, g.Name = "shed", s.name
		if !yield(g) {
			return
		}
	}
}

// prioritize returns the priority of a call and the context for what is inside.
// See decision 132.
func (s *Shed) prioritize(ctx context.Context) (Priority, context.Context) {
	if p, ok := ctx.Value(priorityKey{}).(Priority); ok {
		return p, ctx
	}
	asked, said := incomingPriority(ctx)
	p := Critical
	if s.trust {
		p = asked
	}
	p = min(p, s.highest)
	if said || p != Critical {
		// Also a default that stands for another: no Shed inside reads the header.
		ctx = WithPriority(ctx, p)
	}
	return p, ctx
}

// noPlace is the Token of a call that is not counted.
const noPlace = -1

// fairStretch is how many times longer than at best a call may take, and its caller
// has waited for a fair time.
const fairStretch = 3

// stale is when the usual time of an operation is too old to refuse by. Calls
// that are refused teach nothing: one each time must pass to see.
const stale = time.Second

// shedOperation is the layer of one operation.
type shedOperation struct {
	shed      *Shed
	operation *endpoint.Operation // nil for calls through Wrap
	streams   bool

	usual atomic.Int64 // nanoseconds; 0 while unknown
	seen  atomic.Int64 // nanoseconds after the epoch: of the last success, or of the last try without one

	// The fields below are guarded by load.mu.
	pace      pace
	succeeded time.Duration // after the epoch
}

func (o *shedOperation) Err() error { return o.shed.Err() }

func (o *shedOperation) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	s := o.shed
	p, inner := s.prioritize(ctx)
	now := time.Since(s.epoch)
	if deadline, ok := ctx.Deadline(); ok && o.late(deadline.Sub(s.epoch), now, true) {
		o.rejected(ctx, "deadline", ErrTooLate)
		return ctx, endpoint.Token{}, ErrTooLate
	}
	if !s.load.admit(p, !o.streams) {
		o.rejected(ctx, p.String(), ErrOutOfCapacity)
		return ctx, endpoint.Token{}, ErrOutOfCapacity
	}
	if o.streams {
		return inner, endpoint.Token{N: noPlace}, nil
	}
	return inner, endpoint.Token{N: int64(now)}, nil
}

// late reports whether the call will end too late. Both times are after the epoch.
// If claim is true, the call may be the one that tries whether calls have become
// faster. See decision 59.
func (o *shedOperation) late(deadline, now time.Duration, claim bool) bool {
	left := deadline - now
	if left <= 0 {
		return true
	}
	if left >= time.Duration(o.usual.Load()) {
		return false
	}
	seen := o.seen.Load()
	return now-time.Duration(seen) < stale || claim && !o.seen.CompareAndSwap(seen, int64(now))
}

func (o *shedOperation) rejected(ctx context.Context, why string, err error) {
	if o.shed.onEvent != nil {
		o.shed.emit(ctx, endpoint.Event{Source: "shed", Kind: "rejected", Operation: o.operation, Detail: why, Err: err})
	}
}

func (o *shedOperation) Exit(_ context.Context, t endpoint.Token, err error) error {
	if t.N == noPlace {
		return err
	}
	now := time.Since(o.shed.epoch)
	took := now - time.Duration(t.N)
	code, given := endpoint.CodeOf(err), mark.Given(err)
	if code == endpoint.Canceled {
		given = took
	}
	l := &o.shed.load
	l.mu.Lock()
	defer l.mu.Unlock()
	late, missed := o.judge(code, given)
	if err == nil || late && took > o.pace.recent {
		// Other errors say little: they end sooner than the work.
		o.pace.add(l, took)
	}
	if err == nil {
		o.success(now, took)
	}
	l.leave(now, o.pace.stretch(), missed)
	return err
}

// judge decides what the end of a call says. The call is late if its caller stopped waiting for
// it, so that it would have taken longer. It missed its caller if that one had given
// it a fair time. given is the time that it had. l.mu must be held.
func (o *shedOperation) judge(code endpoint.Code, given time.Duration) (late, missed bool) {
	if given == 0 || code != endpoint.DeadlineExceeded && code != endpoint.Canceled {
		return false, false
	}
	fair := o.shed.fair
	if floor := o.pace.floor; floor > 0 {
		fair = min(fair, fairStretch*floor)
	}
	return true, mark.IsFair(given, fair)
}

// success learns what is usual. Only from successes: what ends at its deadline
// would make the deadlines of others seem too near. l.mu must be held.
func (o *shedOperation) success(now, took time.Duration) {
	usual := time.Duration(o.usual.Load())
	if usual == 0 || now-o.succeeded >= stale {
		usual = took
	}
	o.usual.Store(int64(moved(usual, took, recentPart)))
	o.succeeded = now
	o.seen.Store(int64(now))
}

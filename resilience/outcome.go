package resilience

import (
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// outcome is what a call says of the server that was called.
type outcome uint8

const (
	ignored   outcome = iota // nothing
	succeeded                // it works
	failed                   // it does not
)

// An OutcomeOption is for policies that judge a server by the outcomes of calls.
type OutcomeOption interface {
	BreakerOption
	ThrottlerOption
}

type outcomeOption func(*judge)

func (o outcomeOption) applyBreaker(b *Breaker)     { o(&b.judge) }
func (o outcomeOption) applyThrottler(t *Throttler) { o(&t.judge) }

// FailIf sets which errors count against the server; all others count for it.
// The default of a [Breaker] is [endpoint.ServerFault], that of a [Throttler]
// are the codes of overload. fails is not asked about a cancellation, about a call
// that another policy of this process rejected, nor about a deadline that left the
// call no fair time ([FairTime]): these count neither way. A nil func leaves the
// default.
func FailIf(fails func(err error) bool) OutcomeOption {
	return outcomeOption(func(j *judge) {
		if fails != nil {
			j.fails = fails
		}
	})
}

// Ignore sets which errors count neither for the server nor against it, besides
// those that never do. The default is none. A later Ignore replaces an earlier
// one.
func Ignore(ignore func(err error) bool) OutcomeOption {
	return outcomeOption(func(j *judge) { j.ignore = ignore })
}

// A FairTimeOption is for policies that judge a server by calls that ended with the
// deadline of their callers.
type FairTimeOption interface {
	BreakerOption
	ThrottlerOption
	AdaptiveOption
	ShedOption
}

type fairTimeOption time.Duration

func (o fairTimeOption) applyBreaker(b *Breaker)     { o.apply(&b.construction, &b.judge.fair) }
func (o fairTimeOption) applyThrottler(t *Throttler) { o.apply(&t.construction, &t.judge.fair) }
func (o fairTimeOption) applyAdaptive(a *Adaptive)   { o.apply(&a.construction, &a.fair) }
func (o fairTimeOption) applyShed(s *Shed)           { o.apply(&s.construction, &s.fair) }

func (o fairTimeOption) apply(c *construction, fair *time.Duration) {
	*fair = time.Duration(o)
	c.check(o > 0, "FairTime(%v), want a positive time", *fair)
}

// FairTime sets how much time a call must have had for its end by a deadline to count,
// if the deadline came over a wire, with the request of the call that this process
// serves. The default is 1 s; d must be positive. A tenth less is enough, because a
// call spends some of its time on its way. With less than that, the call counts
// neither for the server nor against it: its caller may have sent any deadline. A
// deadline that this process sets, such as that of a [Timeout], counts in any case.
// A Breaker with [SlowAfter] takes that time if it is shorter, and a Shed three times
// what the operation takes at best.
func FairTime(d time.Duration) FairTimeOption { return fairTimeOption(d) }

// judge decides what an error says of the server.
type judge struct {
	fails  func(error) bool
	ignore func(error) bool // may be nil
	fair   time.Duration
}

func (j *judge) of(err error) outcome {
	switch {
	case err == nil:
		return succeeded
	case neverMade(err), mark.Excused(err, j.fair), j.ignore != nil && j.ignore(err):
		return ignored
	case j.fails(mark.Counted(err)): // ServerFault has a fair time of its own
		return failed
	}
	return succeeded
}

// neverMade reports whether err says nothing about the server: the caller gave up,
// or a policy or a pool of this process refused the call.
func neverMade(err error) bool {
	return endpoint.CodeOf(err) == endpoint.Canceled || endpoint.Refused(err)
}

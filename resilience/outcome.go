package resilience

import "github.com/typedkit/endpoint"

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
// are the codes of overload. fails is not asked about a cancellation, nor about
// a call that another policy of this process rejected: these count neither way.
// A nil func leaves the default.
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

// judge decides what an error says of the server.
type judge struct {
	fails  func(error) bool
	ignore func(error) bool // may be nil
}

func (j *judge) of(err error) outcome {
	switch {
	case err == nil:
		return succeeded
	case neverMade(err), j.ignore != nil && j.ignore(err):
		return ignored
	case j.fails(err):
		return failed
	}
	return succeeded
}

// neverMade reports whether err says nothing about the server: the caller gave up,
// or a policy or a pool of this process refused the call.
func neverMade(err error) bool {
	return endpoint.CodeOf(err) == endpoint.Canceled || endpoint.Refused(err)
}

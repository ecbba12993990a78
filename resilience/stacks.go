package resilience

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
)

// The roles of layers in the stacks of [ClientStack] and [ServerStack], which
// list them in their order. A layer tells its role by a method Role() string;
// Packages that know nothing of this one, such as
// those of telemetry, return the text itself.
const (
	RoleTelemetry        = "telemetry"         // logs, traces, metrics: sees every call
	RoleShed             = "shed"              // refuses calls when the server is overloaded; for servers
	RoleAuth             = "auth"              // on a server: names the caller; on a client: adds credentials
	RoleClientLimit      = "client-limit"      // a limit for each client of a server
	RoleCallTimeout      = "call-timeout"      // bounds a call with all its attempts; for clients
	RoleRetry            = "retry"             // makes further attempts; for clients
	RoleHedge            = "hedge"             // makes attempts side by side; for clients
	RoleAttemptTelemetry = "attempt-telemetry" // sees every attempt; for clients
	RoleThrottler        = "throttler"         // rejects what an overloaded server would reject; for clients
	RoleBreaker          = "breaker"           // rejects calls of an operation that keeps failing
	RoleRate             = "rate"              // limits how many calls begin in a time
	RoleConcurrency      = "concurrency"       // limits how many calls run at the same time
	RoleTimeout          = "timeout"           // bounds an attempt, or a call that is served
)

// ClientStack returns the recommended stack of a client: the policies in the
// order in which they do not get into each other's way, whatever the order of the
// arguments, with defaults for what every client should have.
//
//	Timeout    of the whole call: if two are given, the longer one
//	Retry      by default NewRetry(3)
//	Hedge
//	Throttler
//	Breaker    by default NewBreaker(20, Window(10 s), Ratio(0.5))
//	Limiter, Waiter, Quota
//	Bulkhead, Adaptive
//	Timeout    of each attempt; by default 10 s for what is no stream
//
// A policy that is given replaces the default of its kind. What is below the
// Retry and the Hedge is for each attempt: the Breaker sees every failure, limits
// count every call that the server gets, and nothing is held while a repeat
// waits. The Breaker is outside the limits, so that calls that it rejects do not
// use them up; what they reject is no failure of the server.
//
// A policy for some operations, by [endpoint.Only], sits where the policy does,
// and replaces the default for all. A Timeout that is given bounds streams, too.
//
// Faults, which Client reports, are a policy for servers only, a second one of a
// kind for all operations but for limits, a third Timeout, and a layer that is no
// policy of this package: put that one before the stack or behind it. To leave a
// default out, write the stack by hand; it is a slice.
func ClientStack(policies ...endpoint.Layer) endpoint.Stack {
	a := arrange("ClientStack", policies, "servers", seatOfShed, seatOfPerClient)
	a.wholeTimeout()
	a.byDefault(seatOfRetry, NewRetry(3))
	a.byDefault(seatOfBreaker, NewBreaker(20, Window(10*time.Second), Ratio(0.5)))
	a.byDefault(seatOfTimeout, endpoint.Only(NewTimeout(10*time.Second), isUnary))
	return a.stack()
}

// ServerStack returns the recommended stack of a server, as [ClientStack] does
// for clients:
//
//	Shed       by default NewShed()
//	PerClient
//	Breaker
//	Limiter, Waiter, Quota
//	Bulkhead, Adaptive
//	Timeout    by default 30 s for what is no stream
//
// The cheapest refusal comes first, and what a call is refused by later is not
// used up by it earlier: a Shed has no tokens, and a client that asks too much
// does not use up what others share. A layer that authenticates goes before the
// stack, where it names the client for the PerClient.
//
// Policies for clients only are faults: Retry, Hedge, Throttler.
func ServerStack(policies ...endpoint.Layer) endpoint.Stack {
	a := arrange("ServerStack", policies, "clients", seatOfRetry, seatOfHedge, seatOfThrottler)
	a.byDefault(seatOfShed, NewShed())
	a.byDefault(seatOfTimeout, endpoint.Only(NewTimeout(30*time.Second), isUnary))
	return a.stack()
}

func isUnary(op *endpoint.Operation) bool { return op.Streams == endpoint.Unary }

// A seat is where policies of a kind sit, the outermost first.
type seat int

const (
	noSeat seat = iota
	seatOfShed
	seatOfWhole // the Timeout of a whole call
	seatOfRetry
	seatOfHedge
	seatOfThrottler
	seatOfPerClient
	seatOfBreaker
	seatOfRates
	seatOfRoom
	seatOfTimeout
	seats
)

func seatOf(policy endpoint.Layer) seat {
	switch policy.(type) {
	case *Shed:
		return seatOfShed
	case *Retry:
		return seatOfRetry
	case *Hedge:
		return seatOfHedge
	case *Throttler:
		return seatOfThrottler
	case *PerClient:
		return seatOfPerClient
	case *Breaker:
		return seatOfBreaker
	case *Limiter, *Waiter, *Quota:
		return seatOfRates
	case *Bulkhead, *Adaptive:
		return seatOfRoom
	case *Timeout:
		return seatOfTimeout
	}
	return noSeat
}

// forSome is what endpoint.Only returns.
type forSome interface{ Unwrap() endpoint.Layer }

// arrangement is a stack that is being put together.
type arrangement struct {
	name   string
	seated [seats][]endpoint.Layer
	faults []error
}

// arrange seats the policies. Those of the seats not are for others.
func arrange(name string, policies []endpoint.Layer, others string, not ...seat) *arrangement {
	a := &arrangement{name: name}
	for _, l := range policies {
		policy := l
		if some, ok := l.(forSome); ok {
			policy = some.Unwrap()
		}
		s := seatOf(policy)
		switch {
		case s == noSeat:
			a.fault("%T is no policy of this package: put it before the stack or behind it", policy)
		case slices.Contains(not, s):
			a.fault("%T is for %s", policy, others)
		default:
			a.seated[s] = append(a.seated[s], l)
		}
	}
	return a
}

func (a *arrangement) fault(format string, args ...any) {
	a.faults = append(a.faults, fmt.Errorf("resilience: "+a.name+": "+format, args...))
}

// wholeTimeout seats the longer one of two Timeouts outside the Retry.
func (a *arrangement) wholeTimeout() {
	timeouts := a.seated[seatOfTimeout]
	if len(timeouts) != 2 {
		return
	}
	whole, ok := timeouts[0].(*Timeout)
	attempt, too := timeouts[1].(*Timeout)
	if !ok || !too {
		return // they are for some operations each
	}
	if whole.whole.d < attempt.whole.d {
		whole, attempt = attempt, whole
	}
	a.seated[seatOfWhole], a.seated[seatOfTimeout] = []endpoint.Layer{whole}, []endpoint.Layer{attempt}
}

// byDefault seats l where nobody sits.
func (a *arrangement) byDefault(s seat, l endpoint.Layer) {
	if a.seated[s] == nil {
		a.seated[s] = []endpoint.Layer{l}
	}
}

// onlyOne notes a fault if several of layers are for all operations.
func (a *arrangement) onlyOne(layers []endpoint.Layer) {
	n, kind := 0, ""
	for _, l := range layers {
		if _, some := l.(forSome); !some {
			n, kind = n+1, fmt.Sprintf("%T", l)
		}
	}
	if n > 1 {
		a.fault("%d of %s", n, kind)
	}
}

// stack returns the policies in the order of their seats.
func (a *arrangement) stack() endpoint.Stack {
	var stack endpoint.Stack
	for s, layers := range a.seated {
		if seat(s) != seatOfRates && seat(s) != seatOfRoom {
			a.onlyOne(layers)
		}
		stack = append(stack, layers...)
	}
	if a.faults != nil {
		return endpoint.Stack{faulty{errors.Join(a.faults...)}}
	}
	return stack
}

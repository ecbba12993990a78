package observe

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
)

// A Part is one kind of telemetry. It is safe for concurrent use.
type Part interface {
	// Observe returns what observes the calls of an operation, or nil when the
	// part does not want them. It is called once for an operation where that
	// is known at construction. For calls without one it gets the shared empty
	// Operation.
	Observe(op *endpoint.Operation) Observer
}

// An Observer observes the calls of one operation, on either side: a call that
// is served and one that is made are told apart by the Call's Side.
type Observer interface {
	// Begin runs before the call. It returns the context for what is inside,
	// nil for an unchanged one, and what End gets back.
	Begin(ctx context.Context, o *Observation) (context.Context, endpoint.Token)
	// End runs when the call has ended, with the context that is inside.
	End(ctx context.Context, t endpoint.Token, o *Observation)
}

// An ItemObserver is an [Observer] that sees the items of streams.
type ItemObserver interface {
	Observer
	// Item runs before an item is handed on; o.FirstItem is zero for the first
	// one of the call. When both sides are streams, it may run for an item of
	// each at the same time, and for one of the request after End.
	Item(ctx context.Context, t endpoint.Token, o *Observation)
}

// A RoutePart is a [Part] that tells the routes of an operation apart. An operation has
// several routes if its service is served below several prefixes.
type RoutePart interface {
	Part
	// ObserveRoute is like Observe, for the calls of one route. op is a copy of the
	// operation whose Pattern is the route. If the part is an [AttemptPart], its
	// ObserveAttempts gets such a copy for the attempts of these calls.
	ObserveRoute(op *endpoint.Operation) Observer
}

// An AttemptPart is a [Part] that also observes the attempts of calls that are
// repeated or hedged, each as [Telemetry.Attempts] sees it.
type AttemptPart interface {
	Part
	// ObserveAttempts is as Observe for attempts.
	ObserveAttempts(op *endpoint.Operation) Observer
}

// An Observation is what is known of a call. It belongs to the layer, which uses
// it again: an observer must not keep it.
type Observation struct {
	// Call is the call, nil for one in process, on which all methods work. By a
	// Wrap inside a handler it is the call that is served.
	Call *endpoint.Call
	// Operation is what is called, never nil.
	Operation *endpoint.Operation

	start moment

	// FirstItem is how long the first item of a stream took, of either side;
	// 0 when there was none.
	FirstItem time.Duration

	// The others are set when End runs.

	// Duration is how long the call took; for a stream, until its loop ended.
	Duration time.Duration
	// Err is the error of the call, a *endpoint.PanicError if it panicked.
	Err error
	// Code is the code of Err; on a server, the one that goes out, as
	// [endpoint.Operation.Outgoing] has it.
	Code endpoint.Code
}

// Start returns when the call began.
func (o *Observation) Start() time.Time { return o.start.time() }

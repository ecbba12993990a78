package figures

import (
	"slices"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// A Kind says why a call is among the recent ones.
type Kind uint8

// The kinds of recent calls.
const (
	// ServerFault is a call that failed by the fault of its server.
	ServerFault Kind = iota
	// CallerFault is a call that failed otherwise: by a fault of the caller, or
	// because the caller gave up.
	CallerFault
	// Slow is a call that succeeded and took much longer than usual.
	Slow

	kinds = 3
)

// String returns "server fault", "caller fault" or "slow".
func (k Kind) String() string {
	return [kinds]string{"server fault", "caller fault", "slow"}[k]
}

// A Call is one of the recent calls. It has nothing of the request but ids that were
// checked, and nothing of an error that its caller does not get.
type Call struct {
	// At is the time when the call ended.
	At        time.Time
	Kind      Kind
	Operation *endpoint.Operation
	Took      time.Duration
	// Code is the code that went out, on a client the one that came back.
	Code endpoint.Code
	// Domain and Reason are the identity of the error, each cut after 128 bytes.
	Domain, Reason string
	// TraceID is that of the header traceparent, RequestID that of X-Request-Id. They
	// are empty if the header is missing or malformed.
	TraceID, RequestID string
}

// perKind is how many recent calls of each kind are kept.
const perKind = 50

// perSecond is how many calls of an operation and kind are taken in a second. What a
// caller can make a server do for each failed call is bounded by it.
const perSecond = 10

// recent holds the latest calls of each kind, so that many faults of callers push out no
// fault of the server.
type recent struct {
	mu    sync.Mutex // guards the field below
	rings [kinds]ring
}

// A ring has the latest calls of a kind.
type ring struct {
	calls [perKind]Call
	added int
}

func (r *recent) add(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ring := &r.rings[c.Kind]
	ring.calls[ring.added%perKind] = c
	ring.added++
}

// all returns the calls of all kinds, the latest first.
func (r *recent) all() []Call {
	r.mu.Lock()
	var calls []Call
	for i := range r.rings {
		ring := &r.rings[i]
		calls = append(calls, ring.calls[:min(ring.added, perKind)]...)
	}
	r.mu.Unlock()
	slices.SortStableFunc(calls, func(a, b Call) int { return b.At.Compare(a.At) })
	return calls
}

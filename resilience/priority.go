package resilience

import (
	"context"
	"errors"
	"strconv"

	"github.com/typedkit/endpoint"
)

// PriorityHeader is the key of the metadata that carries a [Priority] from hop
// to hop. Its value is the number.
const PriorityHeader = "endpoint-priority"

// A Priority says how much is lost when a call is refused: an overloaded server
// refuses the lowest first. The four are those of Google's "Site Reliability
// Engineering", chapter 21. A higher number is more important; 0, that of a call
// that says nothing, is Critical.
type Priority int8

// The priorities, the least important first.
const (
	// Sheddable calls may fail often, and even all of them for a while.
	Sheddable Priority = -2
	// SheddablePlus calls may fail for some minutes and are made again: batches.
	SheddablePlus Priority = -1
	// Critical is the default: users notice.
	Critical Priority = 0
	// CriticalPlus is for the few calls that hurt most when they fail.
	CriticalPlus Priority = 1
)

// priorities is how many there are.
const priorities = int(CriticalPlus-Sheddable) + 1

// String returns the name: "CRITICAL_PLUS", "CRITICAL", "SHEDDABLE_PLUS" or
// "SHEDDABLE". One out of range has the name of the nearest.
func (p Priority) String() string {
	return [priorities]string{"SHEDDABLE", "SHEDDABLE_PLUS", "CRITICAL", "CRITICAL_PLUS"}[p.rank()]
}

// rank counts from 0, the least important.
func (p Priority) rank() int { return int(p.clamped() - Sheddable) }

func (p Priority) clamped() Priority { return min(max(p, Sheddable), CriticalPlus) }

// parsePriority reads what came over a wire. A number out of range is the
// nearest priority; what is no number counts as absent.
func parsePriority(text string) Priority {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return Critical
	}
	return Priority(min(max(n, int64(Sheddable)), int64(CriticalPlus))) //nolint:gosec // it is clamped
}

type priorityKey struct{}

// WithPriority returns a context whose calls have the priority p, the nearest
// one if p is out of range. Client calls under it send it to the next hop, in
// the header [PriorityHeader]; no layer of the client is needed for that.
//
// A server whose stack has a [Shed] with [TrustPriority] goes on with the priority of
// the call that came in: what its handler calls has the same. With another Shed, or
// none, what the handler calls is Critical, unless it says otherwise.
func WithPriority(ctx context.Context, p Priority) context.Context {
	p = p.clamped()
	ctx = endpoint.WithHeader(ctx, PriorityHeader, strconv.Itoa(int(p)))
	return context.WithValue(ctx, priorityKey{}, p)
}

// PriorityFrom returns the priority that [WithPriority] or a [Shed] gave to the
// calls under ctx; else Critical.
func PriorityFrom(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}

// incomingPriority returns what the call that is served says. ok is false when
// it says nothing.
func incomingPriority(ctx context.Context) (p Priority, ok bool) {
	// The map itself, under both of its spellings: Get would make the key of the
	// other transports anew for each call.
	raw := endpoint.Incoming(ctx).Header().Raw()
	if len(raw) == 0 {
		return Critical, false
	}
	values := raw["Endpoint-Priority"]
	if len(values) == 0 {
		values = raw[PriorityHeader]
	}
	if len(values) == 0 {
		return Critical, false
	}
	return parsePriority(values[0]), true
}

package discover

import (
	"context"
	"time"
)

// A Balancer makes the Pickers that spread calls over the members of a set.
// Those of this package are [PeakEWMA], [LeastRequest], [Weighted], [RoundRobin]
// and [Random]; [BalancerFunc] makes one of a func. A Balancer must be safe for
// concurrent use.
//
// NewPicker returns the Picker for a set, which is in the order of the addresses
// and never empty. A pool calls it for each operation, whenever the set has
// changed, an instance was ejected or a weight is different. It must not change
// the slice, block, or call a method of the pool. If it returns nil, calls fail.
type Balancer interface {
	NewPicker(set []*Member) Picker
}

// A BalancerFunc is a Balancer that is a function. A nil BalancerFunc is a fault
// of [Balance].
type BalancerFunc func(set []*Member) Picker

// NewPicker calls f.
func (f BalancerFunc) NewPicker(set []*Member) Picker { return f(set) }

// A Picker picks the member for one attempt: it returns its index in the set that
// the Picker was made for. Pick is called by many goroutines at once and must not
// block. A call whose index is outside the set fails.
type Picker interface {
	Pick(ctx context.Context) int
}

// An Observer is a Picker that learns how the attempts ended. Done is called
// once for each attempt, including attempts that an earlier Picker of the same
// operation picked. elapsed is the time between the pick and the end, which for a
// stream is the end of its loop.
type Observer interface {
	Picker
	Done(m *Member, elapsed time.Duration, err error)
}

// A tableBalancer is a Balancer of this package. A pool recognizes it by its type
// and gives it a table, so that no slice of all members is made for each change.
// See decision 113.
type tableBalancer func(t table) Picker

// NewPicker returns a Picker for a caller that has a slice. Of an empty set it
// picks no member: its index is -1.
func (b tableBalancer) NewPicker(set []*Member) Picker {
	if len(set) == 0 {
		return noMember{}
	}
	return b(tableOf(set))
}

// noMember is the Picker of an empty set.
type noMember struct{}

func (noMember) Pick(context.Context) int { return -1 }

// chooser is a Picker of this package. It returns the seat itself, which it has
// looked at already, beside its place. now is nanoseconds since the pool was made
// if the Picker is timed, else 0.
type chooser interface {
	choose(now int64) (place int, at *seat)
}

// timed is an Observer that uses the readings of the clock that the pool makes
// anyway.
type timed interface {
	doneAt(m *Member, start, now int64, o outcome, err error)
}

package discover

import (
	"context"
	"reflect"
	"time"
)

// A Balancer makes the Picker for a set of members. It is called whenever the
// set has changed, an instance was ejected or a weight is another, for each
// operation by itself, and never for an empty set. It must not change the
// slice. A Balancer is safe for concurrent use.
type Balancer func(set []*Member) Picker

// A Picker picks the member for one attempt: its index in the set that the
// Picker was made for. It is called by many goroutines at once and must not
// block.
type Picker interface {
	Pick(ctx context.Context) int
}

// An Observer is a Picker that learns how the attempts ended. Done is called
// once for each attempt, also for those that an earlier Picker of the same
// operation picked; elapsed is the time between the pick and the end, for a
// stream the end of its loop.
type Observer interface {
	Picker
	Done(m *Member, elapsed time.Duration, err error)
}

// chooser is a Picker of this package. It hands out the seat itself, which it has
// looked at already, and for users of the Picker its place. now is nanoseconds
// since the pool was made if the Picker is timed, else nothing.
type chooser interface {
	choose(now int64) (place int, at *seat)
}

// timed is an Observer that gets by with the readings of the clock that the
// pool makes anyway.
type timed interface {
	doneAt(m *Member, start, now int64, err error)
}

// builtin is a balancer of this package, with what makes its pickers of a table:
// without a slice of all members, which would have to be made for each change.
type builtin struct {
	balancer Balancer
	picker   func(t table) Picker
}

func builtins() []builtin {
	return []builtin{
		{balanceRoundRobin, newRoundRobin},
		{balanceRandom, newRandom},
		{balanceWeighted, newWeighted},
		{balanceLeastRequest, newLeastRequest},
		{balancePeakEWMA, newPeakEWMA},
	}
}

// pickerOf returns what makes the pickers of a balancer of this package, and nil
// for any other. A func is known by where its code is; none of ours is a closure,
// of which there could be several copies.
func pickerOf(b Balancer) func(t table) Picker {
	for _, own := range builtins() {
		if reflect.ValueOf(b).Pointer() == reflect.ValueOf(own.balancer).Pointer() {
			return own.picker
		}
	}
	return nil
}

package discover

import (
	"context"
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

// timed is an Observer that gets by with the readings of the clock that the
// pool makes anyway: nanoseconds since the pool was made.
type timed interface {
	pickAt(now int64) int
	doneAt(m *Member, start, now int64, err error)
}

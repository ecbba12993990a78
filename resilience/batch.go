package resilience

import (
	"sync/atomic"
	"time"
)

// A batch holds successes until they are sorted into a window of time, which is
// when a call fails, because only then somebody looks at the window, and else by
// a timer at the end of the part of the window that they belong to. So a success
// costs an addition, in place of a lock and a reading of the clock. See decision 72.
type batch struct {
	n atomic.Int64 // successes that are not in the window

	// Guarded by the owner of the window.
	window *recent
	armed  bool  // the timer runs
	at     int64 // then: the number of the part
}

// add counts a success and says that it is the first of its batch.
func (b *batch) add() (first bool) { return b.n.Add(1) == 1 }

// arm returns how long the part goes on in which the batch began, or 0 if its
// timer runs.
func (b *batch) arm(now time.Duration) time.Duration {
	if b.armed {
		return 0
	}
	b.armed, b.at = true, b.window.partOf(now)
	return time.Duration(b.at+1)*b.window.part - now
}

// sort puts the batch into the window.
func (b *batch) sort(now time.Duration) {
	at := b.at
	if !b.armed { // it has just begun
		at = b.window.partOf(now)
	}
	b.window.addSuccesses(int(b.n.Swap(0)), at)
}

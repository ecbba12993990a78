package discover

import (
	"math"
	"sync/atomic"
)

// The state of a host's load: how many calls are in flight, and above them two
// flags. Whoever brings it to gone alone, with no calls left, closes the host.
const (
	gone    = int64(1) << 62 // the slot is not in the set any more
	closed  = int64(1) << 61 // and its connection is closed
	inCalls = closed - 1     // mask of the calls in flight
)

// A host is what all operations share of one instance, as far as picks look at it.
type host struct {
	load   atomic.Int64  // see above
	weight atomic.Uint64 // bits of the weight as it is now, slow start included
	failed atomic.Int32  // failures since the last success
	id     uint32        // in the pool
	slot   *slot         // that the host is part of, nil for one of the zero Member
	slow   atomic.Int32  // calls that were cut off after a long time, since the last answer
	number atomic.Int32  // of the level that it is at, or was last
}

// pending returns the number of calls in flight.
func (h *host) pending() int64 { return h.load.Load() & inCalls }

// currentWeight returns the weight as it is now.
func (h *host) currentWeight() float64 { return math.Float64frombits(h.weight.Load()) }

// busyness returns the number of calls in flight for each unit of weight.
func (h *host) busyness() float64 { return float64(h.pending()) / h.currentWeight() }

// isFailing reports whether the last call failed.
func (h *host) isFailing() bool { return h.failed.Load() != 0 }

// enter counts a call in and reports whether it may go ahead: not if the host is
// closed.
func (h *host) enter() bool {
	if h.load.Add(1)&closed == 0 {
		return true
	}
	h.load.Add(-1)
	return false
}

// leave counts a call out and reports whether the caller must close the host.
func (h *host) leave() bool { return h.load.Add(-1) == gone && h.shut() }

// retire takes the host out of the set and reports whether the caller must close it.
func (h *host) retire() bool { return h.load.Add(gone) == gone && h.shut() }

// shut marks the host as closed. It reports true to only one of several callers
// that find the host idle at the same time.
func (h *host) shut() bool { return h.load.CompareAndSwap(gone, gone|closed) }

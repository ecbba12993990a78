package discover

import (
	"math"
	"sync/atomic"
	"time"
)

// The state of a host's load: how many calls are in flight, and above them two
// flags. Whoever brings it to gone alone, no calls left, closes the host.
const (
	gone    = int64(1) << 62 // not in the set any more
	closed  = int64(1) << 61 // and its connection is closed
	inCalls = closed - 1     // mask of the calls in flight
)

// host is what all operations share of one instance, as far as picks look at it.
type host struct {
	load   atomic.Int64  // see above
	weight atomic.Uint64 // bits of the weight as it is now, slow start included
	failed atomic.Int32  // failures since the last success
	id     uint32
	about  *about
}

// about is what picks have no need of.
type about struct {
	instance atomic.Pointer[Instance]
	given    Instance      // what instance points to at first
	uneven   *atomic.Int64 // of the pool: how many of its hosts have a weight that is not 1
	slot     any           // the *slot[C] that this is part of
}

// pending is the number of calls in flight.
func (h *host) pending() int64 { return h.load.Load() & inCalls }

// weigh sets the weight as it is now.
func (h *host) weigh(w float64) {
	before := h.weight.Swap(math.Float64bits(w))
	h.about.uneven.Add(isUneven(math.Float64bits(w)) - isUneven(before))
}

// isUneven is 1 for a weight that is set and not 1, else 0.
func isUneven(bits uint64) int64 {
	if bits == 0 || bits == math.Float64bits(1) {
		return 0
	}
	return 1
}

// isFailing says that the last call failed.
func (h *host) isFailing() bool { return h.failed.Load() != 0 }

// enter counts a call in, unless the host is closed.
func (h *host) enter() bool {
	if h.load.Add(1)&closed == 0 {
		return true
	}
	h.load.Add(-1)
	return false
}

// leave counts a call out and says that the caller is to close the host.
func (h *host) leave() bool { return h.load.Add(-1) == gone && h.shut() }

// retire takes the host out of the set and says that the caller is to close it.
func (h *host) retire() bool { return h.load.Add(gone) == gone && h.shut() }

// shut closes the door; only one of those who find the host idle may.
func (h *host) shut() bool { return h.load.CompareAndSwap(gone, gone|closed) }

// A Member is one instance as a [Balancer] sees it. It stays the same while the
// instance is in the set. All methods are safe for concurrent use.
type Member struct {
	host *host

	// What peakEWMA knows of this operation's calls. The two are not written
	// together; a mixture of two updates costs a little precision.
	cost  atomic.Uint64 // bits of the nanoseconds
	stamp atomic.Int64  // when cost was right
}

// Instance returns the instance as the source last described it.
func (m *Member) Instance() Instance { return *m.host.about.instance.Load() }

// Pending returns how many calls are in flight, of all operations.
func (m *Member) Pending() int { return int(m.host.pending()) }

// Weight returns the weight of the instance, which is less during slow start.
// It is always more than zero.
func (m *Member) Weight() float64 { return math.Float64frombits(m.host.weight.Load()) }

// Latency returns what [PeakEWMA] takes the latency of the instance for in
// calls of this operation; 0 before the first has ended.
func (m *Member) Latency() time.Duration {
	return time.Duration(math.Float64frombits(m.cost.Load()))
}

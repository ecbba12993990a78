package discover

import (
	"math"
	"sync/atomic"
	"time"
)

// A Member is one instance as a [Balancer] of one operation sees it. It stays the
// same while the instance is in the set. All methods are safe for concurrent use.
//
// The zero Member is an idle one of weight 1 that has no address, for tests of
// balancers.
type Member struct {
	host *host // nil for the zero Member

	// What PeakEWMA knows of this operation's calls. The two are not written
	// together: a mixture of two updates costs a little precision.
	cost  atomic.Uint64 // bits of the nanoseconds
	stamp atomic.Int64  // when cost was right
}

// Instance returns the instance as the source last described it.
func (m *Member) Instance() Instance {
	if m.host == nil {
		return Instance{}
	}
	return *m.host.slot.instance.Load()
}

// Pending returns how many calls of all operations are in flight.
func (m *Member) Pending() int {
	if m.host == nil {
		return 0
	}
	return int(m.host.pending())
}

// Weight returns the weight of the instance, which is less during slow start. It is
// always more than zero.
func (m *Member) Weight() float64 {
	if m.host == nil {
		return 1
	}
	return m.host.currentWeight()
}

// Latency returns the mean latency of this operation's calls at the instance, as
// [PeakEWMA] measures it. It is 0 before the first call has ended, and with other
// balancers.
func (m *Member) Latency() time.Duration {
	return time.Duration(math.Float64frombits(m.cost.Load()))
}

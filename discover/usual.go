package discover

import (
	"math"
	"sync/atomic"
)

// A call is slow if it takes more than slowFactor times the usual latency.
const slowFactor = 3

// A usual is the mean latency of one operation's successes at all instances, weighted
// exponentially like that of a member. The two fields are not written together: a mixture
// of two updates costs a little precision.
type usual struct {
	mean  atomic.Uint64 // bits of the nanoseconds, 0 before the first success
	stamp atomic.Int64  // when it was written
}

// note adds the latency of a success. Like a member, it does not record every one; see
// decision 83.
func (u *usual) note(now int64, latency float64) {
	age := now - u.stamp.Load()
	mean := u.get()
	if mean == 0 {
		mean = latency
	} else if uint64(age) < tinyAge {
		return
	}
	keep := decay(age)
	u.mean.Store(math.Float64bits(mean*keep + latency*(1-keep)))
	u.stamp.Store(now)
}

// get returns the mean, 0 if nothing is known.
func (u *usual) get() float64 { return math.Float64frombits(u.mean.Load()) }

// isSlow reports whether a call that takes so many nanoseconds is slow. Nothing is
// slow before a success.
func (u *usual) isSlow(elapsed int64) bool {
	mean := u.get()
	return mean > 0 && float64(elapsed) > slowFactor*mean
}

package observe

import (
	"sync/atomic"
	"time"
)

// sampler lets the first records of each second pass, and then one of every so
// many. It waits for nobody: around the turn of a second, calls that run side by
// side may pass a few more or less.
type sampler struct {
	first, every int64
	second       atomic.Int64
	seen         atomic.Int64 // in this second
	skipped      atomic.Int64 // since the last that passed
}

// take says whether the record of an event at that time passes, and how many
// were skipped before it.
func (s *sampler) take(at time.Time) (skipped int64, ok bool) {
	if s == nil {
		return 0, true
	}
	now := at.Unix()
	if last := s.second.Load(); last != now && s.second.CompareAndSwap(last, now) {
		s.seen.Store(0)
	}
	n := s.seen.Add(1) - s.first
	if n <= 0 || s.every > 0 && n%s.every == 0 {
		return s.skipped.Swap(0), true
	}
	s.skipped.Add(1)
	return 0, false
}

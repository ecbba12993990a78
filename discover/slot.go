package discover

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// A hot is what picks look at of a slot, in one cache line: cores that call other
// instances do not write where this one's calls look, and with thousands of
// instances a pick misses the cache once.
type hot struct {
	host
	first Member // of the first operation
}

// A slot is one instance of a pool with its connection. The core's mu guards all of
// it but hot, instance and slowSince.
type slot struct {
	*hot
	instance  atomic.Pointer[Instance] // as the source last described it
	given     Instance                 // what instance points to at first
	uneven    *atomic.Int64            // of the roster
	slowSince atomic.Int64             // when the row of slow calls began
	conn      any                      // set before the slot is ready

	early    bool               // of the first set
	ready    bool               // conn is set
	joined   bool               // and was published
	missing  bool               // the source does not name it any more
	dropped  bool               // not in the roster any more
	level    *level             // of the board, nil when it gets no calls
	place    int                // in level.shown
	out      bool               // it gets no calls because it fails
	warm     time.Time          // when its slow start began, zero when it is not in one
	misses   int                // failed dials in a row
	retry    *time.Timer        // of the next dial
	dialling context.Context    // of the dial that has a place, nil when there is none
	cancel   context.CancelFunc // of dialling
	health   health
	eject    ejection
	members  []*Member // by the number of the operation, nil where not needed yet
}

func newSlot(id uint32, in Instance, uneven *atomic.Int64) *slot {
	s := &slot{hot: &hot{}, given: in, uneven: uneven}
	s.id, s.slot = id, s
	s.describe(&s.given)
	return s
}

// describe sets what the source says of the instance.
func (s *slot) describe(in *Instance) {
	s.instance.Store(in)
	s.weigh(in.weight())
}

// weigh sets the weight as it is now.
func (s *slot) weigh(w float64) {
	before := s.weight.Swap(math.Float64bits(w))
	s.uneven.Add(isUneven(math.Float64bits(w)) - isUneven(before))
}

// isUneven returns 1 for the bits of a weight that is set and not 1, else 0.
func isUneven(bits uint64) int64 {
	if bits == 0 || bits == math.Float64bits(1) {
		return 0
	}
	return 1
}

func (s *slot) addr() string { return s.instance.Load().Addr }

// stopTimers stops what would happen to the slot later.
func (s *slot) stopTimers() {
	for _, t := range []*time.Timer{s.retry, s.eject.timer, s.health.timer} {
		if t != nil {
			t.Stop()
		}
	}
	if s.health.cancel != nil {
		s.health.cancel()
	}
}

// member returns the slot as a member of an operation.
func (s *slot) member(operation int) *Member {
	for len(s.members) <= operation {
		s.members = append(s.members, nil)
	}
	if s.members[operation] == nil {
		m := &s.first
		if operation > 0 {
			m = &Member{}
		}
		m.host = &s.host
		s.members[operation] = m
	}
	return s.members[operation]
}

// forget drops the members of operations that are gone.
func (s *slot) forget(gone []int) {
	for _, operation := range gone {
		if operation >= len(s.members) {
			continue
		}
		if operation == 0 { // it has its place in the slot
			s.first.cost.Store(0)
			s.first.stamp.Store(0)
		}
		s.members[operation] = nil
	}
}

package figures

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// seconds is how long the window is.
	seconds = 60
	// slots is how many seconds are kept. Those beyond the window are about to be
	// used again.
	slots = 64
)

// A slot has the calls that ended within one second.
type slot struct {
	second   atomic.Int64 // which one, from 1 for the first second of the Set
	faults   [2]atomic.Uint32
	recorded [kinds]atomic.Uint32 // calls that asked for a place among the recent ones
	took     histogram
}

// A window has the slots of the last minute. Writers wait for each other only when a
// second begins. A call that ends at that moment, or while the window is read, may be
// missing from what is read.
type window struct {
	mu    sync.Mutex // held while a slot is cleared
	slots [slots]slot
}

// secondOf returns the second of a time since the Set was made. A slot that was never
// used has the second 0.
func secondOf(now time.Duration) int64 { return int64(now/time.Second) + 1 }

// at returns the slot of a second, and whether the call is the first one in it. The slot
// is nil for a second that the window has left.
func (w *window) at(second int64) (s *slot, first bool) {
	s = &w.slots[second%slots]
	if s.second.Load() == second {
		return s, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch used := s.second.Load(); {
	case used == second:
		return s, false
	case used > second:
		return nil, false
	}
	s.clear()
	s.second.Store(second)
	return s, true
}

// clear empties s before it is used for another second.
func (s *slot) clear() {
	for i := range s.faults {
		s.faults[i].Store(0)
	}
	for i := range s.recorded {
		s.recorded[i].Store(0)
	}
	s.took.clear()
}

// read calls do for each slot of the window that has calls of the 60 seconds up to the
// given one, with its place: 0 for the oldest.
func (w *window) read(second int64, do func(place int, s *slot)) {
	for place := range seconds {
		of := second - seconds + 1 + int64(place)
		if of < 1 {
			continue
		}
		if s := &w.slots[of%slots]; s.second.Load() == of {
			do(place, s)
		}
	}
}

// took returns the durations of all calls in the window.
func (w *window) took(second int64) *counts {
	var c counts
	w.read(second, func(_ int, s *slot) { s.took.addTo(&c) })
	return &c
}

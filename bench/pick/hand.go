package main

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
)

// byHand is the least that two choices can cost where calls are counted: one
// random number, two counters to look at, and one of them up and down again. It
// has no set that changes, no connections, and nobody who waits for the last call
// of one.
func byHand(n int) subject {
	set := make([]counter, n)
	return subject{
		run:  func(calls int) error { return spinByHand(set, calls) },
		pick: func() (int, error) { return choose(set), nil },
	}
}

// counter has the calls in flight of an instance, in a cache line of its own.
type counter struct {
	calls atomic.Int64
	_     [56]byte
}

// choose draws two and returns the one with fewer calls.
func choose(set []counter) int {
	r := rand.Uint64()
	n := uint64(len(set))
	a, b := r>>32*n>>32, r&(1<<32-1)*n>>32
	if set[b].calls.Load() < set[a].calls.Load() {
		a = b
	}
	return int(a)
}

var errCount = errors.New("more calls ended than began")

func spinByHand(set []counter, calls int) error {
	for range calls {
		c := &set[choose(set)].calls
		c.Add(1)
		if c.Add(-1) < 0 {
			return errCount
		}
	}
	return nil
}

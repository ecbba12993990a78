package resilience

import (
	"hash/maphash"
	"sync"
)

// running counts the calls that run, by a key. Its size is that of the calls: a key
// without calls is forgotten.
type running[K comparable] struct {
	most   int32 // calls of one key
	seed   maphash.Seed
	shards [mostShards]runningShard[K]
}

// runningShard is the part of the counts under one lock.
type runningShard[K comparable] struct {
	mu     sync.Mutex // guards the fields below, and those of the entries
	index  map[K]*runningEntry[K]
	unused *runningEntry[K] // a list
	_      [64]byte
}

// runningEntry is the count of one key. The Token of a call holds it.
type runningEntry[K comparable] struct {
	shard *runningShard[K]
	key   K
	calls int32
	next  *runningEntry[K] // of the unused
}

// newRunning returns counts of up to most calls of a key, or nil if most is 0.
func newRunning[K comparable](most int) *running[K] {
	if most <= 0 {
		return nil
	}
	r := &running[K]{most: int32(most), seed: maphash.MakeSeed()} //nolint:gosec // AtOnce checks it
	for i := range r.shards {
		r.shards[i].index = map[K]*runningEntry[K]{}
	}
	return r
}

// begin counts a call of key and returns its entry, or nil if key has as many calls
// as it may.
func (r *running[K]) begin(key K) *runningEntry[K] {
	if key != key {
		key = *new(K) // a NaN equals nothing, so that a map would keep each
	}
	s := &r.shards[maphash.Comparable(r.seed, key)&(mostShards-1)]
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.index[key]
	switch {
	case e == nil:
		if e = s.unused; e != nil {
			s.unused, e.next = e.next, nil
		} else {
			e = &runningEntry[K]{shard: s}
		}
		e.key = key
		s.index[key] = e
	case e.calls >= r.most:
		return nil
	}
	e.calls++
	return e
}

// end counts a call that ended.
func (e *runningEntry[K]) end() {
	s := e.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.calls--; e.calls > 0 {
		return
	}
	delete(s.index, e.key)
	e.key = *new(K)
	e.next, s.unused = s.unused, e
}

package resilience

import (
	"hash/maphash"
	"sync"
	"time"
)

// buckets is a table of token buckets of bounded size. The arithmetic is that of
// golang.org/x/time/rate, in a fifth of its memory. See decision 38.
type buckets[K comparable] struct {
	rate   bucketRate
	epoch  time.Time // what its times count from
	seed   maphash.Seed
	shards []bucketShard[K] // a power of two of them
}

type bucketRate struct{ perSecond, burst float64 }

// bucketShard is the part of a table under one lock.
type bucketShard[K comparable] struct {
	mu    sync.Mutex // guards the fields below
	index map[K]int32
	slots []bucketSlot[K]
	most  int // slots
	hand  int // where the search for a slot to take over goes on
	_     [64]byte
}

// bucketSlot is the bucket of one client.
type bucketSlot[K comparable] struct {
	key    K
	tokens float64
	last   time.Duration // when tokens was right
}

// A shard should have some thousand places before there is another.
const (
	mostShards = 64
	shardSize  = 1 << 10
)

func newBuckets[K comparable](rate bucketRate, most int) *buckets[K] {
	n := 1
	for n < mostShards && most >= 2*n*shardSize {
		n *= 2
	}
	b := &buckets[K]{rate: rate, epoch: time.Now(), seed: maphash.MakeSeed(), shards: make([]bucketShard[K], n)}
	for i := range b.shards {
		b.shards[i] = bucketShard[K]{index: map[K]int32{}, most: max(most/n, 1)}
	}
	return b
}

// take takes a token of key's and returns 0, or takes none and returns how long
// it takes until there is one.
func (b *buckets[K]) take(key K) time.Duration {
	if key != key {
		key = *new(K) // a NaN equals nothing, so that a map would keep each
	}
	now := time.Since(b.epoch)
	s := &b.shards[maphash.Comparable(b.seed, key)&uint64(len(b.shards)-1)]
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.slot(key, now, b.rate)
	if now > slot.last {
		slot.tokens = min(slot.tokens+(now-slot.last).Seconds()*b.rate.perSecond, b.rate.burst)
		slot.last = now
	}
	missing := 1 - slot.tokens
	if wait := seconds(missing / b.rate.perSecond); missing > 0 && wait > 0 {
		return wait
	}
	slot.tokens--
	return 0
}

func (b *buckets[K]) len() int {
	n := 0
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		n += len(s.slots)
		s.mu.Unlock()
	}
	return n
}

// slot returns the bucket of key, a full one if there was none.
func (s *bucketShard[K]) slot(key K, now time.Duration, rate bucketRate) *bucketSlot[K] {
	if i, ok := s.index[key]; ok {
		return &s.slots[i]
	}
	i := len(s.slots)
	if i < s.most {
		s.slots = append(s.slots, bucketSlot[K]{})
	} else {
		i = s.oldest()
		delete(s.index, s.slots[i].key)
	}
	s.index[key] = int32(i) //nolint:gosec // MaxClients is far below 2^31
	s.slots[i] = bucketSlot[K]{key: key, tokens: rate.burst, last: now}
	return &s.slots[i]
}

// oldest returns, of the next slots, the one that was not seen for longest. A
// true order of all would have to be kept up to date by every call.
func (s *bucketShard[K]) oldest() int {
	found := s.hand
	for range min(16, len(s.slots)) {
		if s.slots[s.hand].last < s.slots[found].last {
			found = s.hand
		}
		if s.hand++; s.hand == len(s.slots) {
			s.hand = 0
		}
	}
	return found
}

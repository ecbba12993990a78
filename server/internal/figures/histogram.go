package figures

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// The buckets of durations are log-linear: each power of two between 8 µs and 69 s has
// four of equal width. So a bucket is at most a quarter as wide as its lower end.
const (
	minBits = 13 // 1<<13 ns is 8.192 µs
	maxBits = 36 // 1<<36 ns is 68.7 s
	subBits = 2
	subs    = 1 << subBits
	buckets = 1 + (maxBits-minBits)*subs + 1 // one below all, one above all
)

// A histogram counts the durations of one second. The zero histogram is empty and ready.
type histogram [buckets]atomic.Uint32

// A total counts the durations since the start, of which there may be more than 4 billion.
type total [buckets]atomic.Uint64

// counts has what was read of one histogram or of several.
type counts [buckets]uint64

// bucketOf returns the index of the bucket of d.
func bucketOf(d time.Duration) int {
	switch {
	case d < 1<<minBits:
		return 0
	case d >= 1<<maxBits:
		return buckets - 1
	}
	power := bits.Len64(uint64(d)) - 1
	return 1 + (power-minBits)*subs + int(d>>(power-subBits))%subs
}

// bucketStart returns the lower end of a bucket, which is the upper end of the one
// before.
func bucketStart(i int) time.Duration {
	if i == 0 {
		return 0
	}
	power, sub := minBits+(i-1)/subs, (i-1)%subs
	return time.Duration(subs+sub) << (power - subBits)
}

// clear makes h empty.
func (h *histogram) clear() {
	for i := range h {
		h[i].Store(0)
	}
}

// addTo adds h to c.
func (h *histogram) addTo(c *counts) {
	for i := range h {
		c[i] += uint64(h[i].Load())
	}
}

// addTo adds t to c.
func (t *total) addTo(c *counts) {
	for i := range t {
		c[i] += t[i].Load()
	}
}

// calls returns how many durations c has.
func (c *counts) calls() uint64 {
	n := uint64(0)
	for _, k := range c {
		n += k
	}
	return n
}

// quantile returns the duration that the part q of the durations does not exceed. It is
// interpolated within its bucket, 0 if there are none, and at most 68.7 s.
func (c *counts) quantile(q float64) time.Duration {
	rank := math.Ceil(q*float64(c.calls())) - 0.5 // the middle of that duration's place
	before := 0.0
	for i, n := range c {
		k := float64(n)
		if n == 0 || before+k < rank {
			before += k
			continue
		}
		start := bucketStart(i)
		if i == buckets-1 {
			return start
		}
		width := bucketStart(i+1) - start
		return start + time.Duration(float64(width)*(rank-before)/k)
	}
	return 0
}

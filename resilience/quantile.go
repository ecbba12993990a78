package resilience

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// quantile estimates one quantile of times, of which it remembers the last 1024
// to 2048 in about a kilobyte: a histogram with 16 buckets to each doubling, so
// that the estimate is at most 1/16 too high and never too low, whose counts are
// halved whenever they reach 2048. (The layout is that of G. Tene's
// HdrHistogram.) The zero value knows nothing. It is safe for concurrent use.
type quantile struct {
	now atomic.Int64 // the estimate, a Duration; 0 before there is one

	mu     sync.Mutex // guards the fields below
	total  int
	counts [quantileBuckets]uint16
}

const (
	quantileBuckets = 32 * 16 // from 1 µs to 2³² µs, more than an hour
	quantileLeast   = 64      // times before there is an estimate
	quantileEvery   = 32      // times from one estimate to the next
	quantileWindow  = 2048
)

// add learns a time, and estimates the quantile q anew now and then.
func (e *quantile) add(d time.Duration, q float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts[bucket(d)]++
	if e.total++; e.total >= quantileLeast && e.total%quantileEvery == 0 {
		e.now.Store(int64(e.estimate(q)))
	}
	if e.total >= quantileWindow {
		e.halve()
	}
}

// estimate returns the upper end of the bucket that the quantile q is in.
func (e *quantile) estimate(q float64) time.Duration {
	rest := float64(e.total) * q
	for i, n := range e.counts {
		if rest -= float64(n); n > 0 && rest <= 0 {
			return upper(i)
		}
	}
	return upper(quantileBuckets - 1)
}

func (e *quantile) halve() {
	e.total = 0
	for i := range e.counts {
		e.counts[i] /= 2
		e.total += int(e.counts[i])
	}
}

// bucket returns the number of d's bucket: four bits below the leading one of
// its microseconds.
func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < 16 {
		return int(us)
	}
	shift := bits.Len64(us) - 5
	return min((shift+1)*16+int(us>>shift)-16, quantileBuckets-1)
}

// upper returns the time that is just above bucket i.
func upper(i int) time.Duration {
	if i < 16 {
		return time.Duration(i+1) * time.Microsecond
	}
	shift := i/16 - 1
	return time.Duration(i%16+17) << shift * time.Microsecond
}

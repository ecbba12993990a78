package resilience

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The estimate is never below the quantile and at most 1/16 above.
func TestQuantile(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // of a test
	for name, next := range map[string]func() time.Duration{
		"uniform":     func() time.Duration { return time.Duration(rnd.Int64N(int64(time.Second))) },
		"exponential": func() time.Duration { return time.Duration(rnd.ExpFloat64() * float64(20*time.Millisecond)) },
		"constant":    func() time.Duration { return 7 * time.Millisecond },
		"tiny":        func() time.Duration { return time.Duration(rnd.Int64N(5000)) },
		"huge":        func() time.Duration { return time.Duration(rnd.Int64N(int64(time.Hour))) },
	} {
		for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
			var e quantile
			var times []time.Duration
			for range 1024 {
				d := next()
				times = append(times, d)
				e.add(d, q)
			}
			slices.Sort(times)
			want := times[int(q*1024)-1]
			if got := time.Duration(e.now.Load()); got <= want || got > want+want/16+time.Millisecond/100 && got > times[min(int(q*1024)+1, 1023)]*17/16+time.Microsecond {
				t.Errorf("%s: the quantile %v is estimated as %v, and is %v", name, q, got, want)
			}
		}
	}
}

// Each time is in the bucket whose ends it is between.
func TestQuantileBuckets(t *testing.T) {
	t.Parallel()
	last := -1
	for d := time.Duration(0); d < 70*time.Minute; d += d/50 + time.Microsecond {
		i := bucket(d)
		if i < last || d >= upper(i) || i > 0 && d < upper(i-1) {
			t.Fatalf("%v is in bucket %d, up to %v, after one in %d", d, i, upper(i), last)
		}
		last = i
	}
	if i := bucket(1 << 62); i != quantileBuckets-1 || bucket(-1) != 0 {
		t.Errorf("a time without end is in bucket %d, a negative one in %d", i, bucket(-1))
	}
}

// What is long past is forgotten.
func TestQuantileForgets(t *testing.T) {
	t.Parallel()
	var e quantile
	for range quantileLeast - 1 {
		if e.add(time.Second, 0.9); e.now.Load() != 0 {
			t.Fatal("there is an estimate of too few times")
		}
	}
	for range 100_000 {
		e.add(time.Second, 0.9)
	}
	slow := time.Duration(e.now.Load())
	for range 12_000 {
		e.add(time.Millisecond, 0.9)
	}
	if fast := time.Duration(e.now.Load()); slow < time.Second || fast > 2*time.Millisecond {
		t.Errorf("the estimates are %v and then %v, want 1s and 1ms", slow, fast)
	}
}

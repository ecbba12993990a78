package figures

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBuckets walks through the ends of all buckets.
func TestBuckets(t *testing.T) {
	t.Parallel()
	require.Equal(t, 94, buckets)
	require.Equal(t, 8192*time.Nanosecond, bucketStart(1))
	require.Equal(t, 1<<maxBits*time.Nanosecond, bucketStart(buckets-1))
	require.Zero(t, bucketOf(-1))
	for i := range buckets {
		start := bucketStart(i)
		require.Equal(t, i, bucketOf(start), "%v", start)
		if i == 0 {
			continue
		}
		before := bucketStart(i - 1)
		require.Equal(t, i-1, bucketOf(start-1), "%v", start-1)
		require.Greater(t, start, before)
		if i > 1 {
			require.LessOrEqual(t, float64(start-before)/float64(before), 0.25, "the width of bucket %d", i-1)
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	// quantiles returns p50, p90 and p99.
	quantiles := func(took ...time.Duration) [3]time.Duration {
		var c counts
		for _, d := range took {
			c[bucketOf(d)]++
		}
		return [3]time.Duration{c.quantile(0.5), c.quantile(0.9), c.quantile(0.99)}
	}
	require.Equal(t, [3]time.Duration{}, quantiles(), "without durations")

	// Of one duration, each is the middle of its bucket.
	low, high := bucketStart(bucketOf(ms)), bucketStart(bucketOf(ms)+1)
	middle := low + (high-low)/2
	require.Equal(t, [3]time.Duration{middle, middle, middle}, quantiles(ms))

	even := make([]time.Duration, 1000)
	for i := range even {
		even[i] = time.Duration(i+1) * ms
	}
	got := quantiles(even...)
	for i, want := range []time.Duration{500 * ms, 900 * ms, 990 * ms} {
		require.InEpsilon(t, want, got[i], 0.1, "quantile %d", i)
	}

	// The rank of p50 of two is the first.
	require.Less(t, quantiles(ms, 100*ms)[0], 2*ms)
	require.Greater(t, quantiles(ms, 100*ms)[1], 50*ms)

	longest := 1 << maxBits * time.Nanosecond
	require.Equal(t, [3]time.Duration{longest, longest, longest}, quantiles(time.Hour))
}

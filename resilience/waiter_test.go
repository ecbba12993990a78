package resilience_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/time/rate"
)

// TestWaiter has calls go on one by one, in the order in which they came.
func TestWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := endpoint.Chain(yes, resilience.NewWaiter(10, 2).Wrap)
		start := time.Now()
		type passed struct {
			n  int
			at time.Duration
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		var got, want []passed
		for n := range 6 {
			wg.Go(func() {
				_, err := e(t.Context(), n)
				if err != nil {
					t.Errorf("call %d: %v", n, err)
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, passed{n, time.Since(start)})
			})
			synctest.Wait()
			want = append(want, passed{n, time.Duration(max(n-1, 0)) * 100 * time.Millisecond})
		}
		wg.Wait()
		require.Equal(t, want, got)
	})
}

// TestWaiterDeadline has a wait beyond the deadline fail at once, and cost
// nothing.
func TestWaiterDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := endpoint.Chain(yes, resilience.NewWaiter(10, 1).Wrap)
		require.Equal(t, 1, pass(t, e, 1))
		ctx, cancel := context.WithTimeout(t.Context(), 99*time.Millisecond)
		defer cancel()
		start := time.Now()
		for range 20 {
			_, err := e(ctx, 1)
			require.ErrorIs(t, err, resilience.ErrRateLimited)
			require.Equal(t, 100*time.Millisecond, endpoint.ErrorOf(err).RetryAfter())
			require.False(t, endpoint.ServerFault(err))
		}
		require.Zero(t, time.Since(start))
		require.Equal(t, 1, pass(t, e, 1))
		require.Equal(t, 100*time.Millisecond, time.Since(start), "the rejected ones took no token")

		over, end := context.WithCancelCause(t.Context())
		end(errors.New("lost interest"))
		_, err := e(over, 1)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "lost interest")
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
	})
}

// TestWaiterCancelled has twenty callers give up while they wait.
func TestWaiterCancelled(t *testing.T) {
	t.Parallel()
	// nextAfter returns how long a call waits when twenty others have given up.
	nextAfter := func(t *testing.T, wait func(ctx context.Context) error) time.Duration {
		t.Helper()
		var cancels []context.CancelFunc
		var wg sync.WaitGroup
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			wg.Go(func() {
				if err := wait(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("a cancelled wait: %v", err)
				}
			})
			synctest.Wait()
		}
		for _, cancel := range cancels { // in the order in which they came
			cancel()
			synctest.Wait()
		}
		wg.Wait()
		start := time.Now()
		require.NoError(t, wait(t.Context()))
		return time.Since(start)
	}
	synctest.Test(t, func(t *testing.T) {
		e := endpoint.Chain(yes, resilience.NewWaiter(10, 1).Wrap)
		require.Equal(t, 1, pass(t, e, 1))
		require.Equal(t, 100*time.Millisecond, nextAfter(t, func(ctx context.Context) error {
			_, err := e(ctx, 1)
			return err
		}))
	})
	synctest.Test(t, func(t *testing.T) {
		// The naive waiter is the Wait of x/time.
		bucket := rate.NewLimiter(10, 1)
		require.True(t, bucket.Allow())
		require.Greater(t, nextAfter(t, bucket.Wait), time.Second, "x/time gives all tokens back: the waiter may use Wait")
	})
}

// TestWaiterMovesUp has those behind one that gives up take its place, also when
// it was the first.
func TestWaiterMovesUp(t *testing.T) {
	t.Parallel()
	for _, leaving := range []int{0, 1, 2} {
		synctest.Test(t, func(t *testing.T) {
			waiter := resilience.NewWaiter(10, 1)
			e := endpoint.Chain(yes, waiter.Wrap)
			require.Equal(t, 1, pass(t, e, 1))
			start := time.Now()
			took := make([]time.Duration, 3)
			leave, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for n := range 3 {
				ctx := t.Context()
				if n == leaving {
					ctx = leave
				}
				wg.Go(func() {
					_, _ = e(ctx, 1)
					took[n] = time.Since(start)
				})
				synctest.Wait()
			}
			require.Equal(t, map[string]float64{"waiting": 3, "tokens": 0}, gauges(waiter))
			time.Sleep(50 * time.Millisecond)
			cancel()
			wg.Wait()
			want := []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}
			require.Equal(t, want, append(took[:leaving:leaving], took[leaving+1:]...))
			require.Equal(t, 50*time.Millisecond, took[leaving])
			require.Equal(t, map[string]float64{"waiting": 0, "tokens": 0}, gauges(waiter))
		})
	}
}

func TestWaiterQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard happenings
		waiter := resilience.NewWaiter(10, 1, resilience.Queue(3, 250*time.Millisecond), resilience.OnEvent(heard.hear))
		e := endpoint.Chain(yes, waiter.Wrap)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _, _ = e(t.Context(), 1) })
			synctest.Wait()
		}
		require.Equal(t, []string{"waiter waiting 100ms", "waiter waiting 200ms", "waiter rejected 300ms"}, heard.take())
		wg.Wait()

		wide := resilience.NewWaiter(10, 1, resilience.Queue(2, minute), resilience.OnEvent(heard.hear))
		e = endpoint.Chain(yes, wide.Wrap)
		for range 4 {
			wg.Go(func() { _, _ = e(t.Context(), 1) })
			synctest.Wait()
		}
		wg.Wait()
		require.Equal(t, []string{"waiter waiting 100ms", "waiter waiting 200ms", "waiter rejected 300ms"}, heard.take())
	})
}

// TestWaiterOf has the owner of the bucket take tokens that a call counted on,
// so that its time is up before it has one.
func TestWaiterOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bucket := rate.NewLimiter(10, 1)
		e := endpoint.Chain(yes, resilience.WaiterOf(bucket, resilience.Queue(5, 250*time.Millisecond)).Wrap)
		require.Equal(t, 1, pass(t, e, 1))
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := e(t.Context(), 1); err != nil || time.Since(start) != 100*time.Millisecond {
				t.Errorf("the first in line: %v after %v", err, time.Since(start))
			}
		})
		synctest.Wait()
		wg.Go(func() {
			_, err := e(t.Context(), 1)
			if !errors.Is(err, resilience.ErrRateLimited) || endpoint.ServerFault(err) || time.Since(start) != 250*time.Millisecond {
				t.Errorf("the second: %v after %v", err, time.Since(start))
			}
		})
		synctest.Wait()
		bucket.Reserve()
		bucket.Reserve()
		wg.Wait()
		time.Sleep(50 * time.Millisecond) // the two reserved ones are used at 200 and 300 ms
		require.Zero(t, pass(t, endpoint.Chain(yes, resilience.LimiterOf(bucket).Wrap), 1))
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 1, pass(t, endpoint.Chain(yes, resilience.LimiterOf(bucket).Wrap), 1), "the second gave its token back")
	})
}

// TestWaiterThroughput has callers who come back late to the line: the rate is
// that of the bucket all the same.
func TestWaiterThroughput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := endpoint.Chain(yes, resilience.NewWaiter(100, 1).Wrap)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for ctx.Err() == nil {
					if _, err := e(ctx, 1); err == nil {
						passed.Add(1)
					}
					time.Sleep(7 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		require.InDelta(t, 1000, passed.Load(), 3)
	})
}

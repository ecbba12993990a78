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
)

// workers is a backend with so many workers and a queue without an end: the more
// calls it gets, the longer they take.
type workers struct {
	free  chan struct{}
	takes time.Duration
}

func newWorkers(n int, takes time.Duration) *workers {
	return &workers{make(chan struct{}, n), takes}
}

// call sleeps in a bubble.
func (w *workers) call(_ context.Context, n int) (int, error) {
	w.free <- struct{}{}
	time.Sleep(w.takes)
	<-w.free
	return n, nil
}

// offer makes calls at a rate for some time and returns how many succeeded in
// its last third, and how long the slowest of those took. It sleeps in a bubble.
func offer(t *testing.T, e endpoint.Endpoint[int, int], perSecond int, span time.Duration) (passed int, slowest time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := time.Now()
	for time.Since(start) < span {
		late := time.Since(start) > span*2/3
		wg.Go(func() {
			began := time.Now()
			if _, err := e(t.Context(), 1); err == nil && late {
				mu.Lock()
				defer mu.Unlock()
				passed++
				slowest = max(slowest, time.Since(began))
			}
		})
		time.Sleep(time.Second / time.Duration(perSecond))
	}
	wg.Wait()
	return passed, slowest
}

// TestAdaptive offers three times what a backend can do. With an Adaptive, its
// calls stay fast and it does nearly all it can; without one, they queue up.
func TestAdaptive(t *testing.T) {
	t.Parallel()
	const span = time.Minute
	synctest.Test(t, func(t *testing.T) {
		var heard happenings
		adaptive := resilience.NewAdaptive(resilience.OnEvent(heard.hear))
		e := endpoint.Chain(newWorkers(10, 100*time.Millisecond).call, adaptive.Wrap) // 100 calls a second
		passed, slowest := offer(t, e, 300, span)
		require.Greater(t, passed, 1800, "of 2000 that the backend can do in 20 s")
		require.Less(t, slowest, time.Second)
		require.Less(t, adaptive.Limit(), 60)
		require.Contains(t, heard.take(), "adaptive limit")
		require.NotEmpty(t, heard.lastOf("limit").Detail)
		require.Zero(t, gauges(adaptive)["permits_in_use"])
		require.InDelta(t, adaptive.Limit(), gauges(adaptive)["permits"], 0)
	})
	synctest.Test(t, func(t *testing.T) {
		_, slowest := offer(t, newWorkers(10, 100*time.Millisecond).call, 300, span)
		require.Greater(t, slowest, 30*time.Second, "nothing queues up: the test shows nothing")
	})
}

// TestAdaptiveFailsFast has a backend that fails at once, or rejects: that it is
// fast must not raise the limit.
func TestAdaptiveFailsFast(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errDown, context.Canceled, resilience.ErrOpen, endpoint.Errorf(endpoint.Internal, "bug")} {
		synctest.Test(t, func(t *testing.T) {
			adaptive := resilience.NewAdaptive()
			before := adaptive.Limit()
			_, _ = offer(t, endpoint.Chain(no(err), adaptive.Wrap), 300, 10*time.Second)
			require.Equal(t, before, adaptive.Limit(), err.Error())
		})
	}
}

func TestAdaptiveLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ least, most, start int }{{1, 10, 10}, {1, 500, 20}, {50, 500, 50}, {7, 7, 7}} {
		adaptive := resilience.NewAdaptive(resilience.Limits(tt.least, tt.most))
		require.NoError(t, adaptive.Err())
		require.Equal(t, tt.start, adaptive.Limit())
	}
}

func TestAdaptiveQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		adaptive := resilience.NewAdaptive(resilience.Limits(1, 1), resilience.Queue(2, time.Second))
		server := newHeld()
		e := endpoint.Chain(server.call, adaptive.Wrap)
		var fine, full atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				switch _, err := e(t.Context(), 1); {
				case err == nil:
					fine.Add(1)
				case errors.Is(err, resilience.ErrOutOfCapacity):
					full.Add(1)
				}
			})
			synctest.Wait()
		}
		require.EqualValues(t, 1, full.Load(), "one finds the queue full")
		require.Equal(t, map[string]float64{"permits": 1, "permits_in_use": 1, "waiting": 2}, gauges(adaptive))
		server.results <- nil
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 2, full.Load(), "one waits too long")
		server.results <- nil
		wg.Wait()
		require.EqualValues(t, 2, fine.Load())

		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { _, _ = e(t.Context(), 1) })
		synctest.Wait()
		wg.Go(func() {
			if _, err := e(ctx, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("a call that gives up in the queue: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		server.results <- nil
		wg.Wait()
		require.Equal(t, map[string]float64{"permits": 1, "permits_in_use": 0, "waiting": 0}, gauges(adaptive))
	})
}

// TestAdaptiveFairTime has callers give up long before their calls end. They do not
// teach an Adaptive that calls are short, so those that follow keep their places. It
// sleeps in a bubble.
func TestAdaptiveFairTime(t *testing.T) {
	t.Parallel()
	slow := func(ctx context.Context, n int) (int, error) {
		timer := time.NewTimer(500 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
			return n, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	for name, tt := range map[string]struct {
		opts    []resilience.AdaptiveOption
		lowered bool
	}{
		"a short deadline":          {nil, false},
		"a fair one for the option": {[]resilience.AdaptiveOption{resilience.FairTime(time.Millisecond)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				adaptive := resilience.NewAdaptive(tt.opts...)
				e := endpoint.Chain(slow, adaptive.Wrap)
				var wg sync.WaitGroup
				calls := func(n int, ctx func() context.Context) {
					for range n {
						wg.Go(func() { _, _ = e(ctx(), 0) })
						time.Sleep(50 * time.Millisecond)
					}
					wg.Wait()
				}
				calls(2000, t.Context)
				before := adaptive.Limit()
				calls(10_000, func() context.Context { return received(t, 5*time.Millisecond) })
				calls(2000, t.Context)
				require.Equal(t, tt.lowered, adaptive.Limit() < before, "the limit went from %d to %d", before, adaptive.Limit())
			})
		})
	}
}

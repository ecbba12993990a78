package discover_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// TestHungIsEjected: an instance that answers nothing is ejected, though its callers cancel
// or send short deadlines. It sleeps in a bubble.
func TestHungIsEjected(t *testing.T) {
	t.Parallel()
	canceled := func(t *testing.T, d time.Duration) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(d, cancel)
		t.Cleanup(func() { timer.Stop(); cancel() })
		return ctx
	}
	for name, tt := range map[string]struct {
		ctx     func(t *testing.T, d time.Duration) context.Context
		waits   time.Duration // of the caller
		pause   time.Duration // between calls
		hangs   func(n int) bool
		ejected bool
	}{
		"cancelled":             {canceled, 50 * time.Millisecond, 0, func(int) bool { return true }, true},
		"deadlines":             {received, 50 * time.Millisecond, 0, func(int) bool { return true }, true},
		"seldom called":         {canceled, 50 * time.Millisecond, time.Minute, func(int) bool { return true }, true},
		"cancelled soon":        {canceled, 25 * time.Millisecond, 0, func(int) bool { return true }, false},
		"deadlines soon":        {received, 25 * time.Millisecond, 0, func(int) bool { return true }, false},
		"it answers, if seldom": {canceled, 50 * time.Millisecond, 0, func(n int) bool { return n%5 != 0 }, false},
		"a short pause":         {canceled, 50 * time.Millisecond, 0, func(n int) bool { return n < 10 }, false},
	} {
		for balancer, b := range balancers() {
			t.Run(name+"/"+balancer, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					calls := 0
					var hasLeft atomic.Bool
					do := func(addr string) endpoint.Endpoint[int, int] {
						return func(ctx context.Context, n int) (int, error) {
							if addr == "1" {
								if calls++; tt.hangs(calls) {
									<-ctx.Done()
									return 0, ctx.Err()
								}
							}
							time.Sleep(10 * time.Millisecond)
							return n, nil
						}
					}
					pool := discover.New(func(_ context.Context, addr string) (endpoint.Endpoint[int, int], error) { return do(addr), nil },
						discover.Balance(b()), discover.OnEvent(func(_ context.Context, e endpoint.Event) {
							if e.Kind == "ejected" && e.Detail == "1" {
								hasLeft.Store(true)
							}
						}))
					e := discover.Balanced(follow(t, pool, weights(1, 1)))
					for range 400 {
						_, _ = e(tt.ctx(t, tt.waits), 1)
						time.Sleep(tt.pause)
					}
					ejected := hasLeft.Load()
					if balancer == "PeakEWMA" && !ejected {
						require.Less(t, calls, 100, "its latency says enough")
					} else {
						require.Equal(t, tt.ejected, ejected, "after %d calls", calls)
					}
					require.NoError(t, pool.Close())
				})
			})
		}
	}
}

// TestHungOnProbation: one slow call is enough to eject it again, and an answer ends that.
// It sleeps in a bubble.
func TestHungOnProbation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(1, 1), discover.Balance(discover.RoundRobin()))
		hang := func(n int, err error) (hung int) {
			for range n {
				err := err
				addr, token, aerr := pool.Acquire(t.Context())
				require.NoError(t, aerr)
				if addr == "1" {
					hung++
					if err != nil {
						time.Sleep(290 * time.Millisecond)
					}
				} else {
					err = nil
				}
				time.Sleep(10 * time.Millisecond)
				pool.Release(token, err)
			}
			return hung
		}
		require.Equal(t, 6, hang(50, context.Canceled), "the first is not timed")
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, hang(50, context.Canceled))
		time.Sleep(20 * time.Second)
		require.Equal(t, 25, hang(50, nil))
		require.Equal(t, 5, hang(50, context.Canceled))
	})
}

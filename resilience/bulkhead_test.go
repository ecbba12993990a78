package resilience_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

func TestBulkhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard happenings
		bulkhead := resilience.NewBulkhead(3, resilience.Named("db"), resilience.OnEvent(heard.hear))
		server := newHeld()
		e := endpoint.Chain(server.call, bulkhead.Wrap)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = e(t.Context(), 1) })
		}
		synctest.Wait()
		require.Equal(t, map[string]float64{"permits": 3, "permits_in_use": 3, "waiting": 0}, gauges(bulkhead))
		_, err := e(t.Context(), 1)
		require.ErrorIs(t, err, resilience.ErrOutOfCapacity)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.False(t, endpoint.ServerFault(err))
		require.Equal(t, []string{"db: bulkhead rejected"}, heard.take())
		for _, result := range []error{nil, errDown, context.Canceled} {
			server.results <- result
		}
		wg.Wait()
		require.Equal(t, map[string]float64{"permits": 3, "permits_in_use": 0, "waiting": 0}, gauges(bulkhead))
	})
}

// TestBulkheadQueue has calls wait: in order, no more of them and no longer than
// the queue has room for.
func TestBulkheadQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bulkhead := resilience.NewBulkhead(1, resilience.Queue(3, time.Second))
		server := newHeld()
		e := endpoint.Chain(server.call, bulkhead.Wrap)
		start := time.Now()
		var order endpointtest.Recorder
		var wg sync.WaitGroup
		call := func(ctx context.Context, n int, check func(error)) {
			wg.Go(func() {
				_, err := e(ctx, n)
				order.Log("%d", n)
				check(err)
			})
			synctest.Wait()
		}
		fine := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		is := func(want error, after time.Duration) func(error) {
			return func(err error) {
				if !errors.Is(err, want) || endpoint.ServerFault(err) || time.Since(start) != after {
					t.Errorf("after %v: %v, want %v after %v", time.Since(start), err, want, after)
				}
			}
		}
		cancelled, cancel := context.WithCancel(t.Context())
		limited, stop := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer stop()
		call(t.Context(), 0, fine)
		call(t.Context(), 1, fine)
		call(cancelled, 2, is(context.Canceled, 100*time.Millisecond))
		call(limited, 3, is(resilience.ErrOutOfCapacity, 700*time.Millisecond))
		require.Equal(t, map[string]float64{"permits": 1, "permits_in_use": 1, "waiting": 3}, gauges(bulkhead))
		call(t.Context(), 4, is(resilience.ErrOutOfCapacity, 0))
		time.Sleep(100 * time.Millisecond)
		cancel()
		synctest.Wait()
		call(t.Context(), 5, is(resilience.ErrOutOfCapacity, 1100*time.Millisecond))
		time.Sleep(200 * time.Millisecond)
		server.results <- nil
		synctest.Wait()
		time.Sleep(time.Second)
		server.results <- nil
		wg.Wait()
		require.Equal(t, []string{"4", "2", "0", "3", "5", "1"}, order.Lines())
		require.Equal(t, map[string]float64{"permits": 1, "permits_in_use": 0, "waiting": 0}, gauges(bulkhead))
	})
}

// permitsOf are policies of one permit.
var permitsOf = map[string]func() policy{
	"Bulkhead": func() policy { return resilience.NewBulkhead(1) },
	"Adaptive": func() policy { return resilience.NewAdaptive(resilience.Limits(1, 1)) },
}

// TestPermitReleased has calls end in every way: the permit comes back.
func TestPermitReleased(t *testing.T) {
	t.Parallel()
	for name, newPolicy := range permitsOf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPolicy()
			guarded := func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] {
				return endpoint.Stack{p}.Wrap(next)
			}
			for _, next := range []endpoint.Endpoint[int, int]{
				yes, no(errDown), no(context.Canceled), no(resilience.ErrRateLimited),
				func(context.Context, int) (int, error) { panic("lost") },
				guarded(yes), // the inner one is rejected
			} {
				_, _ = endpoint.Chain(guarded(next), endpoint.Recover)(t.Context(), 1)
				require.Zero(t, gauges(p)["permits_in_use"])
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = guarded(func(context.Context, int) (int, error) {
					runtime.Goexit()
					return 0, nil
				})(t.Context(), 1)
			}()
			<-done
			require.Zero(t, gauges(p)["permits_in_use"])

			// The naive bulkhead, which gives back after the call, loses its permit to
			// a panic.
			permits := make(chan struct{}, 1)
			naive := func(ctx context.Context, n int) (int, error) {
				permits <- struct{}{}
				n, err := panics(ctx, n)
				<-permits
				return n, err
			}
			_, _ = endpoint.Chain(naive, endpoint.Recover)(t.Context(), 1)
			require.Len(t, permits, 1)
		})
	}
}

func panics(context.Context, int) (int, error) { panic("lost") }

// TestPermitOfStream has streams hold their permit from the start of their loop
// to its end.
func TestPermitOfStream(t *testing.T) {
	t.Parallel()
	for name, newPolicy := range permitsOf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPolicy()
			e := endpoint.Stack{p}.Wrap(ticks)
			inUse := func() float64 { return gauges(p)["permits_in_use"] }
			one, err := e(t.Context(), 3)
			require.NoError(t, err)
			two, err := e(t.Context(), 3)
			require.NoError(t, err)
			require.Zero(t, inUse(), "an open stream that nobody ranges over")

			for n, err := range one {
				require.NoError(t, err)
				require.InDelta(t, 1, inUse(), 0)
				_, err = two.Collect()
				require.ErrorIs(t, err, resilience.ErrOutOfCapacity)
				if n == 1 {
					break
				}
			}
			require.Zero(t, inUse(), "after a break")
			items, err := two.Collect()
			require.NoError(t, err)
			require.Len(t, items, 3)
			require.Zero(t, inUse(), "after the end")
			require.Panics(t, func() {
				for range one {
					panic("in the loop")
				}
			})
			require.Zero(t, inUse(), "after a panic of the loop's body")

			// The naive bulkhead holds its permit while the endpoint is called, which
			// for a stream is no time at all.
			held := 0
			naive := func(ctx context.Context, n int) (endpoint.Stream[int], error) {
				held++
				defer func() { held-- }()
				return ticks(ctx, n)
			}
			s, err := naive(t.Context(), 1)
			require.NoError(t, err)
			for range s {
				require.Zero(t, held)
			}
		})
	}
}

// TestBulkheadConcurrently never has more calls run than there are permits.
func TestBulkheadConcurrently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bulkhead := resilience.NewBulkhead(5, resilience.Queue(20, 7*time.Millisecond))
		var mu sync.Mutex
		running, most := 0, 0
		e := endpoint.Chain(func(context.Context, int) (int, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			mu.Lock()
			running--
			mu.Unlock()
			return 1, nil
		}, bulkhead.Wrap)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%9)*time.Millisecond)
				defer cancel()
				for range 20 {
					_, _ = e(ctx, 1)
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 5, most)
		require.Equal(t, map[string]float64{"permits": 5, "permits_in_use": 0, "waiting": 0}, gauges(bulkhead))
	})
}

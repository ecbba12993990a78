package resilience_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// follows has the states that may follow a state of a Breaker.
var follows = map[string][]string{"opened": {"half-open"}, "half-open": {"closed", "opened"}, "closed": {"opened"}}

// TestBreakerEventsInOrder has many goroutines change the state of a breaker.
func TestBreakerEventsInOrder(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		var mu sync.Mutex // guards kinds
		var kinds []string
		opts := []resilience.BreakerOption{resilience.Cooldown(100 * time.Microsecond), resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
			if e.Kind != "rejected" {
				mu.Lock()
				defer mu.Unlock()
				kinds = append(kinds, e.Kind)
			}
		})}
		if shared {
			opts = append(opts, resilience.Shared())
		}
		b := resilience.NewBreaker(1, opts...)
		l := b.For(&endpoint.Operation{Name: "Get", Side: endpoint.ClientSide})
		e := endpoint.Stack{l}.Wrap(func(context.Context, int) (int, error) {
			if rand.IntN(3) == 0 {
				return 0, errDown
			}
			return 0, nil
		})
		var calls sync.WaitGroup
		for range 16 {
			calls.Go(func() {
				for enough := false; !enough; {
					_, _ = e(t.Context(), 0)
					mu.Lock()
					enough = len(kinds) > 500
					mu.Unlock()
				}
			})
		}
		calls.Wait()
		requireOrder(t, kinds)
	}
}

// requireOrder fails t unless each state may follow the one before it.
func requireOrder(t *testing.T, kinds []string) {
	t.Helper()
	for i := 1; i < len(kinds); i++ {
		require.Contains(t, follows[kinds[i-1]], kinds[i], "event %d, after %s", i, kinds[i-1])
	}
}

// TestBreakerEventsOfPanics has a callback that panics, and one that calls the breaker.
func TestBreakerEventsOfPanics(t *testing.T) {
	t.Parallel()
	var kinds []string
	var call func() error
	b := resilience.NewBreaker(1, resilience.Cooldown(time.Nanosecond), resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
		kinds = append(kinds, e.Kind)
		if len(kinds) == 1 {
			_ = call() // half-open, and open again
			require.Equal(t, []string{"opened"}, kinds, "events come one after the other")
			panic("boom")
		}
	}))
	e := b.Wrap(func(context.Context, int) (int, error) { return 0, errDown })
	call = func() error { _, err := e(t.Context(), 0); return err }
	require.PanicsWithValue(t, "boom", func() { _ = call() })
	require.Equal(t, []string{"opened", "half-open", "opened"}, kinds)
	require.ErrorIs(t, call(), errDown)
	require.Equal(t, []string{"half-open", "opened"}, kinds[3:], "events still come after a panic")
}

// TestBreakerEventsDropped has a callback that does not return while the state changes.
func TestBreakerEventsDropped(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // guards kinds
	var kinds []string
	begun, release := make(chan struct{}), make(chan struct{})
	b := resilience.NewBreaker(1, resilience.Cooldown(time.Nanosecond), resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
		mu.Lock()
		kinds = append(kinds, e.Kind)
		first := len(kinds) == 1
		mu.Unlock()
		if first {
			close(begun)
			<-release
		}
	}))
	fails := true
	e := b.Wrap(func(context.Context, int) (int, error) {
		if fails {
			return 0, errDown
		}
		return 0, nil
	})
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		_, _ = e(t.Context(), 0)
	}()
	<-begun
	for i := range 1001 {
		fails = i%7 != 6
		_, _ = e(t.Context(), 0)
	}
	fails = false
	_, err := e(t.Context(), 0)
	require.NoError(t, err)
	close(release)
	<-delivered
	mu.Lock()
	defer mu.Unlock()
	require.Greater(t, len(kinds), 60)
	require.LessOrEqual(t, len(kinds), 1+64)
	requireOrder(t, kinds)
	require.Equal(t, "closed", kinds[len(kinds)-1])
}

package health_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/health"
)

// A record is what goroutines of a bubble added.
type record[T any] struct {
	mu  sync.Mutex
	all []T
}

func (r *record[T]) add(v T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, v)
}

// settled returns the record once all goroutines wait.
func (r *record[T]) settled() []T {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// publish runs a publisher in the bubble of t until the test ends. It returns the
// outcomes of its calls.
func publish(t *testing.T, f func(ctx context.Context)) (p *health.Publisher, outcomes func() []string) {
	t.Helper()
	var all record[string]
	ctx, cancel := context.WithCancel(t.Context())
	p = health.NewPublisher(f, func(err error) { all.add(fmt.Sprint(err)) })
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return p, all.settled
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var calls record[time.Duration]
		p, outcomes := publish(t, func(ctx context.Context) {
			deadline, _ := ctx.Deadline()
			require.Equal(t, 5*time.Second, time.Until(deadline))
			calls.add(time.Since(begin))
			time.Sleep(time.Second)
		})
		time.Sleep(3 * time.Second)
		require.Empty(t, outcomes(), "nothing changed")
		p.Changed()
		synctest.Wait()
		for range 3 {
			p.Changed()
		}
		time.Sleep(5 * time.Second)
		require.Equal(t, []time.Duration{3 * time.Second, 4 * time.Second}, calls.settled(), "changes during a call cause one more")
		time.Sleep(12 * time.Second)
		require.Equal(t, []string{"<nil>", "<nil>", "<nil>"}, outcomes(), "one after an interval")
		all := calls.settled()
		require.GreaterOrEqual(t, all[2]-all[1], 10*time.Second)
	})
}

// TestPublisherInterval has no change at all.
func TestPublisherInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, outcomes := publish(t, func(context.Context) {})
		time.Sleep(10*time.Second - 1)
		require.Empty(t, outcomes())
		time.Sleep(time.Minute)
		require.InDelta(t, 6, len(outcomes()), 1)
	})
}

func TestPublisherFailures(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"panic: lost":                    func() { panic("lost") },
		"the func called runtime.Goexit": runtime.Goexit,
	} {
		synctest.Test(t, func(t *testing.T) {
			p, outcomes := publish(t, func(context.Context) { f() })
			for range 2 {
				p.Changed()
				synctest.Wait()
			}
			require.Equal(t, []string{want, want}, outcomes())
		})
	}
}

// TestPublisherHang has a call that ignores its context: it costs one goroutine.
func TestPublisherHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p, outcomes := publish(t, func(context.Context) { <-release })
		for range 100 {
			p.Changed()
			time.Sleep(time.Second)
		}
		require.Equal(t, []string{"no result within 5s"}, outcomes())
		close(release)
		require.Equal(t, []string{"no result within 5s", "<nil>"}, outcomes()[:2])
	})
}

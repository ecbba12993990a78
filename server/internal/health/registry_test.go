package health_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/health"
)

var errDown = errors.New("down")

// start runs a registry of checks in the bubble of t until the test or stop ends it.
func start(t *testing.T, changed func(before, now health.Result), checks ...health.Check) (r *health.Registry, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r = health.New(checks, changed)
	var all sync.WaitGroup
	all.Go(func() { r.Run(ctx) })
	stop = func() { cancel(); all.Wait() }
	t.Cleanup(stop)
	return r, stop
}

// TestRegistryFirst has checks fail until their first result, which comes at once.
func TestRegistryFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		checks := []health.Check{
			{Name: "fast", Run: pass},
			{Name: "slow", Run: func(context.Context) error { time.Sleep(time.Second); return nil }},
			{Name: "optional", Warns: true, Run: func(context.Context) error { time.Sleep(2 * time.Second); return errDown }},
		}
		r := health.New(checks, nil)
		first := r.Report()
		require.Equal(t, health.Fail, first.Status)
		require.False(t, first.Ready(nil))
		for i, want := range []health.Status{health.Fail, health.Fail, health.Warn} {
			got := first.Results[i]
			require.Equal(t, want, got.Status, got.Name)
			require.EqualError(t, got.Err, "not run yet")
			require.False(t, got.HasRun())
			require.Equal(t, begin, got.Since)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx)
		synctest.Wait()
		require.Equal(t, health.Result{Name: "fast", At: begin, Since: begin}, r.Report().Results[0])
		require.Equal(t, health.Fail, r.Report().Status)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, health.Result{Name: "slow", At: begin, Took: time.Second, Since: begin.Add(time.Second)}, r.Report().Results[1])
		require.Equal(t, health.Warn, r.Report().Status)
		require.True(t, r.Report().Ready(nil))
		time.Sleep(time.Second)
		synctest.Wait()
		optional := r.Report().Results[2]
		require.EqualError(t, optional.Err, "down")
		require.ErrorIs(t, optional.Err, errDown)
		require.Equal(t, begin, optional.Since, "it warned before")
		require.True(t, optional.Warns)
		require.Equal(t, health.Fail, first.Results[0].Status, "a report never changes")
		cancel()
	})
}

// TestRegistryPeriod measures the time between two runs of a check.
func TestRegistryPeriod(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ every, wantEvery, wantWithin time.Duration }{
		{0, 10 * time.Second, 5 * time.Second},
		{time.Second, time.Second, time.Second},
		{time.Minute, time.Minute, 5 * time.Second},
	} {
		t.Run(tt.every.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var starts []time.Time
				_, stop := start(t, nil, health.Check{Name: "a", Every: tt.every, Run: func(ctx context.Context) error {
					deadline, ok := ctx.Deadline()
					require.True(t, ok)
					require.Equal(t, tt.wantWithin, time.Until(deadline))
					starts = append(starts, time.Now())
					return nil
				}})
				time.Sleep(20 * tt.wantEvery)
				stop()
				gaps := map[time.Duration]bool{}
				for i := 1; i < len(starts); i++ {
					gap := starts[i].Sub(starts[i-1])
					require.GreaterOrEqual(t, gap, tt.wantEvery)
					require.LessOrEqual(t, gap, tt.wantEvery+tt.wantEvery/10)
					gaps[gap] = true
				}
				require.Greater(t, len(gaps), 5, "the periods vary")
			})
		})
	}
}

// TestRegistryProbes has 1,000 probes a second for a minute. None runs a check.
func TestRegistryProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		r, stop := start(t, nil, health.Check{Name: "a", Run: func(context.Context) error { runs++; return nil }})
		p := probes(r, health.State{Ready: true})
		synctest.Wait()
		for range 60 * 1000 {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
			require.Equal(t, http.StatusOK, w.Code)
			time.Sleep(time.Millisecond)
		}
		stop()
		require.InDelta(t, 6, runs, 1)
	})
}

// TestRegistryHang has a check that ignores its context. It costs one goroutine, and runs
// again once it has returned.
func TestRegistryHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		release, runs := make(chan struct{}), 0
		r, stop := start(t, nil, health.Check{Name: "a", Every: time.Minute, Within: 3 * time.Second, Run: func(context.Context) error {
			runs++
			<-release
			return nil
		}})
		time.Sleep(3*time.Second - 1)
		synctest.Wait()
		require.EqualError(t, r.Report().Results[0].Err, "not run yet")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 1, runs)
		require.Equal(t, 1, goroutinesOf("health_test.TestRegistryHang.func1.1("), "those of the check")
		got := r.Report().Results[0]
		require.Equal(t, health.Fail, got.Status)
		require.EqualError(t, got.Err, "no result within 3s")
		require.Equal(t, begin, got.At)
		require.Equal(t, 3*time.Second, got.Took)
		close(release)
		synctest.Wait()
		require.Equal(t, 2, runs)
		require.Equal(t, health.Pass, r.Report().Results[0].Status)
		require.Equal(t, time.Now(), r.Report().Results[0].Since)
		time.Sleep(time.Minute - 1)
		synctest.Wait()
		require.Equal(t, 2, runs)
		stop()
	})
}

// goroutinesOf counts the goroutines with a function in their trace.
func goroutinesOf(function string) int {
	trace := make([]byte, 1<<20)
	trace = trace[:runtime.Stack(trace, true)]
	n := 0
	for g := range strings.SplitSeq(string(trace), "\n\n") {
		if strings.Contains(g, function) {
			n++
		}
	}
	return n
}

// TestRegistryFailures has what a check can do instead of returning nil.
func TestRegistryFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		run        func(ctx context.Context) error
	}{
		{"error", "down", func(context.Context) error { return errDown }},
		{"time-out obeyed", "no result within 5s", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		{"error just before the time-out", "down", func(context.Context) error { <-time.NewTimer(5*time.Second - 1).C; return errDown }},
		{"panic", "panic: lost", func(context.Context) error { panic("lost") }},
		{"Goexit", "the func called runtime.Goexit", func(context.Context) error { runtime.Goexit(); return nil }},
		{
			"panic of the error", "panic: runtime error: invalid memory address or nil pointer dereference",
			func(context.Context) error { return (*broken)(nil) },
		},
		{"control characters", "a b\uFFFD[0m", func(context.Context) error { return errors.New("a\nb\x1b[0m") }},
		{"long", strings.Repeat("x", 1<<10) + "…", func(context.Context) error { return errors.New(strings.Repeat("x", 1<<20)) }},
		{"long panic", "panic: " + strings.Repeat("x", 1<<10-7) + "…", func(context.Context) error { panic(strings.Repeat("x", 1<<20)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				r, _ := start(t, nil, health.Check{Name: "a", Run: func(ctx context.Context) error { runs++; return tt.run(ctx) }})
				time.Sleep(5 * time.Second)
				synctest.Wait()
				require.Equal(t, health.Fail, r.Report().Status)
				require.EqualError(t, r.Report().Results[0].Err, tt.want)
				time.Sleep(6 * time.Second)
				synctest.Wait()
				require.Equal(t, 2, runs, "it goes on")
			})
		})
	}
}

// TestRegistryObedient has checks that return at the end of their context. Whether that or
// the time-out is seen first is up to chance, so this test is not in a bubble, but the error
// is the same.
func TestRegistryObedient(t *testing.T) {
	t.Parallel()
	var checks []health.Check
	for i := range 300 {
		checks = append(checks, health.Check{
			Name: fmt.Sprint(i), Every: time.Hour, Within: time.Millisecond,
			Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		})
	}
	var ended sync.WaitGroup
	ended.Add(len(checks))
	r, _ := start(t, func(_, _ health.Result) { ended.Done() }, checks...)
	ended.Wait()
	for _, result := range r.Report().Results {
		require.EqualError(t, result.Err, "no result within 1ms")
	}
}

// TestRegistryPanicStack requires that the stack of a panic is not lost.
func TestRegistryPanicStack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _ := start(t, nil, health.Check{Name: "a", Run: func(context.Context) error { panic("lost") }})
		synctest.Wait()
		p, ok := errors.AsType[*endpoint.PanicError](r.Report().Results[0].Err)
		require.True(t, ok)
		require.Contains(t, string(p.Stack), "TestRegistryPanicStack")
	})
}

type broken struct{ text string }

func (b *broken) Error() string { return b.text }

// TestRegistryChanges lists what the callback gets.
func TestRegistryChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var down atomic.Bool
		var got record[string]
		changed := func(before, now health.Result) {
			got.add(fmt.Sprintf("%v %v→%v %v", now.Name, before.Status, now.Status, now.Err))
		}
		r, stop := start(t, changed,
			health.Check{Name: "a", Run: func(context.Context) error {
				if down.Load() {
					return errDown
				}
				return nil
			}},
			health.Check{Name: "b", Warns: true, Run: func(context.Context) error { time.Sleep(time.Second); return errDown }})
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"a fail→pass <nil>", "b warn→warn down"}, got.settled(), "the first results")
		down.Store(true)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a pass→fail down"}, got.settled()[2:])
		require.WithinRange(t, r.Report().Results[0].Since, begin.Add(10*time.Second), begin.Add(11*time.Second))
		down.Store(false)
		time.Sleep(20 * time.Second)
		require.Equal(t, []string{"a fail→pass <nil>"}, got.settled()[3:])
		require.Equal(t, begin, r.Report().Results[1].Since)
		stop()
	})
}

// TestRegistryStop ends Run. What a check returns because it was cancelled is no result.
func TestRegistryStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs int
		r, stop := start(t, nil,
			health.Check{Name: "idle", Run: func(context.Context) error { runs++; return nil }},
			health.Check{Name: "obeys", Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		synctest.Wait()
		before, begin := r.Report(), time.Now()
		stop()
		require.Equal(t, begin, time.Now())
		require.Same(t, before, r.Report())
		time.Sleep(time.Minute)
		require.Equal(t, 1, runs)
	})
	synctest.Test(t, func(t *testing.T) {
		begin, release := time.Now(), make(chan struct{})
		_, stop := start(t, nil, health.Check{Name: "hangs", Run: func(context.Context) error { <-release; return nil }})
		time.Sleep(2 * time.Second)
		stop()
		require.Equal(t, begin.Add(5*time.Second), time.Now(), "Run waits for the time-out of the check")
		close(release)
	})
	synctest.Test(t, func(t *testing.T) {
		begin, release := time.Now(), make(chan struct{})
		_, stop := start(t, nil, health.Check{Name: "hangs", Run: func(context.Context) error { <-release; return nil }})
		time.Sleep(7 * time.Second)
		stop()
		require.Equal(t, begin.Add(7*time.Second), time.Now(), "Run does not wait for a check that hangs")
		close(release)
	})
	synctest.Test(t, func(t *testing.T) {
		_, stop := start(t, nil)
		time.Sleep(time.Second)
		stop()
	})
}

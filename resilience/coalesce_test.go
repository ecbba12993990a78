package resilience_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/sync/singleflight"
)

// byValue is the key of tests: the request itself.
func byValue(n int) int { return n }

// flights is an endpoint that counts its calls, each of which takes a second.
type flights struct {
	made, ended atomic.Int64
	last        atomic.Pointer[context.Context]
}

func (f *flights) do(ctx context.Context, n int) (int, error) {
	f.made.Add(1)
	f.last.Store(&ctx)
	if err := pause(ctx, time.Second); err != nil {
		f.ended.Add(1)
		return 0, err
	}
	return n * 10, nil
}

func TestCoalesce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flights
		log := new(endpointtest.Recorder)
		e := endpoint.Chain(f.do, resilience.Coalesce(byValue, resilience.OnEvent(logged(log))).Wrap)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if n, err := e(t.Context(), i%2); n != i%2*10 || err != nil {
					t.Errorf("caller %d gets %d, %v", i, n, err)
				}
			})
		}
		if wg.Wait(); f.made.Load() != 2 || len(log.Lines()) != 98 {
			t.Errorf("100 callers with two keys make %d calls, and %d join, want 2 and 98", f.made.Load(), len(log.Lines()))
		}
		if _, err := e(t.Context(), 1); err != nil || f.made.Load() != 3 {
			t.Errorf("a call after that: %v, and %d calls, want one more", err, f.made.Load())
		}
	})
}

// One caller that gives up fails nobody else, whether it was the first or not.
// The plain use of x/sync/singleflight fails all with the first one's context.
func TestCoalesceCancel(t *testing.T) {
	t.Parallel()
	naive := func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] {
		var plain singleflight.Group
		return func(ctx context.Context, n int) (int, error) {
			v, err, _ := plain.Do("key", func() (any, error) { return next(ctx, n) })
			n, _ = v.(int)
			return n, err
		}
	}
	ours := func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] {
		return resilience.Coalesce(byValue).Wrap(next)
	}
	for _, tt := range []struct {
		name   string
		wrap   endpoint.Middleware[int, int]
		leaves int
		want   [3]error
	}{
		{"the first leaves", ours, 0, [3]error{context.Canceled, nil, nil}},
		{"another leaves", ours, 1, [3]error{nil, context.Canceled, nil}},
		{"the first leaves, naive", naive, 0, [3]error{context.Canceled, context.Canceled, context.Canceled}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var f flights
				e := endpoint.Chain(f.do, tt.wrap)
				var errs [3]error
				var took [3]time.Duration
				var wg sync.WaitGroup
				start := time.Now()
				for i := range errs {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if i == tt.leaves {
						time.AfterFunc(time.Second/2, cancel)
					}
					wg.Go(func() { _, errs[i] = e(ctx, 1); took[i] = time.Since(start) })
					synctest.Wait()
				}
				wg.Wait()
				for i, err := range errs {
					if !errors.Is(err, tt.want[i]) || (err == nil) != (tt.want[i] == nil) {
						t.Errorf("the errors are %v, want %v", errs, tt.want)
						break
					}
				}
				if took[tt.leaves] != time.Second/2 {
					t.Errorf("who leaves after half a second waits %v", took[tt.leaves])
				}
			})
		})
	}
}

// When the last one has given up, the flight is cancelled, and the next caller
// begins another at once.
func TestCoalesceAllLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flights
		policy := resilience.Coalesce(byValue, resilience.Named("users"))
		e := endpoint.Chain(f.do, policy.Wrap)
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := e(ctx, 1); !errors.Is(err, context.Canceled) || !errors.Is(err, gone) {
					t.Errorf("who leaves gets %v", err)
				}
			})
		}
		synctest.Wait()
		wants(t, policy.Gauges, "users", 1, 3)
		cancel(gone)
		wg.Wait()
		if n, err := e(t.Context(), 1); n != 10 || err != nil || f.made.Load() != 2 || f.ended.Load() != 1 {
			t.Errorf("the next caller gets %d, %v; %d calls of which %d were cancelled, want 2 and 1", n, err, f.made.Load(), f.ended.Load())
		}
		if _, err := e(ctx, 1); !errors.Is(err, gone) || f.made.Load() != 2 {
			t.Errorf("a caller that has left already gets %v in %d calls", err, f.made.Load())
		}
		wants(t, policy.Gauges, "users", 0, 0)
	})
}

// wants compares the gauges of a Coalescer.
func wants(t *testing.T, gauges func(func(endpoint.Gauge) bool), name string, flights, waiting float64) {
	t.Helper()
	got := map[string]float64{}
	for g := range gauges {
		got[g.Source+" "+g.Name+" "+g.Metric] = g.Value
	}
	if f, w := got["coalesce "+name+" flights"], got["coalesce "+name+" waiting"]; len(got) != 2 || f != flights || w != waiting {
		t.Errorf("the gauges are %v, want %v flights and %v waiting", got, flights, waiting)
	}
}

// The context of a flight has the first caller's values, and neither its
// deadline nor its end.
func TestCoalesceContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flights
		e := endpoint.Chain(f.do, resilience.Coalesce(byValue).Wrap)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), scopeKey{}, "first"), 2*time.Second)
		defer cancel()
		if _, err := e(ctx, 1); err != nil {
			t.Fatal(err)
		}
		inside := *f.last.Load()
		if d, ok := inside.Deadline(); ok || inside.Value(scopeKey{}) != "first" {
			t.Errorf("the flight has the deadline %v (%v) and the value %v", d, ok, inside.Value(scopeKey{}))
		}
		if inside.Err() == nil {
			t.Error("the context of a flight outlives it")
		}
	})
}

// A result that is there when a caller's context ends is the caller's, and not
// by chance.
func TestCoalesceSuccessRacesCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := resilience.OnEvent(func(context.Context, endpoint.Event) { time.Sleep(2 * time.Second) })
		var f flights
		e := endpoint.Chain(f.do, resilience.Coalesce(byValue, held).Wrap)
		for range 20 {
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = e(t.Context(), 1) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second/2)
			if n, err := e(ctx, 1); n != 10 || err != nil || ctx.Err() == nil {
				t.Errorf("a caller who joined gets %d, %v, want the result", n, err)
			}
			cancel()
			wg.Wait()
		}
	})
}

// A panic goes on in each caller, and what leaves its goroutine is an error.
func TestCoalescePanics(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(){"panics": func() { panic("boom") }, "leaves": runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			e := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
				_ = pause(ctx, time.Second)
				end()
				return n, nil
			}, resilience.Coalesce(byValue).Wrap)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					var err error
					v := panicOf(func() { _, err = e(t.Context(), 1) })
					left, ok := errors.AsType[*endpoint.PanicError](err)
					if name == "panics" && v != "boom" || name == "leaves" && (!ok || left.Value != nil) {
						t.Errorf("the call %s: a caller gets the panic %v and %v", name, v, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// A key that panics harms its own call only.
func TestCoalesceBadKeys(t *testing.T) {
	t.Parallel()
	calls := 0
	one := func(_ context.Context, v any) (int, error) { calls++; return 7, nil }
	e := endpoint.Chain(one, resilience.Coalesce(func(v any) any { return v }).Wrap)
	if v := panicOf(func() { _, _ = e(t.Context(), []int{1}) }); v == nil {
		t.Error("a key that cannot be compared passes")
	}
	for range 3 {
		if n, err := e(t.Context(), math.NaN()); n != 7 || err != nil {
			t.Errorf("a key that equals nothing: %d, %v", n, err)
		}
	}
	if calls != 3 {
		t.Errorf("three calls with a key that equals nothing are %d", calls)
	}
}

// What one caller alone can have is refused.
func TestCoalesceFaults(t *testing.T) {
	t.Parallel()
	texts := []string{
		refusal(t, func(context.Context, int) (endpoint.Stream[int], error) { return nil, nil }, resilience.Coalesce(byValue)),
		refusal(t, func(context.Context, int) (*page, error) { return nil, nil }, resilience.Coalesce(byValue)),
		refusal(t, func(context.Context, endpoint.Stream[int]) (int, error) { return 0, nil }, resilience.Coalesce(func(endpoint.Stream[int]) int { return 0 })),
		refusal(t, func(context.Context, int) (int, error) { return 0, nil }, resilience.Coalesce[int, int](nil)),
	}
	for i, want := range []string{"can be had by one caller only", "*resilience_test.page", "is a stream of one caller", "the key is nil"} {
		if !strings.Contains(texts[i], want) {
			t.Errorf("the refusal is %q, want it to say %q", texts[i], want)
		}
	}
}

// refusal returns the error that an endpoint under a Coalescer refuses calls
// with.
func refusal[Req, Resp any, K comparable](t *testing.T, e endpoint.Endpoint[Req, Resp], c *resilience.Coalescer[Req, K]) string {
	t.Helper()
	resp, err := c.Wrap(e)(t.Context(), *new(Req))
	if s, ok := any(resp).(endpoint.Stream[int]); ok && err == nil {
		_, err = s.Collect()
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// Endpoints share a policy, not each other's calls.
func TestCoalesceEndpoints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := resilience.Coalesce(byValue)
		var wg sync.WaitGroup
		got := make([]string, 2)
		for i, name := range []string{"a", "b"} {
			e := endpoint.Chain(func(ctx context.Context, _ int) (string, error) { return name, pause(ctx, time.Second) }, policy.Wrap)
			wg.Go(func() { got[i], _ = e(t.Context(), 1) })
		}
		if wg.Wait(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("two endpoints give %q", got)
		}
	})
}

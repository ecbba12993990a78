package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// attempts is an endpoint of which each attempt takes a time and fails or not.
type attempts struct {
	takes []time.Duration // the last counts for all after it
	errs  []error         // likewise; nil for none
	open  atomic.Int64    // responses that nobody closed
	made  atomic.Int64
	ended atomic.Int64 // contexts that ended before their attempt
}

func (a *attempts) do(ctx context.Context, _ int) (*result, error) {
	i := int(a.made.Add(1)) - 1
	err := pause(ctx, a.takes[min(i, len(a.takes)-1)])
	if err != nil {
		a.ended.Add(1)
		return nil, err
	}
	if n := len(a.errs); n > 0 && a.errs[min(i, n-1)] != nil {
		return nil, a.errs[min(i, n-1)]
	}
	a.open.Add(1)
	return &result{i + 1, &a.open}, nil
}

// result is a response that must be closed.
type result struct {
	by   int // which attempt
	open *atomic.Int64
}

func (r *result) Close() error { r.open.Add(-1); return nil }

func TestHedge(t *testing.T) {
	t.Parallel()
	const s = time.Second
	failed := errors.New("failed")
	for _, tt := range []struct {
		name   string
		opts   []resilience.HedgeOption
		takes  []time.Duration
		errs   []error
		by     int // the attempt that answers
		took   time.Duration
		made   int64
		events []string
	}{
		{"fast", nil, []time.Duration{s / 2}, nil, 1, s / 2, 1, nil},
		{"slow", nil, []time.Duration{9 * s, s / 2}, nil, 2, 3 * s / 2, 2, []string{"hedge hedged"}},
		{"slow to the end", nil, []time.Duration{9 * s, 20 * s}, nil, 1, 9 * s, 2, []string{"hedge hedged"}},
		{"three attempts", []resilience.HedgeOption{resilience.AtMost(3)}, []time.Duration{9 * s, 9 * s, s / 2}, nil, 3, 5 * s / 2, 3, []string{"hedge hedged", "hedge hedged"}},
		{"a fast error and a pending answer", nil, []time.Duration{9 * s, 0}, []error{nil, failed}, 1, 9 * s, 2, []string{"hedge hedged"}},
		{"an error of the first and a pending answer", nil, []time.Duration{3 * s / 2, 9 * s}, []error{failed, nil}, 2, 10 * s, 2, []string{"hedge hedged"}},
		{"an error before the hedge", nil, []time.Duration{s / 2}, []error{failed}, 0, s / 2, 1, nil},
		{"errors", nil, []time.Duration{3 * s / 2}, []error{failed}, 0, 5 * s / 2, 2, []string{"hedge hedged"}},
		{"no budget", []resilience.HedgeOption{resilience.Budgeted(drained(t))}, []time.Duration{9 * s}, nil, 1, 9 * s, 1, []string{"hedge budget_spent"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := new(endpointtest.Recorder)
				a := &attempts{takes: tt.takes, errs: tt.errs}
				e := endpoint.Chain(a.do, resilience.NewHedge(s, append(tt.opts, resilience.OnEvent(logged(log)))...).Wrap)
				start := time.Now()
				r, err := e(t.Context(), 1)
				if took := time.Since(start); took != tt.took || a.made.Load() != tt.made {
					t.Errorf("%d attempts in %v, want %d in %v", a.made.Load(), took, tt.made, tt.took)
				}
				if by := (tt.by == 0) != (err != nil); by || err == nil && r.by != tt.by {
					t.Errorf("the answer is %+v, %v, want that of attempt %d", r, err, tt.by)
				}
				synctest.Wait()
				if got := a.made.Load() - a.ended.Load(); tt.errs == nil && got != 1 {
					t.Errorf("%d attempts were not cancelled at once, want the winner alone", got)
				}
				time.Sleep(time.Minute)
				if want := int64(min(tt.by, 1)); a.open.Load() != want {
					t.Errorf("%d responses are open, want %d", a.open.Load(), want)
				}
				if !slices.Equal(log.Lines(), tt.events) {
					t.Errorf("the events are %q, want %q", log.Lines(), tt.events)
				}
			})
		})
	}
}

// drained returns a Budget without a token.
func drained(t *testing.T) *resilience.Budget {
	t.Helper()
	b := resilience.NewBudget(0, 0)
	retry := resilience.NewRetry(11, resilience.Backoff(0, 0), resilience.Budgeted(b))
	_ = run(t.Context(), false, retry, func(context.Context) error { return errDown })
	if b.Tokens() != 0 {
		t.Fatalf("%v tokens are left", b.Tokens())
	}
	return b
}

// With failsafe-go's Hedge, a fast error ends the call although an attempt is
// about to answer.
func TestHedgeNaive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failed := errors.New("failed")
		policy := hedgepolicy.NewWithDelay[*result](time.Second)
		a := &attempts{takes: []time.Duration{9 * time.Second, 0}, errs: []error{nil, failed}}
		_, err := failsafe.With(policy).WithContext(t.Context()).GetWithExecution(func(x failsafe.Execution[*result]) (*result, error) {
			return a.do(x.Context(), 1)
		})
		if !errors.Is(err, failed) {
			t.Errorf("failsafe-go's Hedge gives %v", err)
		}
		time.Sleep(time.Minute)
	})
}

// A slow backend is not asked twice for everything: the attempts stay within
// the Budget, however many calls wait at the same time.
func TestHedgeBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		slow := func(ctx context.Context, n int) (int, error) { made.Add(1); return n, pause(ctx, 3*time.Second) }
		start := time.Now()
		calls := storm(t.Context(), endpoint.Chain(slow, resilience.NewHedge(time.Second).Wrap), 10*time.Second, 2*time.Millisecond)
		if got, most := made.Load(), allowed(calls, time.Since(start)); got > most || got < calls+calls/11 {
			t.Errorf("%d calls cost %d attempts, want at most %d, and most of those", calls, got, most)
		}
	})
}

// With Quantile, one call in twenty is hedged, also for long: the hedges do not
// hide from the estimate what was slow.
func TestHedgeQuantile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ms, n = time.Millisecond, 10_000
		policy := resilience.NewHedge(time.Second, resilience.Quantile(0.95), resilience.Budgeted(resilience.NewBudget(1, 0)))
		var made atomic.Int64
		e := endpoint.Chain(func(ctx context.Context, i int) (int, error) {
			return i, pause(ctx, time.Duration(1+int(made.Add(1)*37)%100)*ms)
		}, policy.Wrap)
		for i := range n {
			if _, err := e(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		hedges := made.Load() - n
		if share := float64(hedges) / n; share > 0.06 || share < 0.005 {
			t.Errorf("%v of the calls were hedged, want about 0.05 at most", share)
		}
		metrics := map[string]float64{}
		for g := range policy.Gauges {
			metrics[g.Metric] = g.Value
		}
		if d := metrics["delay_seconds"]; d < 0.090 || d > 0.107 || metrics["budget_tokens"] == 0 {
			t.Errorf("the gauges are %v, want a delay of about 0.095 s", metrics)
		}
	})
}

// In Use, a Hedge leaves out what is not idempotent, and has times for each
// operation; by Wrap it takes the user's word.
func TestHedgeOperations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		slow := func(ctx context.Context) error {
			if n.Add(1) == 1 {
				return pause(ctx, time.Minute)
			}
			return nil
		}
		conn := served(t, allOf(slow))
		policy := resilience.NewHedge(time.Second, resilience.Quantile(0.9))
		c := client(t, conn, policy)
		wrapped := client(t, conn)
		wrapped.Write = endpoint.Chain(wrapped.Write, policy.Wrap)
		for name, tt := range map[string]struct {
			do   func(context.Context) error
			made int64
		}{
			"GET":              {func(ctx context.Context) error { _, err := c.Read(ctx, ask{1}); return err }, 2},
			"POST":             {func(ctx context.Context) error { _, err := c.Write(ctx, body{1}); return err }, 1},
			"idempotent POST":  {func(ctx context.Context) error { _, err := c.Save(ctx, body{1}); return err }, 2},
			"POST, by Wrap":    {func(ctx context.Context) error { _, err := wrapped.Write(ctx, body{1}); return err }, 2},
			"stream":           {func(ctx context.Context) error { return watch(ctx, c, 3) }, 2},
			"stream, no items": {func(ctx context.Context) error { return watch(ctx, c, 0) }, 2},
		} {
			n.Store(0)
			if err := tt.do(t.Context()); err != nil || n.Load() != tt.made {
				t.Errorf("%s: %d attempts and %v, want %d", name, n.Load(), err, tt.made)
			}
		}
		var operations []string
		for g := range policy.Gauges {
			if g.Metric == "delay_seconds" && g.Operation != nil {
				operations = append(operations, g.Operation.Name)
			}
		}
		if slices.Sort(operations); !slices.Equal(operations, []string{"Read", "Save", "Watch"}) {
			t.Errorf("the gauges are of %q, want of Read, Save and Watch", operations)
		}
	})
}

// watch ranges over a stream of n items.
func watch(ctx context.Context, c *notes, n int) error {
	s, err := c.Watch(ctx, ask{n})
	if err != nil {
		return err
	}
	items, err := s.Collect()
	if err == nil && len(items) != n {
		err = fmt.Errorf("%d items, want %d", len(items), n)
	}
	return err
}

// The time of a stream that the delay learns from is that to its first item.
func TestHedgeQuantileOfStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := resilience.NewHedge(time.Minute, resilience.Quantile(0.9))
		e := endpoint.Chain(func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				if err := pause(ctx, 10*time.Millisecond); err == nil && yield(1, nil) {
					_ = pause(ctx, time.Hour)
				}
			}, nil
		}, policy.Wrap)
		for range 100 {
			s, err := e(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Collect(); err != nil {
				t.Fatal(err)
			}
		}
		for g := range policy.Gauges {
			if g.Metric == "delay_seconds" && math.Abs(g.Value-0.010) > 0.001 {
				t.Errorf("the delay is %v s, want 0.010", g.Value)
			}
		}
	})
}

// Calls that fail for being slow count as slow: left out, they would leave the
// fast ones, and the delay would sink.
func TestHedgeQuantileOfFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := resilience.NewHedge(20*time.Millisecond, resilience.Quantile(0.9), resilience.Budgeted(drained(t)))
		n := 0
		e := endpoint.Chain(func(ctx context.Context, _ int) (int, error) {
			switch n++; n % 5 {
			case 0:
				return 0, errDown // at once, which says nothing
			case 1:
				return n, hang(ctx)
			}
			return n, pause(ctx, 10*time.Millisecond)
		}, policy.Wrap)
		for range 500 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, _ = e(ctx, 1)
			cancel()
		}
		for g := range policy.Gauges {
			if g.Metric == "delay_seconds" && (g.Value < 1 || g.Value > 1.07) {
				t.Errorf("the delay is %v s, want about 1, since one call in four takes longer", g.Value)
			}
		}
	})
}

func TestHedgePanics(t *testing.T) {
	t.Parallel()
	boom := func(context.Context, int) (int, error) { panic("boom") }
	if v := panicOf(func() { _, _ = endpoint.Chain(boom, resilience.NewHedge(time.Minute).Wrap)(t.Context(), 1) }); v != "boom" {
		t.Errorf("the panic comes out as %v", v)
	}
}

func TestHedgeOrder(t *testing.T) {
	t.Parallel()
	retry, hedge := resilience.NewRetry(2), resilience.NewHedge(time.Second)
	if err := httpx.Client(httpx.To("http://notes.example"), new(notes), httpx.Use(retry, hedge)); err != nil {
		t.Errorf("a hedge inside a retry: %v", err)
	}
	err := httpx.Client(httpx.To("http://notes.example"), new(notes), httpx.Use(hedge, retry))
	if err == nil || !strings.Contains(err.Error(), "put the retry outside") {
		t.Errorf("a hedge outside a retry: %v, want a fault", err)
	}
}

func TestHedgeFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy *resilience.Hedge
		want   []string
	}{
		{resilience.NewHedge(time.Second, resilience.Quantile(0.99), resilience.AtMost(4)), nil},
		{resilience.NewHedge(time.Second), nil},
		{resilience.NewHedge(0, resilience.Quantile(1), resilience.AtMost(1), resilience.Budgeted(nil)), []string{
			"NewHedge: a delay of 0s", "Quantile(1)", "AtMost(1)", "Budgeted(nil)",
		}},
		{resilience.NewHedge(-1, resilience.Quantile(math.NaN())), []string{"a delay of -1ns", "Quantile(NaN)"}},
	} {
		faults(t, tt.policy, tt.policy.Err(), tt.want)
		endpointtest.Layer(t, tt.policy)
		for range tt.policy.Gauges {
			break
		}
	}
}

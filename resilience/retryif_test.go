package resilience_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

func TestRetryIf(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	type answer struct {
		n   int
		err error
	}
	wants := func(n int, err error) bool { return n < 10 && !errors.Is(err, context.Canceled) }
	for _, tt := range []struct {
		name    string
		answers []answer
		calls   int
		n       int
		err     error
	}{
		{"the first is wanted", []answer{{11, nil}}, 1, 11, nil},
		{"a later one is", []answer{{1, nil}, {2, nil}, {12, nil}}, 3, 12, nil},
		{"none is: the last", []answer{{1, nil}, {2, nil}, {3, nil}}, 3, 3, nil},
		{"an error that may pass, of any code", []answer{{0, failed}, {12, nil}}, 2, 12, nil},
		{"errors to the end", []answer{{1, nil}, {0, errDown}, {0, failed}}, 3, 0, failed},
		{"an error, then a response that is not wanted", []answer{{0, errDown}, {0, errDown}, {3, nil}}, 3, 3, nil},
		{"an error that is not repeated", []answer{{1, nil}, {0, context.Canceled}}, 2, 0, context.Canceled},
		{"perhaps acted upon", []answer{{0, endpoint.MarkMaybeSent(failed)}}, 1, 0, failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				e := endpoint.Chain(func(context.Context, int) (int, error) {
					calls++
					a := tt.answers[calls-1]
					return a.n, a.err
				}, resilience.NewRetry(3).If(wants).Wrap)
				n, err := e(t.Context(), 1)
				if calls != tt.calls || n != tt.n || !errors.Is(err, tt.err) {
					t.Errorf("%d attempts give %d, %v, want %d, %d, %v", calls, n, err, tt.calls, tt.n, tt.err)
				}
			})
		})
	}
}

// The test replaces the codes, sees zero responses with errors, and is not asked
// after the caller left.
func TestRetryIfAsks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := new(endpointtest.Recorder)
	calls := 0
	e := endpoint.Chain(func(context.Context, int) (int, error) {
		if calls++; calls == 3 {
			cancel()
		}
		return calls, errDown
	}, resilience.NewRetry(9, resilience.Backoff(0, 0)).If(func(n int, err error) bool {
		log.Log("%d %v", n, err)
		return true
	}).Wrap)
	if _, err := e(ctx, 1); calls != 3 || !errors.Is(err, errDown) || !slices.Equal(log.Lines(), []string{"0 down", "0 down"}) {
		t.Errorf("%d attempts, %v, the test was asked about %q", calls, err, log.Lines())
	}
}

// All share the Budget of the Retry, and its bounds.
func TestRetryIfBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		retry := resilience.NewRetry(3, resilience.Backoff(0, 0), resilience.Budgeted(resilience.NewBudget(0, 0)))
		calls := 0
		one := func(context.Context, int) (int, error) { calls++; return 0, nil }
		e := endpoint.Chain(one, retry.If(func(int, error) bool { return true }).Wrap)
		f := endpoint.Chain(one, retry.If(func(int, error) bool { return true }).Wrap)
		for range 10 {
			if n, err := e(t.Context(), 1); n != 0 || err != nil {
				t.Error(n, err)
			}
			if n, err := f(t.Context(), 1); n != 0 || err != nil {
				t.Error(n, err)
			}
		}
		if calls != 20+10 {
			t.Errorf("20 calls cost %d attempts, want 30", calls)
		}
	})
}

// A stream is asked about before its first item, by its error.
func TestRetryIfStream(t *testing.T) {
	t.Parallel()
	calls := 0
	failed := errors.New("failed")
	e := endpoint.Chain(func(context.Context, int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			if calls++; calls < 3 {
				yield(0, failed)
			} else if yield(7, nil) {
				yield(0, failed)
			}
		}, nil
	}, resilience.NewRetry(5, resilience.Backoff(0, 0)).If(func(s endpoint.Stream[int], err error) bool {
		if s != nil || !errors.Is(err, failed) {
			t.Errorf("the test is asked about %v, %v", s, err)
		}
		return true
	}).Wrap)
	s, err := e(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if items, err := s.Collect(); calls != 3 || len(items) != 1 || !errors.Is(err, failed) {
		t.Errorf("%d attempts give %v and %v, want 3, one item and an error", calls, items, err)
	}
}

// page is a response that must be closed.
type page struct{ open *int }

func (p *page) Close() error { *p.open--; return nil }

func TestRetryIfCloses(t *testing.T) {
	t.Parallel()
	open := 0
	e := endpoint.Chain(func(context.Context, int) (*page, error) {
		open++
		return &page{&open}, nil
	}, resilience.NewRetry(3, resilience.Backoff(0, 0)).If(func(*page, error) bool { return true }).Wrap)
	if p, err := e(t.Context(), 1); err != nil || p == nil || open != 1 {
		t.Errorf("%v, %v: %d responses are open, want the last", p, err, open)
	}
}

func TestRetryIfPanics(t *testing.T) {
	t.Parallel()
	retry := resilience.NewRetry(3, resilience.Backoff(time.Hour, time.Hour))
	for name, e := range map[string]endpoint.Endpoint[int, int]{
		"an attempt": endpoint.Chain(func(context.Context, int) (int, error) { panic("boom") }, retry.If(func(int, error) bool { return true }).Wrap),
		"the test": endpoint.Chain(func(_ context.Context, n int) (int, error) { return n, nil }, retry.If(func(int, error) bool {
			panic("boom")
		}).Wrap),
		"the test of an error": endpoint.Chain(func(context.Context, int) (int, error) { return 0, errDown }, retry.If(func(int, error) bool {
			panic("boom")
		}).Wrap),
	} {
		if v := panicOf(func() { _, _ = e(t.Context(), 1) }); v != "boom" {
			t.Errorf("the panic of %s comes out as %v", name, v)
		}
	}
}

// panicOf returns what f panics with.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestRetryIfFaults(t *testing.T) {
	t.Parallel()
	one := func(_ context.Context, n int) (int, error) { return n, nil }
	for _, r := range []*resilience.RetryIf[int]{
		resilience.NewRetry(0).If(func(int, error) bool { return true }),
		resilience.NewRetry(2).If[int](nil),
	} {
		_, err := endpoint.Chain(one, r.Wrap)(t.Context(), 1)
		if r.Err() == nil || err == nil || !strings.Contains(err.Error(), r.Err().Error()) {
			t.Errorf("a call with the faults %v gives %v", r.Err(), err)
		}
	}
	if err := resilience.NewRetry(2).If(func(int, error) bool { return true }).Err(); err != nil {
		t.Error(err)
	}
}

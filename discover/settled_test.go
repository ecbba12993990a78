package discover_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// A script is a source that yields what it is told.
type script chan any // a set or an error

func (s script) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case next, ok := <-s:
				set, _ := next.([]discover.Instance)
				err, _ := next.(error)
				if !ok || !yield(set, err) {
					return
				}
			}
		}
	}
}

// set returns instances with these addresses.
func set(addrs ...string) []discover.Instance {
	instances := make([]discover.Instance, len(addrs))
	for i, addr := range addrs {
		instances[i].Addr = addr
	}
	return instances
}

// settling follows a script in a bubble. next returns what was yielded since its last call:
// the last set, and the errors in between.
func settling(t *testing.T, s script, d time.Duration) (next func() ([]discover.Instance, int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var last []discover.Instance
	errs := 0
	go func() {
		for set, err := range discover.Settled(s, d).Watch(ctx) {
			if err != nil {
				errs++
			} else {
				last = set
			}
		}
	}()
	return func() ([]discover.Instance, int) {
		synctest.Wait()
		defer func() { errs = 0 }()
		return last, errs
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	newer := []discover.Instance{{Addr: "b", Weight: 2}}
	for _, tt := range []struct {
		name  string
		steps []any // what the source yields, or how long nothing happens
		want  []discover.Instance
	}{
		{"no outage", []any{set("a", "b"), set("b")}, set("b")},
		{"an outage at the start", []any{lost, set("a"), set()}, set()},
		{"an outage", []any{set("a", "b"), lost}, set("a", "b")},
		{"nothing is left", []any{set("a", "b"), lost, set()}, set("a", "b")},
		{"one is left, and changed", []any{set("a", "b"), lost, newer}, []discover.Instance{{Addr: "a"}, {Addr: "b", Weight: 2}}},
		{"one comes", []any{set("a"), lost, set("b")}, set("a", "b")},
		{"one comes and goes", []any{set("a"), lost, set("b"), set()}, set("a")},
		{"one goes in time", []any{set("a", "b"), lost, set("a", "b"), 4 * time.Second, set("b")}, set("a", "b")},
		{"one goes later", []any{set("a", "b"), lost, set("a", "b"), 6 * time.Second, set("b")}, set("b")},
		{"the time is over", []any{set("a", "b"), lost, set("b"), 6 * time.Second}, set("b")},
		{"a long outage", []any{set("a", "b"), lost, time.Hour, lost, set("b"), 4 * time.Second}, set("a", "b")},
		{"a second outage", []any{set("a", "b"), lost, set("b"), 4 * time.Second, lost, 2 * time.Second, set("b"), 4 * time.Second}, set("a", "b")},
		{"a second outage is over", []any{set("a", "b"), lost, set("b"), 4 * time.Second, lost, set("b"), 6 * time.Second}, set("b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := make(script)
				next := settling(t, s, 5*time.Second)
				failures := 0
				for _, step := range tt.steps {
					switch step := step.(type) {
					case time.Duration:
						time.Sleep(step)
					case error:
						failures++
						s <- step
					default:
						s <- step
					}
				}
				got, errs := next()
				require.Equal(t, tt.want, got)
				require.Equal(t, failures, errs)
			})
		})
	}
}

// TestSettledEnds has the source end, the context, and the loop.
func TestSettledEnds(t *testing.T) {
	t.Parallel()
	source := make(script, 2)
	source <- set("a")
	close(source)
	n := 0
	for got, err := range discover.Settled(source, time.Second).Watch(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, set("a"), got)
		n++
	}
	require.Equal(t, 1, n)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range discover.Settled(discover.Fixed(), time.Second).Watch(ctx) {
		require.NoError(t, err)
		cancel()
	}
	for _, err := range discover.Settled(discover.Fixed(), time.Second).Watch(t.Context()) {
		require.NoError(t, err)
		break
	}
}

func TestSettledFaults(t *testing.T) {
	t.Parallel()
	for fault, source := range map[string]discover.Source{
		"discover: Settled: the source is nil":         discover.Settled(nil, time.Second),
		"discover: Settled: the time must be positive": discover.Settled(discover.Static("a"), 0),
	} {
		n := 0
		for got, err := range source.Watch(t.Context()) {
			require.EqualError(t, err, fault)
			require.Nil(t, got)
			n++
		}
		require.Equal(t, 1, n)
	}
}

//go:build !race

package resilience_test

import (
	"context"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// What a call costs that succeeds at once.
func TestAttemptAllocations(t *testing.T) { // not parallel: it counts
	e := func(_ context.Context, req [2]int) ([2]int, error) { return req, nil }
	timeout, retry := resilience.NewTimeout(time.Minute), resilience.NewRetry(3)
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		e    endpoint.Endpoint[[2]int, [2]int]
		want float64
	}{
		{"Timeout", t.Context(), endpoint.Chain(e, timeout.Wrap), 1},
		{"Timeout under an earlier deadline", short, endpoint.Chain(e, timeout.Wrap), 0},
		{"Timeout of a unary call, with bounds on items", t.Context(), endpoint.Chain(e, resilience.NewTimeout(time.Minute, resilience.Idle(time.Second)).Wrap), 1},
		{"Retry", t.Context(), endpoint.Chain(e, retry.Wrap), 1},
		{"Retry.If", t.Context(), endpoint.Chain(e, retry.If(func([2]int, error) bool { return false }).Wrap), 1},
		{"Retry and Timeout", t.Context(), endpoint.Stack{retry, timeout}.Wrap(e), 2},
		{"Fallback", t.Context(), endpoint.Chain(e, resilience.Fallback(func(_ context.Context, req [2]int, err error) ([2]int, error) { return req, err }).Wrap), 0},
	} {
		if got := testing.AllocsPerRun(100, func() {
			if _, err := tt.e(tt.ctx, [2]int{1, 2}); err != nil {
				t.Error(err)
			}
		}); got != tt.want {
			t.Errorf("%s: %v allocations for each call, want %v", tt.name, got, tt.want)
		}
	}
}

package resilience_test

import (
	"context"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// BenchmarkAttempts is the success path of the policies that bound and repeat
// calls, beside those of failsafe-go run by its Executor.
func BenchmarkAttempts(b *testing.B) {
	e := func(_ context.Context, req [2]int) ([2]int, error) { return req, nil }
	ours := map[string]endpoint.Endpoint[[2]int, [2]int]{
		"timeout":       endpoint.Chain(e, resilience.NewTimeout(time.Second).Wrap),
		"retry":         endpoint.Chain(e, resilience.NewRetry(3).Wrap),
		"retry+timeout": endpoint.Stack{resilience.NewRetry(3), resilience.NewTimeout(time.Second)}.Wrap(e),
		"hedge":         endpoint.Chain(e, resilience.NewHedge(time.Second).Wrap),
		"coalesce":      endpoint.Chain(e, resilience.Coalesce(func(req [2]int) int { return req[0] }).Wrap),
	}
	again := retrypolicy.NewBuilder[[2]int]().WithMaxRetries(2).WithBackoff(50*time.Millisecond, 2*time.Second).Build()
	bound := timeout.New[[2]int](time.Second)
	theirs := map[string]failsafe.Executor[[2]int]{
		"timeout":       failsafe.With(bound),
		"retry":         failsafe.With(again),
		"retry+timeout": failsafe.With(again, failsafe.Policy[[2]int](bound)),
		"hedge":         failsafe.With(hedgepolicy.NewWithDelay[[2]int](time.Second)),
	}
	for _, name := range []string{"timeout", "retry", "retry+timeout", "hedge", "coalesce"} {
		b.Run(name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				if _, err := ours[name](ctx, [2]int{1, 2}); err != nil {
					b.Fatal(err)
				}
			}
		})
		if x, ok := theirs[name]; ok {
			b.Run(name+"/failsafe", func(b *testing.B) {
				b.ReportAllocs()
				ctx := b.Context()
				for b.Loop() {
					if _, err := x.WithContext(ctx).Get(func() ([2]int, error) { return e(ctx, [2]int{1, 2}) }); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

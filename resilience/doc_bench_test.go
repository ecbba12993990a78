package resilience_test

import (
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/adaptivethrottler"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/time/rate"
)

// BenchmarkPolicy has, for each policy, a call through its Wrap, its Enter and
// Exit alone, and the call of a library that does the like.
func BenchmarkPolicy(b *testing.B) {
	bucket := rate.NewLimiter(1e9, 1e6)
	permits := bulkhead.New[struct{}](10)
	inRow := circuitbreaker.NewBuilder[struct{}]().WithFailureThreshold(5).Build()
	last := circuitbreaker.NewBuilder[struct{}]().WithFailureThresholdRatio(5, 100).Build()
	window := circuitbreaker.NewBuilder[struct{}]().WithFailureThresholdPeriod(5, time.Minute).Build()
	ratio := circuitbreaker.NewBuilder[struct{}]().WithFailureRateThreshold(0.5, 5, time.Minute).Build()
	adaptive := adaptivelimiter.NewWithDefaults[struct{}]()
	throttler := adaptivethrottler.NewWithDefaults[struct{}]()
	breaker := func(cb circuitbreaker.CircuitBreaker[struct{}]) func() {
		return func() {
			if cb.TryAcquirePermit() {
				cb.RecordSuccess()
			}
		}
	}
	for _, bb := range []struct {
		name  string
		layer endpoint.Layer
		peer  func() // x/time or failsafe-go
	}{
		{"Limiter", resilience.NewLimiter(1e9, 1e6), func() { bucket.Allow() }},
		{"Waiter", resilience.NewWaiter(1e9, 1e6), func() { _ = bucket.Wait(b.Context()) }},
		{"PerClient", resilience.NewPerClient(1e9, 1e6), nil},
		{"Breaker", resilience.NewBreaker(5), breaker(inRow)},
		{"BreakerLastCalls", resilience.NewBreaker(5, resilience.LastCalls(100)), breaker(last)},
		{"BreakerWindow", resilience.NewBreaker(5, resilience.Window(time.Minute)), breaker(window)},
		{"BreakerRatio", resilience.NewBreaker(5, resilience.Window(time.Minute), resilience.Ratio(0.5)), breaker(ratio)},
		{"Bulkhead", resilience.NewBulkhead(10), func() {
			if permits.TryAcquirePermit() {
				permits.ReleasePermit()
			}
		}},
		{"Adaptive", resilience.NewAdaptive(), func() {
			if p, ok := adaptive.TryAcquirePermit(); ok {
				p.Record()
			}
		}},
		{"Throttler", resilience.NewThrottler(), func() {
			if throttler.TryAcquirePermit() {
				throttler.RecordSuccess()
			}
		}},
	} {
		ctx := calling(b.Context(), "", "192.0.2.1:80")
		b.Run(bb.name+"/Wrap", func(b *testing.B) {
			b.ReportAllocs()
			e := endpoint.Stack{bb.layer}.Wrap(yes)
			for b.Loop() {
				_, _ = e(ctx, 7)
			}
		})
		b.Run(bb.name+"/permit", func(b *testing.B) {
			for b.Loop() {
				_ = settle(ctx, bb.layer, nil)
			}
		})
		if bb.peer != nil {
			b.Run(bb.name+"/peer", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					bb.peer()
				}
			})
		}
	}
}

// BenchmarkBreakerParallel has a healthy breaker on all cores: it reads only.
func BenchmarkBreakerParallel(b *testing.B) {
	ctx := b.Context()
	e := endpoint.Chain(yes, resilience.NewBreaker(5).Wrap)
	b.Run("Wrap", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = e(ctx, 7)
			}
		})
	})
	peer := circuitbreaker.NewBuilder[struct{}]().WithFailureThreshold(5).Build()
	b.Run("peer", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if peer.TryAcquirePermit() {
					peer.RecordSuccess()
				}
			}
		})
	})
}

// BenchmarkPerClientMillion has a million clients go through the default table.
func BenchmarkPerClientMillion(b *testing.B) {
	ctx := b.Context()
	e := endpoint.Chain(yes, resilience.NewPerClient(1, 5).By(func(n int) int { return n % 1_000_000 }).Wrap)
	n := 0
	for b.Loop() {
		_, _ = e(ctx, n)
		n += 7919
	}
}

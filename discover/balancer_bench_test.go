package discover_test

import (
	"fmt"
	"testing"

	"github.com/typedkit/endpoint/discover"
)

func balancers() map[string]func() discover.Balancer {
	return map[string]func() discover.Balancer{
		"RoundRobin": discover.RoundRobin, "Random": discover.Random, "Weighted": discover.Weighted,
		"LeastRequest": discover.LeastRequest, "PeakEWMA": discover.PeakEWMA,
	}
}

func BenchmarkPick(b *testing.B) {
	for name, balancer := range balancers() {
		for _, n := range []int{10, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				pool := discover.Of(make([]int, n), discover.Balance(balancer()))
				target := pool.For(nil)
				ctx := b.Context()
				b.ReportAllocs()
				for b.Loop() {
					_, token, err := target.Acquire(ctx)
					if err != nil {
						b.Fatal(err)
					}
					target.Release(token, nil)
				}
			})
		}
	}
}

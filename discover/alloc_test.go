//go:build !race

package discover_test

import (
	"context"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

func TestPickAllocatesNothing(t *testing.T) {
	for name, b := range balancers() {
		pool := discover.Of(make([]int, 100), discover.Balance(b()))
		ctx := t.Context()
		if n := testing.AllocsPerRun(1000, func() {
			_, token, _ := pool.Acquire(ctx)
			pool.Release(token, nil)
		}); n != 0 {
			t.Errorf("%s: a pick allocates %v times", name, n)
		}
	}
}

// TestOneChangeCopiesLittle exchanges one of 10,000 instances: not even a list of
// all of them is made for it, whichever of our balancers picks.
func TestOneChangeCopiesLittle(t *testing.T) {
	const changes, limit = 20, 40_000 // bytes; pointers to all would be 80,000
	all := numbered(0, 10_000)
	other := slices.Clone(all)
	other[5000] += "x"
	for name, b := range balancers() {
		d := &dialer{}
		joined := make(chan struct{}, len(all))
		source := make(scripted)
		pool := discover.New(d.dial, discover.Balance(b()), discover.OnEvent(func(_ context.Context, e endpoint.Event) {
			if e.Kind == "joined" {
				joined <- struct{}{}
			}
		}))
		defer runtime.KeepAlive(pool.For(nil))
		ended := make(chan error)
		go func() { ended <- pool.Run(t.Context(), source) }()
		var sets [2][]discover.Instance
		for i, addrs := range [][]string{all, other} {
			for _, addr := range addrs {
				sets[i] = append(sets[i], discover.Instance{Addr: addr})
			}
		}
		source <- told{set: sets[0]}
		for range all {
			<-joined
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range changes {
			source <- told{set: sets[1-i%2]}
			<-joined
		}
		runtime.ReadMemStats(&after)
		require.Less(t, (after.TotalAlloc-before.TotalAlloc)/changes, uint64(limit), name)
		require.NoError(t, pool.Close())
		require.NoError(t, <-ended)
	}
}

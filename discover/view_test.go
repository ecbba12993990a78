package discover_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// TestViewsOfClientsThatAreGone: no picker is made for a client that nobody holds any more,
// and the next one takes its place with members that know nothing.
func TestViewsOfClientsThatAreGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pickers := 0
		var last []*discover.Member
		source := make(scripted)
		pool := running(t, source, discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
			pickers++
			last = set
			return discover.PeakEWMA().NewPicker(set)
		})))
		source.says("a")
		synctest.Wait()
		use := func(target endpoint.Target[string]) {
			_, token, err := target.Acquire(t.Context())
			require.NoError(t, err)
			time.Sleep(time.Millisecond) // in the bubble
			target.Release(token, nil)
		}
		for range 10 {
			use(pool.For(nil))
		}
		kept := pool.For(nil)
		use(kept)
		before := last[0].Latency()
		require.NotZero(t, before)
		runtime.GC()
		pickers = 0
		source.says("a", "b")
		synctest.Wait()
		require.Equal(t, 1, pickers)
		require.Equal(t, before, last[0].Latency(), "of the client that is kept")
		for range 10 {
			target := pool.For(nil)
			require.Zero(t, last[0].Latency())
			use(target)
			use(kept)
		}
		runtime.KeepAlive(kept)
	})
}

// TestClientsInTurn: clients that are made and dropped leave nothing behind, though no set
// is published.
func TestClientsInTurn(t *testing.T) {
	t.Parallel()
	var members []weak.Pointer[discover.Member]
	pool := discover.Of(make([]int, 2), discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
		members = append(members, weak.Make(set[0]))
		return discover.Random().NewPicker(set)
	})))
	for range 50 {
		for range 10 {
			pool.For(nil)
		}
		runtime.GC()
	}
	alive := 0
	for _, m := range members {
		if m.Value() != nil {
			alive++
		}
	}
	require.Less(t, alive, 50, "of %d", len(members))
}

package discover_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// TestZeroMembers: whoever tests a balancer around one of this package may make the
// members.
func TestZeroMembers(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		for _, n := range []int{1, 2, 300} {
			set := make([]*discover.Member, n)
			for i := range set {
				set[i] = &discover.Member{}
			}
			picker := balancer().NewPicker(set)
			seen := map[int]bool{}
			for range 100 * n {
				i := picker.Pick(t.Context())
				seen[i] = true
				if o, ok := picker.(discover.Observer); ok {
					o.Done(set[i], time.Millisecond, nil)
				}
			}
			require.Len(t, seen, n, "%s of %d", name, n)
			for i := range seen {
				require.True(t, 0 <= i && i < n, "%s of %d picks %d", name, n, i)
			}
		}
	}
}

// TestMember tells a balancer what its pool knows of the instance.
func TestMember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var set []*discover.Member
		want := []discover.Instance{{Addr: "a", Weight: 3, Zone: "z"}, {Addr: "b"}}
		pool := running(t, discover.Fixed(want...), discover.Balance(discover.BalancerFunc(func(members []*discover.Member) discover.Picker {
			set = members
			return fixed(1)
		})))
		other := pool.For(nil)
		var tokens []endpoint.Token
		for i, target := range []endpoint.Target[string]{pool, other, pool} {
			_, token, err := target.Acquire(t.Context())
			require.NoError(t, err)
			tokens = append(tokens, token)
			require.Equal(t, i+1, set[1].Pending(), "calls of all operations")
		}
		require.Zero(t, set[0].Pending())
		require.Equal(t, want, []discover.Instance{set[0].Instance(), set[1].Instance()})
		require.InDelta(t, 3, set[0].Weight(), 0)
		require.InDelta(t, 1, set[1].Weight(), 0)
		require.Zero(t, set[1].Latency(), "nobody measures it")
		for i, token := range tokens {
			pool.Release(token, nil)
			require.Equal(t, 2-i, set[1].Pending())
		}
	})
}

// TestOperationsMeasureApart: each operation has latencies of its own.
func TestOperationsMeasureApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var members []*discover.Member // of each operation
		pool := running(t, weights(1), discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
			members = append(members, set[0])
			return discover.PeakEWMA().NewPicker(set)
		})))
		for i := range 4 {
			_, token, err := pool.For(nil).Acquire(t.Context())
			require.NoError(t, err)
			time.Sleep(time.Duration(i+1) * time.Second)
			pool.For(nil).Release(token, nil)
		}
		var got []time.Duration
		for _, m := range members {
			if m.Latency() > 0 {
				got = append(got, m.Latency())
			}
		}
		require.Equal(t, []time.Duration{1 * time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}, got)
	})
}

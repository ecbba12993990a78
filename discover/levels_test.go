package discover_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// tries returns where the attempts of a call go, which fail at all.
func tries(t *testing.T, pool *discover.Pool[string], n int64) []string {
	t.Helper()
	var went []string
	_, err := endpoint.Stack{&repeat{times: n}}.Wrap(func(ctx context.Context, _ int) (int, error) {
		addr, token, err := pool.Acquire(ctx)
		require.NoError(t, err)
		pool.Release(token, errDown)
		went = append(went, addr)
		return 0, errDown
	})(t.Context(), 0)
	require.ErrorIs(t, err, errDown)
	return went
}

// TestRetriesGoToTheNextTier: when those of the first were tried, also where nothing is
// known of failures.
func TestRetriesGoToTheNextTier(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, tiers(2, 2, 1), discover.Balance(balancer()), discover.Eject(0, 0))
				for range 50 {
					went := tries(t, pool, 6)
					require.ElementsMatch(t, []string{"0-0", "0-1"}, went[:2])
					require.ElementsMatch(t, []string{"1-0", "1-1"}, went[2:4])
					require.Equal(t, "2-0", went[4])
					require.Contains(t, []string{"0-0", "0-1"}, went[5], "all were tried")
				}
			})
		})
	}
}

// TestThirdAttemptLeavesTheTier: where two instances of the first tier failed, others are
// likely to fail as well.
func TestThirdAttemptLeavesTheTier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, tiers(100, 1), discover.Eject(0, 0))
		for range 50 {
			went := tries(t, pool, 4)
			require.Equal(t, "0001", went[0][:1]+went[1][:1]+went[3][:1]+went[2][:1])
		}
	})
}

// TestRetriesAvoidDoubtful: a retry prefers the next tier to instances that are about to
// be ejected.
func TestRetriesAvoidDoubtful(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, tiers(9, 1), discover.Balance(discover.RoundRobin()))
		fail(t, pool, 27, inTier(0, 9)...) // three of five each
		went := tries(t, pool, 3)
		require.Equal(t, "0", went[0][:1])
		require.Equal(t, "1-0", went[1])
		require.Equal(t, "0", went[2][:1])
		require.NotEqual(t, went[0], went[2])
	})
}

// TestRetriesRespectWeights: the instance that a retry goes to is drawn by the weights of
// those that the call has not tried.
func TestRetriesRespectWeights(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		if name == "RoundRobin" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, weights(1000, 10, 1), discover.Balance(balancer()), discover.Eject(0, 0))
				light, n := 0, 0
				for range 20_000 {
					if went := tries(t, pool, 2); went[0] == "0" {
						n++
						if went[1] == "2" {
							light++
						}
					}
				}
				require.InDelta(t, 1/11.0, float64(light)/float64(n), 0.03)
			})
		})
	}
}

// TestObserversOfLevels: where calls are spread over two tiers, the picker of each learns of
// the attempts at its own members.
func TestObserversOfLevels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, tiers(2, 1), discover.Eject(1, time.Hour), discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
			return own{t, set}
		})))
		fail(t, pool, 1, "0-1") // of the two, the last one is picked
		counts := picks(t, pool, 1000)
		require.Len(t, counts, 2)
		require.InDelta(t, 700, counts["0-0"], 80)
	})
}

// own is a Picker of the last member, which checks that it observes its own members.
type own struct {
	t   *testing.T
	set []*discover.Member
}

func (o own) Pick(context.Context) int { return len(o.set) - 1 }

func (o own) Done(m *discover.Member, _ time.Duration, err error) {
	if err == nil {
		require.Contains(o.t, o.set, m)
	}
}

package discover_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
)

// tiers returns a source of so many instances of each priority: "0-0", "0-1", "1-0".
func tiers(sizes ...int) discover.Source {
	var set []discover.Instance
	for priority, n := range sizes {
		for _, addr := range inTier(priority, n) {
			set = append(set, discover.Instance{Addr: addr, Priority: priority})
		}
	}
	return discover.Fixed(set...)
}

// inTier returns the addresses of the first n instances of a priority.
func inTier(priority, n int) []string {
	var addrs []string
	for i := range n {
		addrs = append(addrs, fmt.Sprintf("%d-%d", priority, i))
	}
	return addrs
}

// TestDeadTierIsLeft has all instances of the first tier fail, by priority or by zone. After
// the first second, 99 % of the calls of a retry succeed. It sleeps in a bubble.
func TestDeadTierIsLeft(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(n int) []discover.Instance{
		"priority": func(n int) []discover.Instance {
			return []discover.Instance{{Addr: fmt.Sprintf("dead-%d", n)}, {Addr: fmt.Sprintf("ok-%d", n), Priority: 7}}
		},
		"zone": func(n int) []discover.Instance {
			return []discover.Instance{{Addr: fmt.Sprintf("dead-%d", n), Zone: "a"}, {Addr: fmt.Sprintf("ok-%d", n), Zone: "b"}}
		},
	}
	for kind, instances := range kinds {
		for name, balancer := range balancers() {
			for _, n := range []int{1, 2, 3, 10, 40} {
				t.Run(fmt.Sprint(kind, name, n), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						var set []discover.Instance
						for i := range n {
							set = append(set, instances(i)...)
						}
						pool := running(t, discover.Fixed(set...), discover.Balance(balancer()), discover.Zone("a"))
						e := endpoint.Chain(func(ctx context.Context, _ int) (int, error) {
							addr, token, err := pool.Acquire(ctx)
							require.NoError(t, err)
							if strings.HasPrefix(addr, "dead") {
								err = errDown
							}
							pool.Release(token, err)
							return 0, endpoint.MarkNotSent(err)
						}, resilience.NewRetry(3).Wrap)
						failed := 0
						for i := range 6000 {
							if _, err := e(t.Context(), 0); err != nil && i >= 10 {
								failed++
							}
							time.Sleep(100 * time.Millisecond)
						}
						require.LessOrEqual(t, failed, 60)
					})
				})
			}
		}
	}
}

// TestTierGivesCallsAway has some of ten instances of the first tier fail: of the calls,
// it keeps 1.4 times the part that does not fail, spread over those.
func TestTierGivesCallsAway(t *testing.T) {
	t.Parallel()
	for failing, share := range map[int]float64{0: 1, 2: 1, 3: 0.98, 5: 0.7, 7: 0.42, 9: 0.14, 10: 0} {
		t.Run(fmt.Sprint(failing), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, tiers(10, 10, 10), discover.Balance(discover.RoundRobin()))
				bad := inTier(0, failing)
				fail(t, pool, 5000, bad...)
				counts := picks(t, pool, 20_000)
				first := 0
				for addr, n := range counts {
					switch addr[0] {
					case '0':
						first += n
						require.NotContains(t, bad, addr)
					case '2':
						t.Errorf("%s gets %d calls", addr, n)
					}
				}
				require.InDelta(t, share, float64(first)/20_000, 0.015)
			})
		})
	}
}

// TestLargeTierIsLeft: when many of a tier fail without a success in between, the tier is
// left before each of them has been tried five times. One that fails for all who call it
// does no such thing.
func TestLargeTierIsLeft(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ tier, dead, most, least int }{
		"forty":           {40, 40, 10, 10},
		"a hundred":       {100, 100, 25, 25},
		"half of a forty": {40, 20, 100, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, tiers(tt.tier, 40), discover.Balance(discover.RoundRobin()))
				var dead []string
				for i := range tt.dead {
					dead = append(dead, fmt.Sprintf("0-%d", i*tt.tier/tt.dead))
				}
				failed := 0
				for addr, n := range fail(t, pool, 1000, dead...) {
					if slices.Contains(dead, addr) {
						failed += n
					}
				}
				require.LessOrEqual(t, failed, tt.most)
				require.GreaterOrEqual(t, failed, tt.least)
			})
		})
	}
}

// TestReadmittedTogether: instances whose time is over at once come back with one
// publication. It sleeps in a bubble.
func TestReadmittedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var published atomic.Int64
		pool := running(t, tiers(100, 1), discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
			published.Add(1)
			return discover.RoundRobin().NewPicker(set)
		})))
		picks(t, pool, 1)
		fail(t, pool, 25, inTier(0, 100)...)
		require.Equal(t, map[string]int{"1": 100}, byTier(picks(t, pool, 100)))
		published.Store(0)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 2, published.Load(), "one for each of two tiers")
	})
}

// TestAllTiersFail: when nothing is healthy, all instances get calls, and the tier
// that has one again gets them all.
func TestAllTiersFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, tiers(2, 4), discover.Balance(discover.RoundRobin()))
		all := []string{"0-0", "0-1", "1-0", "1-1", "1-2", "1-3"}
		fail(t, pool, 1000, all...)
		counts := fail(t, pool, 6000, all...)
		require.ElementsMatch(t, all, slices.Collect(maps.Keys(counts)))
		for addr, n := range counts {
			require.InDelta(t, 1000, n, 150, addr)
		}
		fail(t, pool, 100, all[:5]...)
		for addr := range fail(t, pool, 100, all[:5]...) {
			require.Equal(t, "1", addr[:1], "one of the second tier is healthy")
		}
	})
}

// TestTooFewAreHealthy: where all tiers together cannot take the calls, each keeps its
// part of them, and no more than one of the failing is ejected of a small tier.
func TestTooFewAreHealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, tiers(4, 4), discover.Balance(discover.RoundRobin()))
		fail(t, pool, 2000, "0-0", "0-1", "0-2", "1-0", "1-1", "1-2")
		counts := fail(t, pool, 8000, "0-0", "0-1", "0-2", "1-0", "1-1", "1-2")
		require.Len(t, counts, 6, "%v", counts)
		for addr, n := range counts {
			require.InDelta(t, 8000/6, n, 200, addr)
		}
	})
}

// TestProbationOfATier: of a tier that hung and is on probation, a call is tried at once,
// and then few until one has answered. It sleeps in a bubble.
func TestProbationOfATier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, tiers(3, 3), discover.Balance(discover.RoundRobin()))
		fail(t, pool, 100, "0-0", "0-1", "0-2")
		time.Sleep(11 * time.Second)
		var hung []endpoint.Token
		for i := range 1000 {
			addr, token, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			if addr[0] == '0' {
				hung = append(hung, token)
				continue
			}
			require.NotZero(t, i, "the first call tries the tier")
			pool.Release(token, nil)
		}
		require.InDelta(t, 140, len(hung), 60)
		for _, token := range hung[1:] {
			pool.Release(token, context.Canceled)
		}
		pool.Release(hung[0], nil)
		picks(t, pool, 100)
		require.Equal(t, map[string]int{"0": 1000}, byTier(picks(t, pool, 1000)), "all have answered")
	})
}

// byTier sums counts by the tier that addresses begin with.
func byTier(counts map[string]int) map[string]int {
	sums := make(map[string]int)
	for addr, n := range counts {
		sums[addr[:1]] += n
	}
	return sums
}

// TestTierEvents: an instance is ejected when it gets no calls because it fails, and
// readmitted when it may get some. It sleeps in a bubble.
func TestTierEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		pool := running(t, tiers(2, 1), discover.Balance(discover.RoundRobin()), discover.OnEvent(func(_ context.Context, e endpoint.Event) {
			if e.Kind != "joined" && e.Kind != "left" {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, fmt.Sprint(e.Kind, " ", e.Detail, " ", e.Delay))
			}
		}))
		fail(t, pool, 100, "0-0", "0-1")
		require.InDelta(t, 2, gauge(pool, "ejected"), 0)
		require.InDelta(t, 1, gauge(pool, "serving"), 0)
		time.Sleep(11 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(got)
		require.Equal(t, []string{"ejected 0-0 10s", "ejected 0-1 10s", "readmitted 0-0 0s", "readmitted 0-1 0s"}, got)
	})
}

// TestSetsOfTiers changes the set while calls are spread over two tiers.
func TestSetsOfTiers(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, &dialer{}, func(w *world) {
				first := discover.Instance{Addr: "a"}
				second := discover.Instance{Addr: "b"}
				third := discover.Instance{Addr: "c", Priority: 1}
				w.source <- told{set: []discover.Instance{first, second, third}}
				synctest.Wait()
				for range 100 {
					c, token, err := w.pool.Acquire(w.t.Context())
					require.NoError(w.t, err)
					if c.addr == "a" {
						err = errDown
					}
					w.pool.Release(token, err)
				}
				require.Equal(w.t, []string{"b", "c"}, w.reached(200))
				w.source <- told{set: []discover.Instance{first, third}}
				synctest.Wait()
				require.Equal(w.t, []string{"c"}, w.reached(200))
				third.Priority = 0
				w.source <- told{set: []discover.Instance{first, third}}
				synctest.Wait()
				require.Equal(w.t, []string{"c"}, w.reached(200))
				w.source <- told{set: []discover.Instance{second}}
				synctest.Wait()
				require.Equal(w.t, []string{"b"}, w.reached(200))
			}, discover.Balance(balancer()), discover.Eject(1, time.Minute))
		})
	}
}

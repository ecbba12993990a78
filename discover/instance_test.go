package discover_test

import (
	"math"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestInstanceChanges: whatever a source says anew of an instance, its member says
// too, and nothing is published when it says the same.
func TestInstanceChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(in *discover.Instance, n int){
		"weight":   func(in *discover.Instance, n int) { in.Weight = float64(n) },
		"zone":     func(in *discover.Instance, n int) { in.Zone = strconv.Itoa(n) },
		"priority": func(in *discover.Instance, n int) { in.Priority = n },
		"meta":     func(in *discover.Instance, n int) { in.Meta = map[string]string{"n": strconv.Itoa(n)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var set []*discover.Member
			published := 0
			looking := discover.BalancerFunc(func(members []*discover.Member) discover.Picker {
				set = members
				published++
				return discover.RoundRobin().NewPicker(members)
			})
			bubble(t, &dialer{}, func(w *world) {
				defer runtime.KeepAlive(w.pool.For(nil))
				for n := range 3 { // from and to what is not set, and between what is
					for _, n := range []int{n + 2, n + 3, 0, n + 2} {
						in := discover.Instance{Addr: "a"}
						if n > 0 {
							change(&in, n)
						}
						w.source <- told{set: []discover.Instance{in}}
						synctest.Wait()
						require.Len(w.t, set, 1)
						require.Equal(w.t, in, set[0].Instance())
						was := published
						in.Addr = string([]byte(in.Addr)) // in other memory
						w.source <- told{set: []discover.Instance{in}}
						synctest.Wait()
						require.Equal(w.t, was, published)
					}
				}
			}, discover.Balance(looking))
		})
	}
}

// TestRefusedWeights count as 1, with an event for each set that has them anew.
func TestRefusedWeights(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, &dialer{}, func(w *world) {
				set := []discover.Instance{
					{Addr: "a", Weight: 2},
					{Addr: "b", Weight: math.Inf(1)},
					{Addr: "c", Weight: math.NaN()},
					{Addr: "d", Weight: math.MaxFloat64},
					{Addr: "e", Weight: 2e12},
					{Addr: "f", Weight: 1e12},
				}
				w.source <- told{set: set[:5]}
				synctest.Wait()
				got := map[string]float64{}
				for g := range w.pool.Gauges {
					if g.Metric == "weight" {
						got[g.Detail] = g.Value
					}
				}
				require.Equal(w.t, map[string]float64{"a": 2, "b": 1, "c": 1, "d": 1, "e": 1}, got)
				require.Len(w.t, w.reached(2000), 5)
				w.source <- told{set: append(slices.Clone(set[:5]), set[5])}
				synctest.Wait()
				require.Equal(w.t, []string{"malformed b", "malformed c", "malformed d", "malformed e"}, w.kinds()[:4])
				require.NotContains(w.t, w.kinds()[4:], "malformed b")
				require.NotContains(w.t, w.kinds()[4:], "malformed f")
				require.ErrorContains(w.t, w.firstErr(), "the weight of the instance is +Inf, want at most 1e+12; it counts as 1")
				w.source <- told{set: []discover.Instance{set[0], {Addr: "b"}}}
				w.source <- told{set: []discover.Instance{set[0], {Addr: "b", Weight: math.Inf(1)}}}
				synctest.Wait()
				again := slices.DeleteFunc(w.kinds(), func(kind string) bool { return kind != "malformed b" })
				require.Len(w.t, again, 2)
			}, discover.Balance(balancer()))
		})
	}
}

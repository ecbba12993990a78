package discover_test

import (
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
				w.pool.For(nil)
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

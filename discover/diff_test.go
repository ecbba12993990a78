package discover_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestEdits has a pool follow a set to which little is done at a time, anywhere,
// and in its own strings or in new ones: the members are always what the set says.
// It sleeps in the bubble.
func TestEdits(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var last []*discover.Member
	looking := func(set []*discover.Member) discover.Picker {
		last = set
		return discover.PeakEWMA().NewPicker(set)
	}
	bubble(t, &dialer{}, func(w *world) {
		defer runtime.KeepAlive(w.pool.For(nil))
		set := []discover.Instance{{Addr: "x"}}
		for step := range 500 {
			set = edited(random, set)
			w.source <- told{set: set}
			time.Sleep(time.Minute)
			synctest.Wait()
			var got []discover.Instance
			for _, m := range last {
				got = append(got, m.Instance())
			}
			require.Equal(w.t, set, got, "step %d", step)
		}
	}, discover.Balance(discover.BalancerFunc(looking)))
}

// edited returns the set with one change or two, never empty.
func edited(random *rand.Rand, set []discover.Instance) []discover.Instance {
	set = slices.Clone(set)
	for range 1 + random.IntN(2) {
		in := &set[random.IntN(len(set))]
		switch random.IntN(8) {
		case 0:
			in.Weight = float64(2 + random.IntN(3))
		case 1:
			in.Zone = string(rune('a' + random.IntN(3)))
		case 2:
			in.Meta = map[string]string{"version": fmt.Sprint(random.IntN(3))}
		case 3:
			if len(set) > 1 {
				set = slices.Delete(set, 0, 1+random.IntN(len(set)-1)/8)
			}
		default:
			set = append(set, discover.Instance{Addr: fmt.Sprintf("%05d", random.IntN(100_000))})
		}
	}
	if random.IntN(2) == 0 {
		for i := range set {
			set[i].Addr, set[i].Zone = strings.Clone(set[i].Addr), strings.Clone(set[i].Zone)
			set[i].Meta = maps.Clone(set[i].Meta)
		}
	}
	return discover.Sorted(set)
}

// TestPlaces has hundreds of instances come and go: each that is there is picked
// in turn, and nobody else. It sleeps in the bubble.
func TestPlaces(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	bubble(t, &dialer{}, func(w *world) {
		early := w.pool.For(nil)
		for step := range 60 {
			var set []string
			for _, addr := range numbered(0, 100+random.IntN(300)) {
				if step%3 == 0 || random.IntN(20) > 0 {
					set = append(set, addr)
				}
			}
			w.source.says(set...)
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(w.t, set, w.reached(len(set)), "step %d", step)
			for range set {
				_, token, err := early.Acquire(w.t.Context())
				require.NoError(w.t, err)
				early.Release(token, nil)
			}
		}
	}, discover.Balance(discover.RoundRobin()))
}

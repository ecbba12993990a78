package discover_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestMalformedAddrs: a malformed address of any source is left out with an event, and
// never dialled. It sleeps in a bubble.
func TestMalformedAddrs(t *testing.T) {
	t.Parallel()
	d := &dialer{}
	bubble(t, d, func(w *world) {
		long := strings.Repeat("x", 1<<20) + ":80"
		w.source.says("a b:80", "a:80", "b:0", "b:80", "c\n:80", long)
		synctest.Wait()
		require.Equal(t, []string{
			"malformed a?b:80", "malformed b:0", "malformed c?:80", "malformed " + strings.Repeat("x", 64) + "…",
			"joined a:80", "joined b:80",
		}, w.kinds())
		for _, e := range w.events[:4] {
			require.ErrorContains(t, e.Err, "discover: the ")
			require.Less(t, len(e.Err.Error())+len(e.Detail), 300)
		}
		require.Equal(t, []string{"a:80", "b:80"}, w.reached(20))

		before := len(w.kinds())
		w.source.says("a b:80", "a:80", "b:0", "b:80", "c\n:80", long)
		synctest.Wait()
		require.Len(t, w.kinds(), before, "the set is what it was")

		w.source.says("a:80", "b:0", "b:80", "d d:80")
		synctest.Wait()
		require.Equal(t, []string{"malformed d?d:80"}, w.kinds()[before:], "one is new")
		w.source.says("a:80")
		w.source.says("a:80", "b:0")
		synctest.Wait()
		require.Equal(t, []string{"left b:80", "malformed b:0"}, w.kinds()[before+1:], "one is back")
		time.Sleep(time.Hour)
		for addr, n := range d.perAddr {
			require.Equal(t, 1, n, "dials of %.80q", addr)
		}
		require.Len(t, d.perAddr, 2)
	})
}

// TestMalformedAddrsOnly: a set without an address that can be dialled is an empty one.
// It sleeps in a bubble.
func TestMalformedAddrsOnly(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a b:80")
		_, _, err := w.pool.Acquire(t.Context())
		require.ErrorIs(t, err, discover.ErrNoEndpoints)
		require.Equal(t, []string{"malformed a?b:80", "empty"}, w.kinds())
		w.source.says("a:80")
		synctest.Wait()
		require.Equal(t, "a:80", w.call())
		w.source.says("a:0")
		synctest.Wait()
		require.Equal(t, "a:80", w.call(), "kept, as with an empty set")
		time.Sleep(time.Hour)
		_, _, err = w.pool.Acquire(t.Context())
		require.ErrorIs(t, err, discover.ErrNoEndpoints)
	})
}

// TestMalformedAddrsBounded: one set causes a bounded number of events.
func TestMalformedAddrsBounded(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		set := []string{"a:80"}
		for i := range 10_000 {
			set = append(set, fmt.Sprintf("a %05d:80", i))
		}
		slices.Sort(set)
		w.source.says(set...)
		synctest.Wait()
		require.Len(t, w.kinds(), 51)
		require.Equal(t, "a:80", w.call())
	})
}

// TestMalformedAddrsChurn: whatever changes around malformed addresses, all others and
// no others get calls.
func TestMalformedAddrsChurn(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	bubble(t, &dialer{}, func(w *world) {
		var all []discover.Instance
		for i := range 10 {
			all = append(all, discover.Instance{Addr: fmt.Sprintf("%02d:80", i)}, discover.Instance{Addr: fmt.Sprintf("%02d x:80", i)})
		}
		all = discover.Sorted(all)
		for range 200 {
			share := random.Float64()
			set := slices.DeleteFunc(slices.Clone(all), func(in discover.Instance) bool {
				return random.Float64() < share && in.Addr != "05:80"
			})
			var want []string
			for _, in := range set {
				if !strings.Contains(in.Addr, " ") {
					want = append(want, in.Addr)
				}
			}
			w.source <- told{set: set}
			synctest.Wait()
			require.Equal(t, want, w.reached(200), "of %v", set)
		}
	}, discover.Balance(discover.RoundRobin()))
}

package discover_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestOneChange exchanges, adds and removes one instance of 10,000: whatever is
// done for each instance is done for that one alone, and nothing that is known of
// the others is made anew. It sleeps in the bubble.
func TestOneChange(t *testing.T) {
	t.Parallel()
	all := numbered(0, 10_000)
	other := slices.Clone(all)
	other[5000] += "x"
	var published int
	var last []*discover.Member
	counting := func(set []*discover.Member) discover.Picker {
		published++
		last = set
		return discover.PeakEWMA().NewPicker(set)
	}
	bubble(t, &dialer{}, func(w *world) {
		defer runtime.KeepAlive(w.pool.For(nil)) // nothing is published without an operation
		w.source.says(all...)
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, tt := range []struct {
			name                     string
			set                      []string
			dials, closes, published int
		}{
			{"exchanged", other, 1, 1, 2},
			{"exchanged again", all, 1, 1, 2},
			{"added", append(slices.Clone(all), "x"), 1, 0, 1},
			{"removed", all, 0, 1, 1},
			{"none", all, 0, 0, 0},
		} {
			known := map[*discover.Member]bool{}
			for _, m := range last {
				known[m] = true
			}
			dials, closes := w.dialer.counts()
			published = 0
			w.source.says(tt.set...)
			time.Sleep(time.Minute)
			synctest.Wait()
			nowDials, nowCloses := w.dialer.counts()
			require.Equal(w.t, tt.dials, nowDials-dials, "%s: dials", tt.name)
			require.Equal(w.t, tt.closes, nowCloses-closes, "%s: closes", tt.name)
			require.Equal(w.t, tt.published, published, "%s: publications", tt.name)
			require.Len(w.t, last, len(tt.set), tt.name)
			unknown := 0
			for i, m := range last {
				require.Equal(w.t, tt.set[i], m.Instance().Addr)
				if !known[m] {
					unknown++
				}
			}
			require.Equal(w.t, tt.dials, unknown, "%s: members that were made", tt.name)
		}
	}, discover.Balance(discover.BalancerFunc(counting)))
}

// TestPicksDoNotWait has a publication that hangs, with the pool's lock held:
// calls go on with the set before.
func TestPicksDoNotWait(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	var hangs atomic.Bool
	hanging := func(set []*discover.Member) discover.Picker {
		if hangs.Load() {
			entered <- struct{}{}
			<-leave
		}
		return discover.PeakEWMA().NewPicker(set)
	}
	synctest.Test(t, func(t *testing.T) {
		entered, leave = make(chan struct{}), make(chan struct{})
		source := make(scripted)
		pool := running(t, source, discover.Balance(discover.BalancerFunc(hanging))).For(nil)
		source.says("a", "b")
		synctest.Wait()
		hangs.Store(true)
		source.says("a")
		<-entered
		for range 1000 {
			_, token, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			pool.Release(token, nil)
		}
		hangs.Store(false)
		close(leave)
	})
}

// TestFewInstances has sets of 0, 1 and 2 for each balancer, in each order.
func TestFewInstances(t *testing.T) {
	t.Parallel()
	for name, b := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, &dialer{}, func(w *world) {
				for _, n := range []int{0, 1, 2, 1, 0, 2, 0} {
					w.source.says(numbered(0, n)...)
					synctest.Wait()
					if n == 0 {
						_, _, err := w.pool.Acquire(w.t.Context())
						require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
						continue
					}
					require.Equal(w.t, numbered(0, n), w.reached(100))
				}
			}, discover.Balance(b()), discover.Grace(0))
		})
	}
}

// TestIPv6 hands addresses to the dial func as they are: in brackets.
func TestIPv6(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		addr := net.JoinHostPort("2001:db8::1", "80")
		w.source.says(addr, addr)
		synctest.Wait()
		require.Equal(w.t, "[2001:db8::1]:80", w.call())
		dials, _ := w.dialer.counts()
		require.Equal(w.t, 1, dials)
	})
}

// TestNothingIsLeft closes or cancels a pool in each of its states; the bubble
// ends only when nothing runs in it.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{true, false} {
		for state, prepare := range map[string]func(w *world){
			"before the first set": func(*world) {},
			"dialling":             func(w *world) { w.source.says(numbered(0, 100)...) },
			"serving":              func(w *world) { w.source.says("a"); time.Sleep(time.Minute) },
			"waiting for a redial": func(w *world) {
				w.dialer.fails = func(string, int) error { return errSource }
				w.source.says("a")
				time.Sleep(time.Minute)
			},
			"in its grace": func(w *world) { w.source.says("a"); time.Sleep(time.Second); w.source.says() },
			"warming up": func(w *world) {
				w.source.says("a")
				time.Sleep(time.Second)
				w.source.says("a", "b")
				time.Sleep(time.Second)
			},
			"with one ejected": func(w *world) {
				w.source.says("a", "b")
				time.Sleep(time.Second)
				for range 5 {
					_, token, err := w.pool.Acquire(w.t.Context())
					require.NoError(w.t, err)
					w.pool.Release(token, errDown)
				}
			},
		} {
			t.Run(fmt.Sprintf("%s, Close %v", state, closed), func(t *testing.T) {
				t.Parallel()
				// What prepares it sleeps in the bubble.
				bubble(t, &dialer{takes: 10 * time.Millisecond}, func(w *world) {
					prepare(w)
					if closed {
						require.NoError(w.t, w.pool.Close())
						require.NoError(w.t, w.pool.Close())
					} else {
						w.stop()
					}
					synctest.Wait()
					_, _, err := w.pool.Acquire(w.t.Context())
					require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
				}, discover.SlowStart(time.Minute))
			})
		}
	}
}

// TestRandomSets has a pool follow sets at random, with kept instances and
// changed priorities among them: those that get calls are always those of the
// lowest priority of the last set, or of the one before an empty one. It sleeps
// in the bubble, now and then long enough for the dials.
func TestRandomSets(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		bubble(t, &dialer{takes: 10 * time.Millisecond}, func(w *world) {
			var want []string
			settled := false
			for range 200 {
				var set []discover.Instance
				for _, addr := range numbered(0, 8) {
					if random.IntN(3) == 0 {
						set = append(set, discover.Instance{Addr: addr, Priority: random.IntN(8) / 6, Weight: float64(random.IntN(2))})
					}
				}
				if random.IntN(8) == 0 {
					set = nil
				}
				w.source <- told{set: set}
				switch {
				case len(set) > 0:
					want, settled = lowest(set), false
				case !settled: // what was not dialled yet is not kept
					want = nil
				}
				if len(want) > 0 && random.IntN(3) == 0 {
					time.Sleep(time.Second)
					settled = true
					require.Equal(w.t, want, w.reached(200), "seed %d, of %v", seed, set)
				}
			}
		}, discover.Balance(discover.RoundRobin()))
	}
}

// lowest returns the addresses of the lowest priority.
func lowest(set []discover.Instance) []string {
	var addrs []string
	priority := math.MaxInt
	for _, in := range set {
		if in.Priority < priority {
			priority, addrs = in.Priority, nil
		}
		if in.Priority == priority {
			addrs = append(addrs, in.Addr)
		}
	}
	return addrs
}

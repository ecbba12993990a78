package discover_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// weights is a source of instances "0", "1", … of these weights.
func weights(ws ...float64) discover.Source {
	var set []discover.Instance
	for i, w := range ws {
		set = append(set, discover.Instance{Addr: strconv.Itoa(i), Weight: w})
	}
	return discover.Fixed(set...)
}

// running runs a pool whose connections are the addresses until the test ends.
// It is for use in a bubble.
func running(t *testing.T, s discover.Source, opts ...discover.Option) *discover.Pool[string] {
	t.Helper()
	pool := follow(t, discover.New(func(_ context.Context, addr string) (string, error) { return addr, nil }, opts...), s)
	synctest.Wait()
	return pool
}

// picks makes n calls, each ending before the next, and counts where they go.
func picks(t *testing.T, target endpoint.Target[string], n int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for range n {
		addr, token, err := target.Acquire(t.Context())
		require.NoError(t, err)
		target.Release(token, nil)
		counts[addr]++
	}
	return counts
}

func TestShares(t *testing.T) {
	t.Parallel()
	equal := []float64{1, 1, 1, 1}
	unequal := []float64{5, 1, 2, 0.5}
	for _, tt := range []struct {
		name    string
		b       discover.Balancer
		weights []float64
		want    []float64
		delta   float64
	}{
		{"RoundRobin", discover.RoundRobin(), unequal, equal, 0},
		{"Random, equal", discover.Random(), equal, equal, 0.02},
		{"Random", discover.Random(), unequal, unequal, 0.02},
		{"Weighted, equal", discover.Weighted(), equal, equal, 0},
		{"Weighted", discover.Weighted(), unequal, unequal, 0.001},
		{"Weighted, extreme", discover.Weighted(), []float64{1000, 1}, []float64{1000, 1}, 0.001},
		{"LeastRequest, equal", discover.LeastRequest(), equal, equal, 0.02},
		{"LeastRequest", discover.LeastRequest(), unequal, unequal, 0.02},
		{"LeastRequest, two", discover.LeastRequest(), []float64{3, 1}, []float64{3, 1}, 0.02},
		{"PeakEWMA, equal", discover.PeakEWMA(), equal, equal, 0.02},
		{"PeakEWMA", discover.PeakEWMA(), unequal, unequal, 0.02},
		{"one", discover.PeakEWMA(), []float64{1}, []float64{1}, 0},
		{"two", discover.PeakEWMA(), []float64{1, 1}, []float64{1, 1}, 0.02},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const n = 40_000
				counts := picks(t, running(t, weights(tt.weights...), discover.Balance(tt.b)), n)
				sum := 0.0
				for _, w := range tt.want {
					sum += w
				}
				for i, w := range tt.want {
					require.InDelta(t, w/sum, float64(counts[strconv.Itoa(i)])/n, tt.delta, "share of %d in %v", i, counts)
				}
			})
		})
	}
}

// TestWeightedIsSmooth guards against members of a large weight that get their
// calls in a row.
func TestWeightedIsSmooth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(5, 1, 1, 1, 1, 1), discover.Balance(discover.Weighted()))
		row, longest := 0, 0
		for range 10_000 {
			for addr := range picks(t, pool, 1) {
				row++
				if addr != "0" {
					row = 0
				}
				longest = max(longest, row)
			}
		}
		require.LessOrEqual(t, longest, 3, "calls in a row to the member with half of the weight")
	})
}

func TestLeastRequestAvoidsTheBusy(t *testing.T) {
	t.Parallel()
	for _, b := range []discover.Balancer{discover.LeastRequest(), discover.PeakEWMA()} {
		synctest.Test(t, func(t *testing.T) {
			pool := running(t, weights(1, 1, 1), discover.Balance(b))
			// Calls that never end pile up evenly.
			counts := map[string]int{}
			for range 300 {
				addr, _, err := pool.Acquire(t.Context())
				require.NoError(t, err)
				counts[addr]++
			}
			for addr, n := range counts {
				require.InDelta(t, 100, n, 3, addr)
			}
		})
	}
}

// backend is what a simulated instance does with a call.
type backend struct {
	takes time.Duration
	err   error
}

// load makes so many calls a second for a time, each on a goroutine of its own,
// and returns how many went where. It sleeps in the caller's bubble.
func load(t *testing.T, target endpoint.Target[string], rate int, d time.Duration, do func(ctx context.Context, addr string) error) map[string]int {
	t.Helper()
	counts := map[string]int{}
	var calls sync.WaitGroup
	for range int(d.Seconds() * float64(rate)) {
		addr, token, err := target.Acquire(t.Context())
		require.NoError(t, err)
		counts[addr]++
		calls.Go(func() { target.Release(token, do(t.Context(), addr)) })
		time.Sleep(time.Second / time.Duration(rate))
	}
	calls.Wait()
	return counts
}

// behaving returns what backends do, in the caller's bubble: they sleep.
func behaving(by func(addr string) backend) func(context.Context, string) error {
	return func(_ context.Context, addr string) error {
		b := by(addr)
		time.Sleep(b.takes)
		return b.err
	}
}

var errDown = endpoint.Errorf(endpoint.Unavailable, "down")

// TestFastFailure has one of twenty that fails in 1 ms where the others answer
// in 20: it must not attract calls. It sleeps in a bubble.
func TestFastFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(make([]float64, 20)...))
		calls := behaving(func(addr string) backend {
			if addr == "7" {
				return backend{time.Millisecond, errDown}
			}
			return backend{20 * time.Millisecond, nil}
		})
		load(t, pool, 1000, 10*time.Second, calls)
		counts := load(t, pool, 1000, time.Minute, calls)
		require.LessOrEqual(t, counts["7"], 60_000/200, "0.5 % of the calls: %v", counts)
	})
}

// TestSlowInstance has one of ten at ten times the latency of the others, which
// heals. It sleeps in a bubble.
func TestSlowInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(make([]float64, 10)...))
		slow := 10
		calls := behaving(func(addr string) backend {
			if addr == "3" {
				return backend{time.Duration(slow) * 10 * time.Millisecond, nil}
			}
			return backend{10 * time.Millisecond, nil}
		})
		load(t, pool, 1000, 5*time.Second, calls)
		counts := load(t, pool, 1000, 10*time.Second, calls)
		require.LessOrEqual(t, counts["3"], 200, "2 % of the calls: %v", counts)
		slow = 1
		load(t, pool, 1000, 30*time.Second, calls)
		counts = load(t, pool, 1000, 10*time.Second, calls)
		require.InDelta(t, 1000, counts["3"], 200, "8 to 12 %% of the calls: %v", counts)
	})
}

// TestHungInstance has one of ten that never answers, and a hedge after 50 ms
// that cancels it: it must not look fast. It sleeps in a bubble.
func TestHungInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(make([]float64, 10)...))
		tried := 0
		for range 200 {
			addr, token, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			if addr == "3" {
				tried++
				time.Sleep(50 * time.Millisecond)
				other, token2, err := pool.Acquire(t.Context())
				require.NoError(t, err)
				if other == "3" {
					tried++
				}
				time.Sleep(10 * time.Millisecond)
				pool.Release(token2, nil)
				pool.Release(token, context.Canceled)
				continue
			}
			time.Sleep(10 * time.Millisecond)
			pool.Release(token, nil)
		}
		require.LessOrEqual(t, tried, 20)
	})
}

// TestLatencyIsAMean has one slow call and many fast ones, which come so soon one
// after the other that not each is worth writing down: in the window of 5 s the
// slow one loses all but 1/e. It sleeps in the bubble.
func TestLatencyIsAMean(t *testing.T) {
	t.Parallel()
	for _, takes := range []time.Duration{10 * time.Microsecond, time.Millisecond, 50 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			var member *discover.Member
			pool := discover.Of([]int{1}, discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
				member = set[0]
				return discover.PeakEWMA().NewPicker(set)
			})))
			call := func(takes time.Duration) {
				_, token, err := pool.Acquire(t.Context())
				require.NoError(t, err)
				time.Sleep(takes)
				pool.Release(token, nil)
			}
			call(time.Second)
			require.Equal(t, time.Second, member.Latency(), "a peak counts at once")
			for begun := time.Now(); time.Since(begun) < 5*time.Second; {
				call(takes)
			}
			want := (time.Second-takes)*1000/2718 + takes
			require.InEpsilon(t, want, member.Latency(), 0.01, "calls of %v", takes)
		})
	}
}

// TestNewInstanceIsNotFlooded: a member that nothing is known of gets one call
// at first.
func TestNewInstanceIsNotFlooded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := make(scripted)
		pool := running(t, source)
		source.says("a", "b")
		synctest.Wait()
		picks(t, pool, 100)
		source.says("a", "b", "c")
		synctest.Wait()
		n := 0
		for range 100 {
			addr, _, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			if addr == "c" {
				n++
			}
		}
		require.Equal(t, 1, n, "calls to a member that has not answered one")
	})
}

// TestStatisticsSurviveUpdates: what is known of an instance stays known when
// others come and go. It sleeps in a bubble.
func TestStatisticsSurviveUpdates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := make(scripted)
		pool := running(t, source)
		source.says("a", "b", "c")
		synctest.Wait()
		load(t, pool, 100, 5*time.Second, behaving(func(addr string) backend {
			if addr == "b" {
				return backend{takes: time.Second}
			}
			return backend{takes: time.Millisecond}
		}))
		time.Sleep(2 * time.Second) // until all have ended
		source.says("b", "c", "d")
		synctest.Wait()
		require.Zero(t, picks(t, pool, 100)["b"])
	})
}

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &observer{}
		pool := discover.Of([]string{"x", "y"}, discover.Balance(discover.BalancerFunc(func([]*discover.Member) discover.Picker { return o })))
		_, token, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Second)
		pool.Release(token, errDown)
		require.Equal(t, []string{"1 1s down"}, o.done)
	})
}

type observer struct{ done []string }

func (*observer) Pick(context.Context) int { return 1 }

func (o *observer) Done(m *discover.Member, elapsed time.Duration, err error) {
	o.done = append(o.done, fmt.Sprintf("%s %v %v", m.Instance().Addr, elapsed, err))
}

// TestFastFailureWithoutEjection: what fails fast must not look fast.
func TestFastFailureWithoutEjection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(make([]float64, 20)...), discover.Eject(0, 0))
		counts := load(t, pool, 1000, 10*time.Second, behaving(func(addr string) backend {
			if addr == "7" {
				return backend{time.Millisecond, errDown}
			}
			return backend{20 * time.Millisecond, nil}
		}))
		require.Less(t, counts["7"], 10_000/20, "its share of the calls: %v", counts)
	})
}

// TestBalancerAroundOurs has a func of a user's own that returns a Picker of this
// package: it goes by the time as it does in a pool of its own. It sleeps in a
// bubble.
func TestBalancerAroundOurs(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, weights(make([]float64, 10)...), discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
					return balancer().NewPicker(set)
				})))
				counts := load(t, pool, 1000, 10*time.Second, behaving(func(addr string) backend {
					if addr == "3" {
						return backend{takes: time.Second}
					}
					return backend{takes: 10 * time.Millisecond}
				}))
				require.Len(t, counts, 10)
				if name == "PeakEWMA" || name == "LeastRequest" {
					require.LessOrEqual(t, counts["3"], 200, "%v", counts)
				}
			})
		})
	}
}

// wrapped is a Picker of somebody else's around one of ours.
type wrapped struct{ discover.Picker }

func (w wrapped) Done(m *discover.Member, elapsed time.Duration, err error) {
	w.Picker.(discover.Observer).Done(m, elapsed, err)
}

// TestPickerAroundPeakEWMA has it learn of calls by its public methods alone. It
// sleeps in a bubble.
func TestPickerAroundPeakEWMA(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(make([]float64, 10)...), discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
			return wrapped{discover.PeakEWMA().NewPicker(set)}
		})))
		slow := behaving(func(addr string) backend {
			if addr == "3" {
				return backend{takes: 100 * time.Millisecond}
			}
			return backend{takes: 10 * time.Millisecond}
		})
		load(t, pool, 1000, 5*time.Second, slow)
		counts := load(t, pool, 1000, 10*time.Second, slow)
		require.LessOrEqual(t, counts["3"], 200, "%v", counts)
	})
}

// TestBalancerThatKeepsAPicker has a balancer whose Picker is that of the first
// set of two: calls go to the instances of the set that there is, and do not wait for
// those that are gone.
func TestBalancerThatKeepsAPicker(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var first discover.Picker
			kept := func(set []*discover.Member) discover.Picker {
				if len(set) < 2 {
					return balancer().NewPicker(set)
				}
				if first == nil {
					first = balancer().NewPicker(set)
				}
				return first
			}
			bubble(t, &dialer{}, func(w *world) {
				w.source.says("a", "b")
				synctest.Wait()
				require.Equal(t, []string{"a", "b"}, w.reached(100))
				w.source.says("c", "d")
				synctest.Wait()
				require.Equal(t, []string{"c", "d"}, w.reached(100))
			}, discover.Balance(discover.BalancerFunc(kept)))
		})
	}
}

// A countingBalancer is a Balancer of a type of its own, with one of this package inside.
type countingBalancer struct {
	discover.Balancer

	made atomic.Int64
}

func (b *countingBalancer) NewPicker(set []*discover.Member) discover.Picker {
	b.made.Add(1)
	return b.Balancer.NewPicker(set)
}

// TestBalancerWithOursInside: a balancer that embeds one of this package is asked
// itself for each picker.
func TestBalancerWithOursInside(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &countingBalancer{Balancer: balancer()}
			pool := discover.Of([]string{"x", "y", "z"}, discover.Balance(b))
			require.Len(t, picks(t, pool, 100), 3)
			require.EqualValues(t, 1, b.made.Load())
			defer runtime.KeepAlive(pool.For(nil))
			require.EqualValues(t, 2, b.made.Load(), "each operation has a picker of its own")
		})
	}
}

// TestPickerOfAnEmptySet picks no member. A pool makes none, but a balancer around
// one of this package may leave all members out.
func TestPickerOfAnEmptySet(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		require.Equal(t, -1, balancer().NewPicker(nil).Pick(t.Context()), name)
		pool := discover.Of([]int{1}, discover.Balance(discover.BalancerFunc(func([]*discover.Member) discover.Picker {
			return balancer().NewPicker(nil)
		})))
		_, _, err := pool.Acquire(t.Context())
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), name)
	}
}

// TestSharesOfAPickerAround has a Picker of somebody else's around one of this
// package, which then has to go by the index alone: the shares are as without it.
func TestSharesOfAPickerAround(t *testing.T) {
	t.Parallel()
	weighted := []float64{5, 1, 2, 0.5}
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := weighted
			if name == "RoundRobin" {
				want = []float64{1, 1, 1, 1}
			}
			synctest.Test(t, func(t *testing.T) {
				const n = 40_000
				counts := picks(t, running(t, weights(weighted...), discover.Balance(discover.BalancerFunc(
					func(set []*discover.Member) discover.Picker {
						return struct{ discover.Picker }{balancer().NewPicker(set)}
					}))), n)
				sum := 0.0
				for _, w := range want {
					sum += w
				}
				for i, w := range want {
					require.InDelta(t, w/sum, float64(counts[strconv.Itoa(i)])/n, 0.02, "share of %d in %v", i, counts)
				}
			})
		})
	}
}

// TestLeastRequestByWeight: calls that never end pile up by weight.
func TestLeastRequestByWeight(t *testing.T) {
	t.Parallel()
	for _, b := range []discover.Balancer{discover.LeastRequest(), discover.PeakEWMA()} {
		synctest.Test(t, func(t *testing.T) {
			pool := running(t, weights(1, 3, 2), discover.Balance(b))
			counts := map[string]int{}
			for range 600 {
				addr, _, err := pool.Acquire(t.Context())
				require.NoError(t, err)
				counts[addr]++
			}
			require.InDelta(t, 100, counts["0"], 5)
			require.InDelta(t, 300, counts["1"], 5)
			require.InDelta(t, 200, counts["2"], 5)
		})
	}
}

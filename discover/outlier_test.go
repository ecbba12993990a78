package discover_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// fail makes n calls that fail in those of these instances.
func fail(t *testing.T, pool *discover.Pool[string], n int, addrs ...string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for range n {
		addr, token, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		counts[addr]++
		for _, bad := range addrs {
			if addr == bad {
				err = errDown
			}
		}
		pool.Release(token, err)
	}
	return counts
}

// TestEjection follows an instance that fails through its ejections. It sleeps
// in a bubble.
func TestEjection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		pool := running(t, weights(1, 1, 1), discover.Balance(discover.RoundRobin()),
			discover.OnEvent(func(_ context.Context, e endpoint.Event) {
				if e.Detail == "1" && e.Kind != "joined" && e.Kind != "left" {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, join(e.Kind, e.Delay.String()))
				}
			}))
		require.Equal(t, 5, fail(t, pool, 100, "1")["1"], "the fifth failure ejects")
		time.Sleep(9 * time.Second)
		require.Zero(t, fail(t, pool, 100, "1")["1"])
		time.Sleep(2 * time.Second)
		require.Equal(t, 1, fail(t, pool, 100, "1")["1"], "one failure on probation ejects again")
		time.Sleep(19 * time.Second)
		require.Zero(t, fail(t, pool, 100, "1")["1"], "for longer")
		time.Sleep(2 * time.Second)
		require.Equal(t, 34, fail(t, pool, 102)["1"], "healed")
		require.Equal(t, 5, fail(t, pool, 100, "1")["1"], "begins anew")
		require.Equal(t, []string{"ejected 10s", "readmitted 0s", "ejected 20s", "readmitted 0s", "ejected 10s"}, got)
	})
}

// TestEjectionByOneFailure: probation ends with a success, also where one failure
// is enough. It sleeps in a bubble.
func TestEjectionByOneFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		pool := running(t, weights(1, 1, 1), discover.Balance(discover.RoundRobin()), discover.Eject(1, 10*time.Second),
			discover.OnEvent(func(_ context.Context, e endpoint.Event) {
				if e.Kind == "ejected" {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, e.Delay.String())
				}
			}))
		require.Equal(t, 1, fail(t, pool, 100, "1")["1"])
		time.Sleep(11 * time.Second)
		require.Equal(t, 1, fail(t, pool, 100, "1")["1"], "one failure on probation")
		time.Sleep(21 * time.Second)
		require.Equal(t, 33, fail(t, pool, 99)["1"], "healed")
		require.Equal(t, 1, fail(t, pool, 100, "1")["1"])
		require.Equal(t, []string{"10s", "20s", "10s"}, got)
	})
}

func TestEjectionIsBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		instances, bad int
		ejected        float64
		opts           []discover.Option
		serving        float64
	}{
		{"at least one", 3, 1, 1, nil, 2},
		{"no more than one of few", 5, 3, 1, nil, 2},
		{"a tenth", 40, 10, 4, nil, 30},
		{"all fail, so all get calls", 10, 10, 0, nil, 0},
		{"all fail, the only one", 1, 1, 0, nil, 0},
		{"all fail, nothing is ejected", 10, 10, 0, []discover.Option{discover.Eject(0, 0)}, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, weights(make([]float64, tt.instances)...), append(tt.opts, discover.Balance(discover.RoundRobin()))...)
				var bad []string
				for i := range tt.bad {
					bad = append(bad, strconv.Itoa(i))
				}
				fail(t, pool, 40*tt.instances, bad...)
				require.InDelta(t, tt.ejected, gauge(pool, "ejected"), 0)
				require.InDelta(t, tt.serving, gauge(pool, "serving"), 0)
			})
		})
	}
}

// TestPanicThreshold: when most of those that could get calls are ejected, all
// get calls.
func TestPanicThreshold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(1), discover.Balance(discover.RoundRobin()))
		require.Equal(t, 100, fail(t, pool, 100, "0")["0"], "the only one")
	})
}

func TestWhatCountsAsFailure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		err     error
		ejected bool
	}{
		{"unavailable", errDown, true},
		{"deadline", context.DeadlineExceeded, true},
		{"without a code", errSource, true},
		{"never sent", endpoint.MarkNotSent(errDown), true},
		{"not found", endpoint.Errorf(endpoint.NotFound, "no"), false},
		{"the caller left", context.Canceled, false},
		{"limited", endpoint.Errorf(endpoint.ResourceExhausted, "later"), false},
		{"none", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, weights(1, 1), discover.Balance(discover.RoundRobin()))
				for range 100 {
					addr, token, err := pool.Acquire(t.Context())
					require.NoError(t, err)
					if addr == "1" {
						err = tt.err
					}
					pool.Release(token, err)
				}
				require.Equal(t, tt.ejected, picks(t, pool, 100)["1"] == 0)
			})
		})
	}
}

// TestCancelledCallsDecideNothing: neither do they end a row of failures.
func TestCancelledCallsDecideNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(1, 1), discover.Balance(discover.RoundRobin()))
		for i := range 40 {
			addr, token, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			if addr == "1" {
				err = errDown
				if i%3 == 0 {
					err = context.Canceled
				}
			}
			pool.Release(token, err)
		}
		require.Zero(t, picks(t, pool, 100)["1"])
	})
}

func TestEjectOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(1, 1), discover.Balance(discover.RoundRobin()), discover.Eject(0, 0))
		require.Equal(t, 50, fail(t, pool, 100, "1")["1"])
	})
}

func TestPriority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, discover.Fixed(
			discover.Instance{Addr: "first", Priority: 1},
			discover.Instance{Addr: "second", Priority: 2},
			discover.Instance{Addr: "third", Priority: 2},
		), discover.Balance(discover.RoundRobin()))
		require.Equal(t, map[string]int{"first": 100}, picks(t, pool, 100))
		require.Equal(t, 5, fail(t, pool, 100, "first")["first"])
		require.Len(t, picks(t, pool, 100), 2, "those of the second")
		time.Sleep(11 * time.Second) // in a bubble
		require.Equal(t, map[string]int{"first": 100}, picks(t, pool, 100))
	})
}

func TestZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := discover.Fixed(
			discover.Instance{Addr: "a1", Zone: "a"},
			discover.Instance{Addr: "b1", Zone: "b"},
			discover.Instance{Addr: "b2", Zone: "b"},
		)
		for zone, want := range map[string]map[string]int{
			"":  {"a1": 20, "b1": 20, "b2": 20},
			"a": {"a1": 60},
			"b": {"b1": 30, "b2": 30},
			"c": {"a1": 20, "b1": 20, "b2": 20},
		} {
			pool := running(t, set, discover.Balance(discover.RoundRobin()), discover.Zone(zone))
			require.Equal(t, want, picks(t, pool, 60), "zone %q", zone)
		}
		pool := running(t, set, discover.Balance(discover.RoundRobin()), discover.Zone("a"))
		require.Equal(t, 5, fail(t, pool, 105, "a1")["a1"], "an ejected zone")
		require.Equal(t, map[string]int{"b1": 30, "b2": 30}, picks(t, pool, 60))
		pool = running(t, set, discover.Balance(discover.RoundRobin()), discover.Zone("b"))
		require.Equal(t, 5, fail(t, pool, 105, "b1")["b1"])
		require.Equal(t, map[string]int{"b2": 60}, picks(t, pool, 60), "half of the zone is healthy")
	})
}

// TestSlowStart has an instance join. It sleeps in a bubble.
func TestSlowStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := make(scripted)
		pool := running(t, source, discover.Balance(discover.Weighted()), discover.SlowStart(10*time.Second))
		source.says("a")
		synctest.Wait()
		source.says("a", "b")
		for step := range 12 {
			synctest.Wait()
			w := min(float64(step+1), 10) / 10
			share := float64(picks(t, pool, 11_000)["b"]) / 11_000
			require.InDelta(t, w/(1+w), share, 0.01, "after %d s", step)
			time.Sleep(time.Second)
		}
	})
}

// TestSlowStartOfTheFirstSet: those that begin together have the whole weight,
// however their dials come back, but not one that was not there at first. It
// sleeps in a bubble.
func TestSlowStartOfTheFirstSet(t *testing.T) {
	t.Parallel()
	d := &dialer{
		fails: func(addr string, n int) error {
			if addr == "d" && n == 1 {
				return errDown
			}
			return nil
		},
		slow: func(addr string) time.Duration {
			if addr == "c" {
				return time.Second
			}
			return 0
		},
	}
	bubble(t, d, func(w *world) {
		w.source.says("a", "b", "c", "d")
		time.Sleep(1100 * time.Millisecond)
		got := map[string]float64{}
		for g := range w.pool.Gauges {
			if g.Metric == "weight" {
				got[g.Detail] = g.Value
			}
		}
		require.Equal(t, map[string]float64{"a": 1, "b": 1, "c": 1, "d": 0.1}, got)
	}, discover.SlowStart(time.Minute))
}

// TestRetriesGoElsewhere: an attempt goes to what the call has not tried.
func TestRetriesGoElsewhere(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := discover.Of([]string{"a", "b", "c", "d"}, discover.Balance(balancer()))
			for range 100 {
				var went []string
				e := endpoint.Stack{&repeat{times: 4}}.Wrap(func(ctx context.Context, _ int) (int, error) {
					addr, token, err := pool.Acquire(ctx)
					require.NoError(t, err)
					pool.Release(token, nil)
					went = append(went, addr)
					return 0, errDown
				})
				_, err := e(t.Context(), 0)
				require.ErrorIs(t, err, errDown)
				require.ElementsMatch(t, []string{"a", "b", "c", "d"}, went)
			}
		})
	}
}

// repeat is a Repeater that repeats everything.
type repeat struct{ times int64 }

func (r *repeat) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{N: 1}, nil
}

func (r *repeat) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, endpoint.Token{N: t.N + 1}, t.N < r.times
}

func (r *repeat) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

package discover_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

func TestPoolFollowsItsSource(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a", "b")
		synctest.Wait()
		require.Equal(w.t, []string{"a", "b"}, w.reached(50))
		w.source.says("b", "c")
		synctest.Wait()
		require.Equal(w.t, []string{"b", "c"}, w.reached(50))
		dials, closes := w.dialer.counts()
		require.Equal(w.t, 3, dials, "a survivor is not dialled again")
		require.Equal(w.t, 1, closes)
		require.Equal(w.t, []string{"joined a", "joined b", "left a", "joined c"}, w.kinds())
	})
}

func TestPoolSortsAndDeduplicates(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("b", "a", "b", "", "a")
		synctest.Wait()
		require.Equal(w.t, []string{"a", "b"}, w.reached(50))
		require.InDelta(w.t, 2, gauge(w.pool, "instances"), 0)
		dials, _ := w.dialer.counts()
		require.Equal(w.t, 2, dials)
	})
}

// TestAcquireWaitsForTheFirstSet has the scripts sleep in the bubble.
func TestAcquireWaitsForTheFirstSet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		timeout time.Duration // of the caller; 0 for none
		script  func(w *world)
		took    time.Duration
		is      error
		cause   error
	}{
		{"it comes", 0, func(w *world) { time.Sleep(time.Second); w.source.says("a") }, time.Second, nil, nil},
		{"it is empty", 0, func(w *world) { time.Sleep(time.Second); w.source.says() }, time.Second, discover.ErrNoEndpoints, nil},
		{"it never comes", 0, func(*world) {}, 5 * time.Second, discover.ErrNoEndpoints, nil},
		{"the source fails", 0, func(w *world) { w.source <- told{err: errSource} }, 5 * time.Second, discover.ErrNoEndpoints, errSource},
		{"the caller gives up", 2 * time.Second, func(*world) {}, 1980 * time.Millisecond, discover.ErrNoEndpoints, nil},
		{"Run ends", 0, func(w *world) { time.Sleep(time.Second); w.stop() }, time.Second, discover.ErrNoEndpoints, nil},
		{"the source ends", 0, func(w *world) {
			w.source <- told{err: errSource}
			time.Sleep(time.Second)
			close(w.source)
		}, time.Second, discover.ErrNoEndpoints, errSource},
		{"no dial succeeds", 0, func(w *world) {
			w.dialer.fails = func(string, int) error { return errSource }
			w.source.says("a")
		}, 5 * time.Second, discover.ErrNoEndpoints, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// The script sleeps in the bubble.
			bubble(t, &dialer{}, func(w *world) {
				ctx := w.t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				go tt.script(w)
				start := time.Now()
				_, token, err := w.pool.Acquire(ctx)
				require.Equal(w.t, tt.took, time.Since(start))
				if tt.is == nil {
					require.NoError(w.t, err)
					w.pool.Release(token, nil)
					return
				}
				require.ErrorIs(w.t, err, tt.is)
				require.True(w.t, endpoint.NotSent(err), "nothing was sent")
				if tt.cause != nil {
					require.ErrorIs(w.t, err, tt.cause)
				}
			})
		})
	}
}

func TestPoolBeforeAndAfterRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dialer{}
		pool := discover.New(d.dial, discover.Wait(time.Second))
		_, _, err := pool.Acquire(t.Context())
		require.ErrorIs(t, err, discover.ErrNoEndpoints, "before Run")

		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- pool.Run(ctx, discover.Static("a")) }()
		synctest.Wait()
		require.Error(t, pool.Run(ctx, discover.Static("a")), "a second Run")
		_, token, err := pool.Acquire(t.Context())
		require.NoError(t, err)

		cancel()
		require.NoError(t, <-ended)
		start := time.Now()
		_, _, err = pool.Acquire(t.Context())
		require.ErrorIs(t, err, discover.ErrNoEndpoints, "after Run")
		require.Zero(t, time.Since(start), "at once")

		_, closes := d.counts()
		require.Zero(t, closes, "a call is in flight")
		pool.Release(token, nil)
		_, closes = d.counts()
		require.Equal(t, 1, closes)

		require.NoError(t, pool.Close())
		require.NoError(t, pool.Close())
		require.Error(t, pool.Run(t.Context(), discover.Static("a")), "Run after Close")
	})
}

func TestCloseEndsRun(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{takes: time.Second}, func(w *world) {
		w.source.says("a", "b") // whose dials are being made
		require.NoError(w.t, w.pool.Close())
		require.NoError(w.t, w.pool.Close())
	})
}

// TestSourceErrorsChangeNothing sleeps in the bubble.
func TestSourceErrorsChangeNothing(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a", "b")
		time.Sleep(time.Minute)
		w.source <- told{err: errSource}
		w.source <- told{err: errSource}
		time.Sleep(time.Hour)
		require.Equal(w.t, []string{"a", "b"}, w.reached(50))
		require.Equal(w.t, time.Hour+time.Minute, w.pool.Age())
		require.InDelta(w.t, 3660, gauge(w.pool, "age_seconds"), 0)
		w.source.says("a")
		synctest.Wait()
		require.Zero(w.t, w.pool.Age())
		require.Equal(w.t, []string{"joined a", "joined b", "source_failed", "source_recovered", "left b"}, w.kinds())
	})
}

// TestEmptySetIsHeldForItsGrace sleeps in the bubble.
func TestEmptySetIsHeldForItsGrace(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a", "b")
		synctest.Wait()
		w.source.says()
		time.Sleep(59 * time.Second)
		require.Equal(w.t, []string{"a", "b"}, w.reached(50))
		w.source.says("b") // it was a mistake
		synctest.Wait()
		require.Equal(w.t, []string{"b"}, w.reached(10))
		w.source.says()
		time.Sleep(61 * time.Second)
		w.source <- told{err: errSource}
		synctest.Wait()
		_, _, err := w.pool.Acquire(w.t.Context())
		require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
		require.ErrorIs(w.t, err, errSource)
		w.source.says("c")
		synctest.Wait()
		require.Equal(w.t, []string{"c"}, w.reached(10))
		dials, _ := w.dialer.counts()
		require.Equal(w.t, 3, dials)
	})
}

// TestGraceStopsWithTheSource: the time does not run while the source cannot tell whether
// the set is still empty. It sleeps in the bubble.
func TestGraceStopsWithTheSource(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a")
		synctest.Wait()
		for range 2 {
			w.source.says()
			time.Sleep(50 * time.Second)
			w.source <- told{err: errSource}
			time.Sleep(time.Hour)
			synctest.Wait()
			require.Equal(w.t, "a", w.call())
		}
		w.source.says()
		time.Sleep(59 * time.Second)
		require.Equal(w.t, "a", w.call())
		time.Sleep(2 * time.Second)
		synctest.Wait()
		_, _, err := w.pool.Acquire(w.t.Context())
		require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
	}, discover.Grace(time.Minute))
}

// TestNoGrace sleeps in the bubble.
func TestNoGrace(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{takes: time.Second}, func(w *world) {
		w.source.says("a")
		w.source <- told{err: errSource}
		time.Sleep(2 * time.Second)
		w.source.says()
		synctest.Wait()
		_, _, err := w.pool.Acquire(w.t.Context())
		require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
		require.NotErrorIs(w.t, err, errSource, "it has recovered")
		w.source.says("b")
		synctest.Wait()
		begun := time.Now()
		_, _, err = w.pool.Acquire(w.t.Context())
		require.ErrorIs(w.t, err, discover.ErrNoEndpoints)
		require.Zero(w.t, time.Since(begun), "a call waits for the first set only")
		time.Sleep(2 * time.Second)
		require.Equal(w.t, "b", w.call())
	}, discover.Grace(0))
}

// TestSuccessorsThatAreNotThere: an instance that is gone is kept until one of
// those that are named in its place is dialled, whatever the grace. It sleeps in a
// bubble.
func TestSuccessorsThatAreNotThere(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, time.Second, time.Minute} {
		t.Run(grace.String(), func(t *testing.T) {
			t.Parallel()
			var there atomic.Bool
			d := &dialer{fails: func(addr string, _ int) error {
				if addr == "b" && !there.Load() {
					return errDown
				}
				return nil
			}}
			bubble(t, d, func(w *world) {
				w.source.says("a")
				synctest.Wait()
				w.source.says("b")
				time.Sleep(time.Hour)
				require.Equal(w.t, "a", w.call())
				there.Store(true)
				time.Sleep(time.Minute)
				require.Equal(w.t, "b", w.call())
			}, discover.Grace(grace))
		})
	}
}

// TestFirstSet: those who have waited for the first set find all of it that is
// dialled soon, and the first priority before others. It sleeps in a bubble.
func TestFirstSet(t *testing.T) {
	t.Parallel()
	slow := func(addr string) time.Duration {
		if addr == "dead" {
			return time.Hour
		}
		return time.Duration(addr[0]-'a') * time.Millisecond
	}
	bubble(t, &dialer{slow: slow}, func(w *world) {
		reached := map[string]bool{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				addr := w.call()
				mu.Lock()
				defer mu.Unlock()
				reached[addr] = true
			})
		}
		synctest.Wait()
		begun := time.Now()
		w.source.says("a", "b", "c", "dead")
		wg.Wait()
		require.Len(w.t, reached, 3)
		require.Less(w.t, time.Since(begun), 50*time.Millisecond)
		w.stop()
		time.Sleep(2 * time.Hour)
	})
	bubble(t, &dialer{slow: slow}, func(w *world) {
		w.source <- told{set: []discover.Instance{{Addr: "a", Priority: 2}, {Addr: "b", Priority: 1}}}
		require.Equal(w.t, "b", w.call())
	})
}

func TestBalancerWithoutAPicker(t *testing.T) {
	t.Parallel()
	pool := discover.Of([]string{"a"}, discover.Balance(discover.BalancerFunc(func([]*discover.Member) discover.Picker { return nil })))
	_, _, err := pool.Acquire(t.Context())
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "no picker")
}

func TestRemovedInstanceFinishesItsCalls(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("a")
		var tokens []endpoint.Token
		for range 10 {
			c, token, err := w.pool.Acquire(w.t.Context())
			require.NoError(w.t, err)
			require.Equal(w.t, "a", c.addr)
			tokens = append(tokens, token)
		}
		w.source.says("b")
		synctest.Wait()
		require.Equal(w.t, []string{"b"}, w.reached(10))
		for _, token := range tokens {
			_, closes := w.dialer.counts()
			require.Zero(w.t, closes, "before the last call has ended")
			w.pool.Release(token, nil)
		}
		_, closes := w.dialer.counts()
		require.Equal(w.t, 1, closes)
	})
}

// TestFlapping has an instance come and go. It sleeps in the bubble.
func TestFlapping(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{takes: 10 * time.Millisecond}, func(w *world) {
		for i := range 1000 {
			if i%3 == 0 {
				w.source.says("a")
			} else {
				w.source.says("a", "b")
			}
			time.Sleep(time.Duration(i%20) * time.Millisecond)
			if i > 20 {
				w.call()
			}
		}
	})
}

// TestBurst replaces all of 10,000 instances at once. It sleeps in the bubble.
func TestBurst(t *testing.T) {
	t.Parallel()
	var published atomic.Int64
	counting := func(set []*discover.Member) discover.Picker {
		published.Add(1)
		return discover.PeakEWMA().NewPicker(set)
	}
	bubble(t, &dialer{takes: 10 * time.Millisecond}, func(w *world) {
		target := w.pool.For(nil) // nothing is published without an operation
		w.source.says(numbered(0, 10_000)...)
		time.Sleep(10 * time.Second)
		require.InDelta(w.t, 10_000, gauge(w.pool, "serving"), 0)
		require.LessOrEqual(w.t, published.Load(), int64(10), "of the first set")

		published.Store(0)
		w.source.says(numbered(10_000, 20_000)...)
		for range 1000 {
			start := time.Now()
			_, token, err := target.Acquire(w.t.Context())
			require.NoError(w.t, err)
			target.Release(token, nil)
			require.Zero(w.t, time.Since(start), "a pick waited")
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(w.t, published.Load(), int64(10), "of the second")
		dials, closes := w.dialer.counts()
		require.Equal(w.t, 20_000, dials)
		require.Equal(w.t, 10_000, closes)
		require.LessOrEqual(w.t, w.dialer.mostAtOnce, 64)
	}, discover.Balance(discover.BalancerFunc(counting)))
}

// TestDialsAreRepeated sleeps in the bubble.
func TestDialsAreRepeated(t *testing.T) {
	t.Parallel()
	var times []time.Time
	d := &dialer{}
	d.fails = func(_ string, n int) error {
		times = append(times, time.Now())
		switch {
		case n < 4:
			return errSource
		case n == 4:
			panic("a dial that panics")
		}
		return nil
	}
	bubble(t, d, func(w *world) {
		d.running = 0
		w.source.says("a")
		time.Sleep(10 * time.Second)
		require.Equal(w.t, "a", w.call())
		require.Equal(w.t, []string{"dial_failed a", "dial_failed a", "dial_failed a", "dial_failed a", "joined a"}, w.kinds())
		for i := 1; i < len(times); i++ {
			full := 100 * time.Millisecond << (i - 1)
			pause := times[i].Sub(times[i-1])
			require.True(w.t, pause >= full/2 && pause < full, "pause %d is %v, want half of %v to all of it", i, pause, full)
		}
	})
}

func TestNineRoutesShareConnections(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		var targets []endpoint.Target[*conn]
		for range 9 {
			targets = append(targets, w.pool.For(&endpoint.Operation{}))
		}
		w.source.says("a", "b", "c")
		synctest.Wait()
		late := w.pool.For(&endpoint.Operation{})
		for _, target := range append(targets, late) {
			for range 20 {
				_, token, err := target.Acquire(w.t.Context())
				require.NoError(w.t, err)
				target.Release(token, nil)
			}
		}
		dials, _ := w.dialer.counts()
		require.Equal(w.t, 3, dials)
	})
}

func TestConstructionFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		pool interface{ Err() error }
		want string
	}{
		{"every fault at once", discover.New[*conn](nil, discover.Wait(-1), discover.Grace(-1), discover.Dials(0), discover.Balance(nil),
			discover.SlowStart(-1), discover.DialTimeout(0), discover.Eject(-1, 0), discover.Eject(3, 0), nil, discover.Balance(discover.BalancerFunc(nil))), `discover: option Wait: -1ns is negative
discover: option Grace: -1ns is negative
discover: option Dials: 0 is not positive
discover: option Balance: the balancer is nil
discover: option SlowStart: -1ns is negative
discover: option DialTimeout: 0s is not positive
discover: option Eject: the number of failures -1 is negative
discover: option Eject: the time 0s is not positive
discover: New: option 9 of 10 is nil
discover: option Balance: the balancer is nil
discover: New: the dial func is nil`},
		{"New with a nil option", discover.New((&dialer{}).dial, nil), "discover: New: option 1 of 1 is nil"},
		{"Of with a nil option", discover.Of([]int{1}, discover.Named("a"), nil), "discover: Of: option 2 of 2 is nil"},
		{"Of nothing", discover.Of([]int{}), "discover: Of: there is no connection"},
		{"Of nil pointers", discover.Of([]*conn{{}, nil, nil}), "discover: Of: connection 1 is nil\ndiscover: Of: connection 2 is nil"},
		{"Of nil funcs", discover.Of([]endpoint.Endpoint[int, int]{nil}), "discover: Of: connection 0 is nil"},
		{"Of nil interfaces", discover.Of([]error{nil}), "discover: Of: connection 0 is nil"},
		{"Of nil maps", discover.Of([]map[int]int{nil}), "discover: Of: connection 0 is nil"},
		{"Of nil channels", discover.Of([]chan int{nil}), "discover: Of: connection 0 is nil"},
		{"the zero Pool", &discover.Pool[int]{}, "discover: Pool: it is the zero Pool; make one with New or Of"},
		{"a nil Pool", (*discover.Pool[int])(nil), "discover: Pool: it is nil; make one with New or Of"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tt.pool.Err(), tt.want)
		})
	}
}

// TestFaultyPool: whatever the fault, calls and Run return it, and nothing panics.
func TestFaultyPool(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]*discover.Pool[int]{
		"New with a nil dial":   discover.New[int](nil),
		"New with a nil option": discover.New(func(context.Context, string) (int, error) { return 0, nil }, nil),
		"Of with a nil option":  discover.Of([]int{1}, nil),
		"the zero Pool":         {},
		"a nil Pool":            nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, err := range map[string]error{
				"Run":     pool.Run(t.Context(), discover.Static("a")),
				"Acquire": acquired(t, pool),
				"For":     acquired(t, pool.For(&endpoint.Operation{})),
			} {
				require.ErrorContains(t, err, pool.Err().Error(), what)
			}
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(acquired(t, pool)))
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(acquired(t, pool.For(nil))))
			pool.Release(endpoint.Token{}, nil)
			pool.For(nil).Release(endpoint.Token{}, nil)
			for g := range pool.Gauges {
				require.Contains(t, []string{"instances", "serving", "ejected", "age_seconds"}, g.Metric)
				require.Zero(t, g.Value, g.Metric)
			}
			require.Zero(t, pool.Age())
			require.NoError(t, pool.Close())
		})
	}
}

// acquired returns the error of an Acquire.
func acquired[C any](t *testing.T, target endpoint.Target[C]) error {
	t.Helper()
	_, _, err := target.Acquire(t.Context())
	return err
}

// TestZeroValues of the exported structs work or are refused with an error.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	member := &discover.Member{}
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"Member.Instance", member.Instance(), discover.Instance{}},
		{"Member.Pending", member.Pending(), 0},
		{"Member.Weight", member.Weight(), 1.0},
		{"Member.Latency", member.Latency(), time.Duration(0)},
		{"Sorted of an Instance", discover.Sorted([]discover.Instance{{}}), []discover.Instance{}},
		{"Pool.Err", new(discover.Pool[int]).Err().Error(), "discover: Pool: it is the zero Pool; make one with New or Of"},
	} {
		require.Equal(t, tt.want, tt.got, tt.name)
	}
}

// TestZeroInstance is left out of a set by the pool itself.
func TestZeroInstance(t *testing.T) {
	t.Parallel()
	bubble(t, &dialer{}, func(w *world) {
		w.source.says("", "a")
		synctest.Wait()
		w.source.says("", "a", "b")
		synctest.Wait()
		w.source.says("")
		synctest.Wait()
		require.Equal(w.t, map[string]int{"a": 1, "b": 1}, w.dialer.perAddr)
		require.Equal(w.t, []string{"joined a", "joined b", "empty"}, w.kinds())
	})
}

func TestPickerOutOfRange(t *testing.T) {
	t.Parallel()
	for _, i := range []int{-1, 2} {
		pool := discover.Of([]int{1, 2}, discover.Balance(discover.BalancerFunc(func([]*discover.Member) discover.Picker { return fixed(i) })))
		_, _, err := pool.Acquire(t.Context())
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	}
}

type fixed int

func (f fixed) Pick(context.Context) int { return int(f) }

func TestCloseErrorsAreEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []endpoint.Event
		pool := discover.New(func(context.Context, string) (broken, error) { return broken{}, nil }, discover.Named("users"),
			discover.OnEvent(func(_ context.Context, e endpoint.Event) { got = append(got, e) }))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- pool.Run(ctx, discover.Static("a")) }()
		synctest.Wait()
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, endpoint.Event{Source: "pool", Name: "users", Kind: "close_failed", Detail: "a", Err: errBroken}, got[len(got)-1])
	})
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Close() error { return errBroken }

// TestOfClosesNothing: its connections are somebody else's.
func TestOfClosesNothing(t *testing.T) {
	t.Parallel()
	d := &dialer{}
	pool := discover.Of([]*conn{{addr: "a", dialer: d}})
	_, token, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	require.NoError(t, pool.Close())
	pool.Release(token, nil)
	_, closes := d.counts()
	require.Zero(t, closes)
	_, _, err = pool.Acquire(t.Context())
	require.ErrorIs(t, err, discover.ErrNoEndpoints)
}

// TestReleaseOfNothing does nothing: the zero Token is of no call.
func TestReleaseOfNothing(t *testing.T) {
	t.Parallel()
	pool := discover.Of([]string{"a"})
	pool.Release(endpoint.Token{}, errDown)
	pool.For(nil).Release(endpoint.Token{}, nil)
	for g := range pool.Gauges {
		if g.Metric == "pending" {
			require.Zero(t, g.Value)
		}
	}
}

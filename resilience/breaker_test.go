package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// server is an endpoint that fails as the test says, and counts.
type server struct {
	err    error
	takes  time.Duration
	called int
}

// call sleeps in a bubble.
func (s *server) call(_ context.Context, n int) (int, error) {
	s.called++
	if s.takes > 0 {
		time.Sleep(s.takes)
	}
	return n, s.err
}

// play makes calls that end as the letters say: s succeeds, f fails by the
// server's fault, c by the client's, r is rejected here, x is cancelled, p
// panics, and a dot is rejected by the breaker.
func play(t *testing.T, b endpoint.Layer, letters string) {
	t.Helper()
	errs := map[rune]error{
		'f': errDown,
		'c': endpoint.Errorf(endpoint.NotFound, "not found"),
		'r': resilience.ErrOutOfCapacity,
		'x': context.Canceled,
	}
	var got strings.Builder
	for _, letter := range letters {
		called := false
		e := endpoint.Chain(endpoint.Stack{b}.Wrap(func(context.Context, int) (int, error) {
			called = true
			if letter == 'p' {
				panic("probe")
			}
			return 1, errs[letter]
		}), endpoint.Recover)
		_, err := e(t.Context(), 1)
		switch {
		case called:
			got.WriteRune(letter)
		case errors.Is(err, resilience.ErrOpen):
			got.WriteRune('.')
		default:
			t.Fatalf("a call is rejected with %v", err)
		}
	}
	require.Equal(t, letters, got.String(), "what ran, and . for what the breaker rejected")
}

// TestBreakerOpens has calls up to the one that opens the breaker, and one more.
func TestBreakerOpens(t *testing.T) {
	t.Parallel()
	lastCalls, window, ratio := resilience.LastCalls, resilience.Window, resilience.Ratio
	for name, tt := range map[string]struct {
		n       int
		opts    []resilience.BreakerOption
		letters string
		open    bool
	}{
		"one failure":                    {1, nil, "f.", true},
		"three in a row":                 {3, nil, "fff..", true},
		"a success between":              {3, nil, "ffsff", false},
		"after a success":                {3, nil, "ffsfff.", true},
		"the client's errors":            {2, nil, "ccccccc", false},
		"an error of the client between": {2, nil, "fcf", false},
		"a cancellation between":         {2, nil, "fxf.", true},
		"a rejection between":            {2, nil, "frf.", true},
		"cancellations":                  {1, nil, "xxxxx", false},
		"rejections of this process":     {1, nil, "rrrrr", false},
		"panics":                         {2, nil, "pp.", true},

		"two of the last four":        {2, []resilience.BreakerOption{lastCalls(4)}, "fssf.", true},
		"two of the last five":        {2, []resilience.BreakerOption{lastCalls(4)}, "fsssfsss", false},
		"cancelled ones take no room": {2, []resilience.BreakerOption{lastCalls(4)}, "fsxrxsf.", true},
		"the ring goes round":         {3, []resilience.BreakerOption{lastCalls(4)}, "ffssssffssssff", false},
		"the ring is full":            {3, []resilience.BreakerOption{lastCalls(3)}, "ffsffsfff.", true},
		"half of them":                {2, []resilience.BreakerOption{lastCalls(10), ratio(0.5)}, "ssff.", true},
		"less than half":              {2, []resilience.BreakerOption{lastCalls(10), ratio(0.5)}, "sssff", false},
		"all, but too few":            {5, []resilience.BreakerOption{lastCalls(10), ratio(0.1)}, "ffff", false},
		"within a minute":             {3, []resilience.BreakerOption{window(minute)}, "fssfssssf.", true},
		"a rate within a minute":      {3, []resilience.BreakerOption{window(minute), ratio(0.5)}, "sssssfff", false},
		"a high rate within it":       {3, []resilience.BreakerOption{window(minute), ratio(0.5)}, "sssfff.", true},

		"what counts by FailIf":     {2, []resilience.BreakerOption{resilience.FailIf(isNotFound)}, "fffcc.", true},
		"what does not by Ignore":   {2, []resilience.BreakerOption{resilience.Ignore(isNotFound)}, "fcf.", true},
		"FailIf sees no rejection":  {1, []resilience.BreakerOption{resilience.FailIf(always)}, "rxrxc.", true},
		"nil FailIf is the default": {1, []resilience.BreakerOption{resilience.FailIf(nil), resilience.Ignore(nil)}, "cf.", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := resilience.NewBreaker(tt.n, tt.opts...)
			require.NoError(t, b.Err())
			play(t, b, tt.letters)
			require.Equal(t, tt.open, b.State() == resilience.Open)
		})
	}
}

func isNotFound(err error) bool { return endpoint.CodeOf(err) == endpoint.NotFound }

func always(error) bool { return true }

// TestBreakerRemoteRejection has a rejection that came over a wire: the server
// turns calls down.
func TestBreakerRemoteRejection(t *testing.T) {
	t.Parallel()
	for _, rejection := range []*endpoint.Error{resilience.ErrOpen, resilience.ErrOutOfCapacity, resilience.ErrRateLimited} {
		remote := endpoint.FromWire(rejection.Code(), rejection.Domain(), rejection.Reason(), rejection.Message())
		b := resilience.NewBreaker(2)
		e := endpoint.Chain(no(remote), b.Wrap)
		_, _ = e(t.Context(), 1)
		_, err := e(t.Context(), 1)
		require.ErrorIs(t, err, rejection)
		require.Equal(t, resilience.Open, b.State(), rejection.Reason())
	}
}

// TestBreakerWindow has failures leave the window a tenth of it at a time.
func TestBreakerWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		apart time.Duration
		open  bool
	}{{4 * time.Second, true}, {5500 * time.Millisecond, false}, {time.Hour, false}} {
		synctest.Test(t, func(t *testing.T) {
			b := resilience.NewBreaker(3, resilience.Window(10*time.Second))
			for range 3 {
				play(t, b, "f")
				time.Sleep(tt.apart)
			}
			require.Equal(t, tt.open, b.State() != resilience.Closed, "3 failures %v apart", tt.apart)
		})
	}
}

// TestBreakerRatioWindow counts how many failures it takes after some successes,
// each of which has to be in its own tenth of the window, and sleeps in its bubble.
func TestBreakerRatioWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		successes int
		apart     time.Duration // between two of them
		after     time.Duration // from the last of them on
		want      int
	}{
		{"no success", 0, 0, 0, 20},
		{"all at once", 100, 0, 0, 100},
		{"a part ago", 100, 0, 1500 * time.Millisecond, 100},
		{"in the window", 100, 0, 8900 * time.Millisecond, 100},
		{"out of the window", 100, 0, 10 * time.Second, 20},
		{"long ago", 100, 0, time.Hour, 20},
		{"ten a second for a minute", 600, 100 * time.Millisecond, 50 * time.Millisecond, 100},
		{"the same, half of it out", 600, 100 * time.Millisecond, 4950 * time.Millisecond, 50},
		{"one in a minute", 60, time.Minute, time.Second, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5))
				time.Sleep(time.Millisecond) // not at the very moment of the timer
				for i := range tt.successes {
					if i > 0 {
						time.Sleep(tt.apart)
					}
					play(t, b, "s")
				}
				time.Sleep(tt.after)
				failures := 0
				for ; b.State() == resilience.Closed; failures++ {
					play(t, b, "f")
				}
				require.Equal(t, tt.want, failures)
			})
		})
	}
}

// TestBreakerRatioWindowMixed has failures between the successes, which sort
// what there is of them; all are in the window, and the last failure opens it.
func TestBreakerRatioWindowMixed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(1, resilience.Window(10*time.Second), resilience.Ratio(0.5))
		play(t, b, "ssfssssf")
		time.Sleep(4 * time.Second)
		play(t, b, "ssff")
		require.Equal(t, resilience.Closed, b.State(), "4 of 12")
		play(t, b, "ffff")
		require.Equal(t, resilience.Open, b.State(), "8 of 16")
	})
}

// TestBreakerCycle follows a breaker through its states.
func TestBreakerCycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard happenings
		b := resilience.NewBreaker(2, resilience.Cooldown(10*time.Second), resilience.Probes(3), resilience.Named("db"), resilience.OnEvent(heard.hear))
		require.Equal(t, map[string]float64{"state": 0}, gauges(b))
		play(t, b, "sff.")
		require.Equal(t, []string{"db: breaker opened 10s", "db: breaker rejected 10s"}, heard.take())
		require.Equal(t, map[string]float64{"state": 2}, gauges(b))

		time.Sleep(2500 * time.Millisecond)
		_, err := endpoint.Chain(yes, b.Wrap)(t.Context(), 1)
		require.ErrorIs(t, err, resilience.ErrOpen)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.Equal(t, 7500*time.Millisecond, endpoint.ErrorOf(err).RetryAfter())
		require.False(t, endpoint.ServerFault(err))
		heard.take()

		time.Sleep(7500 * time.Millisecond)
		play(t, b, "ssf.")
		require.Equal(t, []string{"db: breaker half-open", "db: breaker opened 10s", "db: breaker rejected 10s"}, heard.take())

		time.Sleep(10 * time.Second)
		play(t, b, "sxrxcxs")
		require.Equal(t, []string{"db: breaker half-open", "db: breaker closed"}, heard.take(), "what says nothing leaves room for another probe")
		play(t, b, "sfsff.")
		require.Equal(t, errDown, heard.lastOf("opened").Err)
	})
}

// TestBreakerProbes has a thousand callers at once when the cooldown is over:
// exactly as many probes as were asked for reach the server.
func TestBreakerProbes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 70} {
		synctest.Test(t, func(t *testing.T) {
			b := resilience.NewBreaker(1, resilience.Probes(n))
			play(t, b, "f")
			time.Sleep(5 * time.Second)
			server := newHeld()
			e := endpoint.Chain(server.call, b.Wrap)
			var rejected atomic.Int64
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() {
					if _, err := e(t.Context(), 1); errors.Is(err, resilience.ErrOpen) {
						rejected.Add(1)
					} else if err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			require.EqualValues(t, 1000-n, rejected.Load())
			require.Equal(t, resilience.HalfOpen, b.State())
			for range n {
				require.Equal(t, resilience.HalfOpen, b.State())
				server.results <- nil
				synctest.Wait()
			}
			wg.Wait()
			require.Equal(t, resilience.Closed, b.State())
		})
	}
}

// TestBreakerStale has calls that were admitted before the breaker opened end
// when it is half-open, and those of an earlier half-open time when it is in
// another.
func TestBreakerStale(t *testing.T) {
	t.Parallel()
	for _, result := range []error{nil, errDown, context.Canceled} {
		synctest.Test(t, func(t *testing.T) {
			b := resilience.NewBreaker(1, resilience.Probes(2))
			stale := newHeld()
			e := endpoint.Chain(stale.call, b.Wrap)
			var wg sync.WaitGroup
			start := func() {
				wg.Go(func() { _, _ = e(t.Context(), 1) })
				synctest.Wait()
			}
			end := func() {
				stale.results <- result
				synctest.Wait()
			}
			start()
			start()
			play(t, b, "f")
			end()
			require.Equal(t, resilience.Open, b.State())
			time.Sleep(5 * time.Second)
			start() // a probe
			end()   // one of them: the first in line, which is stale
			require.Equal(t, resilience.HalfOpen, b.State())

			play(t, b, "f.") // the other probe
			require.Equal(t, resilience.Open, b.State())
			time.Sleep(5 * time.Second)
			play(t, b, "s")
			end() // the probe of the earlier time
			require.Equal(t, resilience.HalfOpen, b.State())
			play(t, b, "s")
			require.Equal(t, resilience.Closed, b.State())
			wg.Wait()
		})
	}

	// The naive breaker is failsafe-go's permit, which closes by whatever ends.
	synctest.Test(t, func(t *testing.T) {
		b := circuitbreaker.NewBuilder[struct{}]().WithFailureThreshold(1).WithDelay(5 * time.Second).Build()
		require.True(t, b.TryAcquirePermit()) // takes long
		require.True(t, b.TryAcquirePermit())
		b.RecordFailure()
		time.Sleep(5 * time.Second)
		require.True(t, b.TryAcquirePermit()) // the probe, which still runs
		b.RecordSuccess()                     // the first one
		require.True(t, b.IsClosed(), "it knows generations: it may carry ours")
	})
}

// TestBreakerHungProbe has probes that do not come back: they have failed after
// their time, whatever they say later.
func TestBreakerHungProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(1, resilience.ProbeTime(20*time.Second))
		hung := newHeld()
		e := endpoint.Chain(hung.call, b.Wrap)
		play(t, b, "f")
		var wg sync.WaitGroup
		for range 3 {
			time.Sleep(5 * time.Second)
			wg.Go(func() { _, _ = e(t.Context(), 1) })
			synctest.Wait()
			time.Sleep(20*time.Second - 1)
			play(t, b, ".")
			require.Equal(t, resilience.HalfOpen, b.State())
			time.Sleep(time.Nanosecond)
			play(t, b, ".")
			require.Equal(t, resilience.Open, b.State())
		}
		for range 3 {
			hung.results <- nil
		}
		wg.Wait()
		require.Equal(t, resilience.Open, b.State())
		time.Sleep(5 * time.Second)
		play(t, b, "sss")
		require.Equal(t, resilience.Closed, b.State())

		// The naive breaker waits for its probe for ever.
		naive := circuitbreaker.NewBuilder[struct{}]().WithFailureThreshold(1).WithDelay(5 * time.Second).Build()
		naive.RecordFailure()
		time.Sleep(5 * time.Second)
		require.True(t, naive.TryAcquirePermit()) // hangs, or panics
		time.Sleep(24 * time.Hour)
		require.False(t, naive.TryAcquirePermit(), "it gives probes up: it may carry ours")
	})
}

// TestBreakerProbeThatPanics has a probe panic, and one leave its goroutine.
func TestBreakerProbeThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(1)
		play(t, b, "p.")
		time.Sleep(5 * time.Second)
		play(t, b, "p.")
		time.Sleep(5 * time.Second)
		e := endpoint.Chain(func(context.Context, int) (int, error) {
			runtime.Goexit()
			return 0, nil
		}, b.Wrap)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = e(t.Context(), 1)
		}()
		<-done
		require.Equal(t, resilience.Open, b.State())
		time.Sleep(5 * time.Second)
		play(t, b, "ss")
	})
}

func TestBreakerSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(2, resilience.SlowAfter(time.Second))
		s := &server{takes: time.Second}
		e := endpoint.Chain(s.call, b.Wrap)
		require.Equal(t, 5, pass(t, e, 5))
		s.takes++
		require.Equal(t, 2, pass(t, e, 5), "a slow call succeeds, and counts")
		require.Equal(t, resilience.Open, b.State())
		time.Sleep(5 * time.Second)
		require.Equal(t, 1, pass(t, e, 2), "a slow probe")
		s.takes, s.err = minute, context.Canceled
		time.Sleep(5 * time.Second)
		_, err := e(t.Context(), 1)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, resilience.HalfOpen, b.State(), "a cancelled call counts neither way, however long it took")
		s.takes, s.err = time.Second, nil
		require.Equal(t, 5, pass(t, e, 5))
	})
}

// TestBreakerFor has a state for each operation, and one with Shared.
func TestBreakerFor(t *testing.T) {
	t.Parallel()
	get, put := &endpoint.Operation{Name: "Get"}, &endpoint.Operation{Name: "Put"}
	states := func(b *resilience.Breaker) map[string]float64 {
		got := map[string]float64{}
		for g := range b.Gauges {
			name := ""
			if g.Operation != nil {
				name = g.Operation.Name
			}
			got[name] = g.Value
		}
		return got
	}

	var heard happenings
	b := resilience.NewBreaker(1, resilience.OnEvent(heard.hear))
	play(t, b.For(get), "f.")
	require.Same(t, get, heard.lastOf("rejected").Operation)
	play(t, b.For(put), "s")
	play(t, b.For(get), ".")
	require.Equal(t, map[string]float64{"Get": 2, "Put": 0}, states(b))
	again := b.For(get)
	require.Same(t, again, b.For(get))
	require.Equal(t, resilience.Closed, b.State(), "of what it wraps")

	shared := resilience.NewBreaker(1, resilience.Shared())
	play(t, shared.For(get), "f.")
	play(t, shared.For(put), ".")
	play(t, shared, ".")
	require.Equal(t, map[string]float64{"": 2}, states(shared))
	require.Equal(t, resilience.Open, shared.State())

	// By Wrap one Breaker is one state, whatever it is around.
	wrapped := resilience.NewBreaker(1)
	require.Zero(t, pass(t, endpoint.Chain(no(errDown), wrapped.Wrap), 1))
	require.Zero(t, pass(t, endpoint.Chain(yes, wrapped.Wrap), 1))
}

// watching is an endpoint with a stream of responses.
type watching = endpoint.Endpoint[int, endpoint.Stream[int]]

// TestBreakerStream has a stream as a probe: it succeeds with its first item,
// though it goes on for long.
func TestBreakerStream(t *testing.T) {
	t.Parallel()
	watch := &endpoint.Operation{Name: "Watch", Streams: endpoint.ServerStream}
	for name, wrap := range map[string]func(b *resilience.Breaker, e watching) watching{
		"Use": func(b *resilience.Breaker, e watching) watching {
			return endpoint.Stack{b.For(watch)}.Wrap(e)
		},
		"Chain": func(b *resilience.Breaker, e watching) watching {
			return endpoint.Chain(e, b.Wrap)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := resilience.NewBreaker(1, resilience.SlowAfter(time.Second))
				state := func() string { return resilience.BreakerState(gauges(b)["state"]).String() }
				var broken error
				e := wrap(b, func(context.Context, int) (endpoint.Stream[int], error) {
					return slowTicks(&broken), nil
				})
				collect := func() error {
					s, err := e(t.Context(), 1)
					require.NoError(t, err)
					_, err = s.Collect()
					return err
				}
				broken = errDown
				require.ErrorIs(t, collect(), errDown)
				require.ErrorIs(t, collect(), resilience.ErrOpen)
				time.Sleep(5 * time.Second)
				broken = nil

				s, err := e(t.Context(), 1)
				require.NoError(t, err)
				var seen []string
				for n, err := range s {
					require.NoError(t, err)
					seen = append(seen, fmt.Sprint(n, " ", state()))
				}
				require.Equal(t, []string{"0 closed", "1 closed", "2 closed"}, seen)
				require.NoError(t, collect())
				require.Equal(t, "closed", state(), "a long stream is not slow")
			})
		})
	}
}

// slowTicks is a stream in a bubble with an item a minute, and the error at its
// end.
func slowTicks(err *error) endpoint.Stream[int] {
	return func(yield func(int, error) bool) {
		for i := range 3 {
			time.Sleep(minute)
			if !yield(i, nil) {
				return
			}
		}
		if *err != nil {
			yield(0, *err)
		}
	}
}

// TestBreakerBidi has a probe with a stream on both sides: its items say nothing,
// its end does.
func TestBreakerBidi(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(1)
		play(t, b, "f")
		time.Sleep(5 * time.Second)
		echo := func(_ context.Context, in endpoint.Stream[int]) (endpoint.Stream[int], error) { return in, nil }
		s, err := endpoint.Chain(echo, b.Wrap)(t.Context(), endpoint.StreamOf(1, 2))
		require.NoError(t, err)
		for _, err := range s {
			require.NoError(t, err)
			require.Equal(t, resilience.HalfOpen, b.State())
		}
		require.Equal(t, resilience.Closed, b.State())
	})
}

// TestBreakerConcurrently has callers and states change at once, for the race
// detector; whatever happens, the breaker closes in the end.
func TestBreakerConcurrently(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]resilience.BreakerOption{
		nil,
		{resilience.LastCalls(10), resilience.Ratio(0.3)},
		{resilience.Window(time.Second), resilience.SlowAfter(time.Millisecond)},
		{resilience.Window(10 * time.Millisecond), resilience.Ratio(0.1)},
	} {
		synctest.Test(t, func(t *testing.T) {
			var heard happenings
			b := resilience.NewBreaker(3, append(opts, resilience.Cooldown(10*time.Millisecond), resilience.Probes(2), resilience.OnEvent(heard.hear))...)
			var wg sync.WaitGroup
			for i := range 20 {
				e := endpoint.Chain(func(context.Context, int) (int, error) {
					time.Sleep(time.Duration(i%3) * time.Millisecond)
					if i%4 == 0 {
						return 0, errDown
					}
					return 1, nil
				}, b.Wrap)
				wg.Go(func() {
					for range 100 {
						_, _ = e(t.Context(), 1)
						time.Sleep(time.Millisecond)
					}
				})
			}
			wg.Wait()
			require.Contains(t, heard.take(), "breaker opened 10ms")
			time.Sleep(time.Minute)
			require.Equal(t, 50, pass(t, endpoint.Chain(yes, b.Wrap), 50))
			require.Equal(t, resilience.Closed, b.State())
		})
	}
}

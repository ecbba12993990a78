package resilience_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivethrottler"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// capped is a server that accepts so many calls a second and turns the others
// down.
type capped struct {
	perSecond int
	got       int // calls in all
	second    time.Time
	accepted  int // in that second
}

func (c *capped) call(_ context.Context, n int) (int, error) {
	c.got++
	if now := time.Now().Truncate(time.Second); now != c.second {
		c.second, c.accepted = now, 0
	}
	if c.accepted == c.perSecond {
		return 0, errDown
	}
	c.accepted++
	return n, nil
}

// drive makes 500 calls a second, one after the other, and returns how many of its
// last minute succeeded and how many reached the server. It sleeps in a bubble.
func drive(t *testing.T, e endpoint.Endpoint[int, int], server *capped, span time.Duration) (passed, got int) {
	t.Helper()
	before := 0
	for start := time.Now(); time.Since(start) < span; {
		if late := time.Since(start) >= span-time.Minute; late && before == 0 {
			before, passed = server.got, 0
		}
		passed += pass(t, e, 1)
		time.Sleep(time.Second / 500)
	}
	return passed, server.got - before
}

// TestThrottler offers ten times what a server accepts: it gets about twice as
// much as it accepts.
func TestThrottler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttler := resilience.NewThrottler()
		server := &capped{perSecond: 50}
		e := endpoint.Chain(server.call, throttler.Wrap)
		passed, got := drive(t, e, server, 6*time.Minute)
		require.InDelta(t, 3000, passed, 150, "the server accepts as much as it can")
		require.InDelta(t, 6000, got, 1000, "it gets twice of that")
		require.InDelta(t, 0.8, gauges(throttler)["rejection_ratio"], 0.03)

		server.perSecond = 1000 // it recovers
		passed, _ = drive(t, e, server, 5*time.Minute)
		require.Equal(t, 30_000, passed)
		require.Zero(t, gauges(throttler)["rejection_ratio"])
	})
	synctest.Test(t, func(t *testing.T) {
		// The naive throttler is failsafe-go's, which does not count what it rejects.
		naive := adaptivethrottler.NewBuilder[struct{}]().WithFailureRateThreshold(0.5, 0, 2*time.Minute).Build()
		server := &capped{perSecond: 50}
		e := func(ctx context.Context, n int) (int, error) {
			if !naive.TryAcquirePermit() {
				return 0, errDown
			}
			n, err := server.call(ctx, n)
			naive.RecordError(err) // nil is a success
			return n, err
		}
		_, got := drive(t, e, server, 6*time.Minute)
		require.Greater(t, got, 9000, "it keeps to the formula: it may carry ours")
	})
}

// TestThrottlerDown has a server that accepts nothing: next to nothing reaches
// it, and it is found again when it is back.
func TestThrottlerDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttler := resilience.NewThrottler(resilience.Window(20 * time.Second))
		server := &capped{}
		e := endpoint.Chain(server.call, throttler.Wrap)
		_, got := drive(t, e, server, 2*time.Minute)
		require.InDelta(t, 300, got, 150, "a call of a hundred passes")
		rejected := 0
		for range 20 { // one of a hundred passes
			if _, err := e(t.Context(), 1); errors.Is(err, resilience.ErrOutOfCapacity) {
				rejected++
			}
		}
		require.Greater(t, rejected, 10)
		server.perSecond = 1000
		passed, _ := drive(t, e, server, 3*time.Minute)
		require.Equal(t, 30_000, passed)
	})
}

// TestThrottlerCounts has errors that count, and others that do not.
func TestThrottlerCounts(t *testing.T) {
	t.Parallel()
	remote := endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", "")
	for name, tt := range map[string]struct {
		opts  []resilience.ThrottlerOption
		err   error
		ratio float64 // after ten calls that ended so, and as many successes before
	}{
		"a success":                    {nil, nil, 0},
		"unavailable":                  {nil, errDown, 10.0 / 31},
		"a limit of the server":        {nil, remote, 10.0 / 31},
		"a deadline":                   {nil, context.DeadlineExceeded, 10.0 / 31},
		"a fault of the client":        {nil, endpoint.Errorf(endpoint.NotFound, "no"), 0},
		"a fault that is no overload":  {nil, endpoint.Errorf(endpoint.Internal, "no"), 0},
		"a cancellation":               {nil, context.Canceled, 0},
		"a rejection of this process":  {nil, resilience.ErrOpen, 0},
		"what FailIf says":             {[]resilience.ThrottlerOption{resilience.FailIf(isNotFound)}, endpoint.Errorf(endpoint.NotFound, "no"), 10.0 / 31},
		"what Ignore says":             {[]resilience.ThrottlerOption{resilience.Ignore(always)}, errDown, 0},
		"a multiplier that it reaches": {[]resilience.ThrottlerOption{resilience.Multiplier(1.5)}, errDown, 15.0 / 31},
		"a multiplier beyond":          {[]resilience.ThrottlerOption{resilience.Multiplier(3)}, errDown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				throttler := resilience.NewThrottler(tt.opts...)
				require.NoError(t, throttler.Err())
				for range 10 {
					require.NoError(t, settle(t.Context(), throttler, nil))
				}
				for range 20 { // by hand: none is rejected
					_ = throttler.Exit(t.Context(), endpoint.Token{}, tt.err)
				}
				require.InDelta(t, tt.ratio, gauges(throttler)["rejection_ratio"], 1e-9)
				time.Sleep(2 * time.Minute)
				require.Zero(t, gauges(throttler)["rejection_ratio"], "all of it has left the window")
			})
		})
	}
}

// settle enters and exits a layer by hand.
func settle(ctx context.Context, l endpoint.Layer, result error) error {
	ctx, tok, err := l.Enter(ctx)
	if err != nil {
		return err
	}
	return l.Exit(ctx, tok, result)
}

package resilience_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

// member is a policy of the composition matrix, as tight as it gets: a permit
// that is lost is missed by the next call.
type member struct {
	name string
	make func() made
}

// made is a policy around endpoints, with its state.
type made struct {
	layer  endpoint.Layer // nil for one that is typed
	around func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int]
	gauges func(yield func(endpoint.Gauge) bool)
}

func layered(l endpoint.Layer) made {
	m := made{layer: l, around: func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] {
		return endpoint.Stack{l}.Wrap(next)
	}}
	if g, ok := l.(interface {
		Gauges(yield func(endpoint.Gauge) bool)
	}); ok {
		m.gauges = g.Gauges
	}
	return m
}

// busy returns the sum of the figures that are 0 while no call runs.
func (m made) busy() float64 {
	sum := 0.0
	if m.gauges == nil {
		return 0
	}
	for g := range m.gauges {
		switch g.Metric {
		case "permits_in_use", "waiting", "flights":
			sum += g.Value
		}
	}
	return sum
}

func members() []member {
	return []member{
		{"Limiter", func() made { return layered(resilience.NewLimiter(1000, 100)) }},
		{"Waiter", func() made { return layered(resilience.NewWaiter(1000, 100)) }},
		{"PerClient", func() made { return layered(resilience.NewPerClient(1000, 100)) }},
		{"Quota", func() made { return layered(resilience.NewQuota(newTable(1000))) }},
		{"Breaker", func() made { return layered(resilience.NewBreaker(1, resilience.Cooldown(time.Second))) }},
		{"Bulkhead", func() made { return layered(resilience.NewBulkhead(1)) }},
		{"Bulkhead with a queue", func() made { return layered(resilience.NewBulkhead(1, resilience.Queue(1, time.Second))) }},
		{"Adaptive", func() made { return layered(resilience.NewAdaptive(resilience.Limits(1, 1))) }},
		{"Throttler", func() made { return layered(resilience.NewThrottler()) }},
		{"Shed", func() made { return layered(resilience.NewShed(resilience.Limits(1, 1))) }},
		{"Timeout", func() made { return layered(resilience.NewTimeout(time.Hour)) }},
		{"Retry", func() made { return layered(resilience.NewRetry(2)) }},
		{"Hedge", func() made { return layered(resilience.NewHedge(time.Second)) }},
		{"RetryIf", func() made {
			r := resilience.NewRetry(2).If(func(_ int, err error) bool { return endpoint.Retryable(err) })
			return made{around: func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] { return r.Wrap(next) }}
		}},
		{"Fallback", func() made {
			f := resilience.Fallback(func(_ context.Context, _ int, err error) (int, error) { return 0, err })
			return made{around: f.Wrap}
		}},
		{"Coalesce", func() made {
			c := resilience.Coalesce(func(n int) int { return n })
			return made{around: func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] { return c.Wrap(next) }, gauges: c.Gauges}
		}},
		{"Policies", func() made {
			p := resilience.Policies(bulkhead.New[int](1))
			return made{around: func(next endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] { return p.Wrap(next) }}
		}},
	}
}

// pair is two policies, the first outside, around one endpoint.
type pair struct {
	outer, inner made
	call         endpoint.Endpoint[int, int]
	does         atomic.Pointer[func(context.Context) error] // what the endpoint does; losers of a hedge may read it late
}

func (p *pair) do(f func(ctx context.Context) error) { p.does.Store(&f) }

func newPair(outer, inner member) *pair {
	p := &pair{outer: outer.make(), inner: inner.make()}
	p.call = p.outer.around(p.inner.around(func(ctx context.Context, n int) (int, error) { return n, (*p.does.Load())(ctx) }))
	return p
}

// settled fails the test if the pair is not as it was at its start: nothing is
// held, and a call passes. It sleeps in its bubble.
func (p *pair) settled(t *testing.T, after string) {
	t.Helper()
	time.Sleep(10 * time.Second) // in the bubble: losers end, a breaker cools down
	require.Zero(t, p.outer.busy(), "the outer one holds something after %s", after)
	require.Zero(t, p.inner.busy(), "the inner one holds something after %s", after)
	p.do(func(context.Context) error { return nil })
	got, err := p.call(t.Context(), 7)
	require.NoError(t, err, "a call after %s", after)
	require.Equal(t, 7, got)
	time.Sleep(10 * time.Second)
}

// TestMatrix puts each policy around each other one, and ends calls in every way
// that might lose what they hold.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, outer := range members() {
		for _, inner := range members() {
			if outer.name == "Hedge" && inner.name == "Retry" {
				continue // a fault of construction
			}
			t.Run(outer.name+" around "+inner.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { matrixCalls(t, newPair(outer, inner)) })
				if outer.make().layer != nil && inner.make().layer != nil {
					synctest.Test(t, func(t *testing.T) { matrixStreams(t, outer.make(), inner.make()) })
				}
			})
		}
	}
}

// matrixCalls sleeps in its bubble.
func matrixCalls(t *testing.T, p *pair) {
	p.settled(t, "nothing")
	for range 3 {
		value := new(int)
		p.do(func(context.Context) error { panic(value) })
		require.PanicsWithValue(t, value, func() { _, _ = p.call(t.Context(), 1) })
		p.settled(t, "a panic")

		p.do(func(context.Context) error { return endpoint.Errorf(endpoint.Internal, "failed") })
		_, err := p.call(t.Context(), 1)
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		p.settled(t, "an error")

		p.do(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel) // a hedged attempt runs by then
		begin := time.Now()
		_, err = p.call(ctx, 1)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 3*time.Second, time.Since(begin), "a cancelled call goes on")
		p.settled(t, "a cancellation")
	}
}

// matrixStreams does the same with streams of responses. It sleeps in its bubble.
func matrixStreams(t *testing.T, outer, inner made) {
	failed := errors.New("failed")
	var ends atomic.Pointer[func(func(int, error) bool)] // losers of a hedge may read it late
	end := func(f func(func(int, error) bool)) { ends.Store(&f) }
	source := endpoint.Stack{outer.layer, inner.layer}.Wrap(func(context.Context, int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			if yield(1, nil) && yield(2, nil) {
				(*ends.Load())(yield)
			}
		}, nil
	})
	open := func() endpoint.Stream[int] {
		s, err := source(t.Context(), 1)
		require.NoError(t, err)
		return s
	}
	settled := func(after string) {
		t.Helper()
		time.Sleep(10 * time.Second)
		require.Zero(t, outer.busy()+inner.busy(), "something is held after %s", after)
		items, err := open().Collect()
		require.NoError(t, err, "a stream after %s", after)
		require.Equal(t, []int{1, 2}, items)
		time.Sleep(10 * time.Second)
	}
	end(func(func(int, error) bool) {})
	settled("nothing")
	for range open() {
		break
	}
	settled("a break")
	value := new(int)
	require.PanicsWithValue(t, value, func() {
		for range open() {
			panic(value)
		}
	})
	settled("a panic of the reader")
	end(func(func(int, error) bool) { panic(value) })
	require.PanicsWithValue(t, value, func() { _, _ = open().Collect() })
	end(func(yield func(int, error) bool) { yield(0, failed) })
	time.Sleep(10 * time.Second) // a breaker cools down
	items, err := open().Collect()
	require.ErrorIs(t, err, failed)
	require.Equal(t, []int{1, 2}, items)
	end(func(func(int, error) bool) {})
	settled("an error")
}

// TestMatrixLaws has each pair keep the laws of layers.
func TestMatrixLaws(t *testing.T) {
	t.Parallel()
	for _, outer := range members() {
		for _, inner := range members() {
			a, b := outer.make().layer, inner.make().layer
			if a == nil || b == nil || repeats(a) || repeats(b) { // a Stack with such cannot be entered by hand
				continue
			}
			t.Run(outer.name+" around "+inner.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { endpointtest.Layer(t, endpoint.Stack{outer.make().layer, inner.make().layer}) })
			})
		}
	}
}

func repeats(l endpoint.Layer) bool {
	switch l.(type) {
	case endpoint.Repeater, endpoint.Hedger:
		return true
	}
	return false
}

package resilience_test

import (
	"context"
	"math"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// calling returns the context of a call on a server.
func calling(ctx context.Context, principal, peer string) context.Context {
	ctx, w, _ := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
	endpoint.CallFrom(ctx).SetPrincipal(principal)
	w.SetPeer(peer)
	return ctx
}

// TestPerClient has pairs of calls that are one client's, or two clients'.
func TestPerClient(t *testing.T) {
	t.Parallel()
	type caller struct{ principal, peer string }
	for name, tt := range map[string]struct {
		a, b caller
		same bool
	}{
		"one host":              {caller{"", "192.0.2.1:80"}, caller{"", "192.0.2.1:81"}, true},
		"two hosts":             {caller{"", "192.0.2.1:80"}, caller{"", "192.0.2.2:80"}, false},
		"without a port":        {caller{"", "192.0.2.1"}, caller{"", "192.0.2.1:81"}, true},
		"one IPv6 network":      {caller{"", "[2001:db8::1]:80"}, caller{"", "[2001:db8:0:0:ffff::2]:80"}, true},
		"two IPv6 networks":     {caller{"", "[2001:db8::1]:80"}, caller{"", "[2001:db8:0:1::1]:80"}, false},
		"IPv4 in IPv6":          {caller{"", "[::ffff:192.0.2.1]:80"}, caller{"", "192.0.2.1:80"}, true},
		"two IPv4 in IPv6":      {caller{"", "[::ffff:192.0.2.1]:80"}, caller{"", "[::ffff:192.0.2.2]:80"}, false},
		"a zone":                {caller{"", "[fe80::1%eth0]:80"}, caller{"", "[fe80::1%eth1]:80"}, true},
		"one name":              {caller{"", "a.example:80"}, caller{"", "a.example:81"}, true},
		"two names":             {caller{"", "a.example:80"}, caller{"", "b.example:80"}, false},
		"no address":            {caller{"", "@"}, caller{"", "@"}, true},
		"one principal":         {caller{"ada", "192.0.2.1:80"}, caller{"ada", "192.0.2.2:80"}, true},
		"two principals":        {caller{"ada", "192.0.2.1:80"}, caller{"bob", "192.0.2.1:80"}, false},
		"a principal and none":  {caller{"ada", "192.0.2.1:80"}, caller{"", "192.0.2.1:80"}, false},
		"named like an address": {caller{"192.0.2.1/32", ""}, caller{"", "192.0.2.1:80"}, false},
		"named like a host":     {caller{"a.example", ""}, caller{"", "a.example:80"}, false},
		"unknown":               {caller{}, caller{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := calling(t.Context(), tt.a.principal, tt.a.peer), calling(t.Context(), tt.b.principal, tt.b.peer)
			require.Equal(t, tt.same, resilience.ClientKey(endpoint.CallFrom(a)) == resilience.ClientKey(endpoint.CallFrom(b)))

			e := endpoint.Chain(yes, resilience.NewPerClient(1e-3, 2).Wrap)
			for range 2 {
				_, err := e(a, 1)
				require.NoError(t, err)
			}
			_, err := e(a, 1)
			require.ErrorIs(t, err, resilience.ErrRateLimited)
			_, err = e(b, 1)
			require.Equal(t, tt.same, err != nil)
		})
	}
}

func TestPerClientRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard happenings
		limit := resilience.NewPerClient(3, 2, resilience.OnEvent(heard.hear))
		e := endpoint.Chain(yes, limit.Wrap)
		require.Equal(t, 2, pass(t, e, 4))
		require.Equal(t, []string{"perclient rejected 334ms", "perclient rejected 334ms"}, heard.take())
		time.Sleep(333 * time.Millisecond)
		require.Zero(t, pass(t, e, 1))
		time.Sleep(time.Millisecond)
		require.Equal(t, 1, pass(t, e, 2))
		time.Sleep(time.Hour)
		require.Equal(t, 2, pass(t, e, 3), "no more than the burst")
		require.Equal(t, map[string]float64{"clients": 1}, gauges(limit))
	})
}

func TestPerClientKeyBy(t *testing.T) {
	t.Parallel()
	limit := resilience.NewPerClient(1e-3, 1, resilience.KeyBy(func(call *endpoint.Call) string {
		return call.Principal() + " from " + call.Peer()
	}))
	e := endpoint.Chain(yes, limit.Wrap)
	for _, peer := range []string{"a", "b", "a", "b"} {
		_, _ = e(calling(t.Context(), "ada", peer), 1)
	}
	require.Equal(t, map[string]float64{"clients": 2}, gauges(limit))
	_, err := e(calling(t.Context(), "ada", "b"), 1)
	require.ErrorIs(t, err, resilience.ErrRateLimited)
}

func TestMaxClients(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 7, 1000, 5000} {
		limit := resilience.NewPerClient(1e-3, 1, resilience.MaxClients(n))
		e := endpoint.Chain(yes, limit.Wrap)
		for id := range 20_000 {
			_, err := e(calling(t.Context(), strconv.Itoa(id), ""), 1)
			require.NoError(t, err)
		}
		held := gauges(limit)["clients"]
		require.LessOrEqual(t, held, float64(n))
		require.Greater(t, held, float64(n)*0.9)
	}
}

// order is a request with a key in it.
type order struct{ customer string }

func TestPerClientBy(t *testing.T) {
	t.Parallel()
	type customer string
	var heard happenings
	byCustomer := resilience.NewPerClient(1e-3, 1, resilience.OnEvent(heard.hear)).By(func(o order) customer { return customer(o.customer) })
	byAll := resilience.NewPerClient(1e-3, 3).By(func(order) struct{} { return struct{}{} })
	buy := func(_ context.Context, o order) (string, error) { return "for " + o.customer, nil }
	e := endpoint.Chain(buy, byCustomer.Wrap, byAll.Wrap)
	for _, tt := range []struct {
		customer string
		ok       bool
	}{{"ada", true}, {"ada", false}, {"bob", true}, {"eve", true}, {"eve", false}, {"sam", false}} {
		got, err := e(t.Context(), order{tt.customer})
		require.Equal(t, tt.ok, err == nil, tt.customer)
		if tt.ok {
			require.Equal(t, "for "+tt.customer, got)
		} else {
			require.ErrorIs(t, err, resilience.ErrRateLimited)
		}
	}
	require.Len(t, heard.take(), 2)

	// A stream takes its token each time that it is ranged over.
	watch := func(_ context.Context, o order) (endpoint.Stream[int], error) { return ticks(t.Context(), 2) }
	s, err := endpoint.Chain(watch, byCustomer.Wrap)(t.Context(), order{"zoe"})
	require.NoError(t, err)
	items, err := s.Collect()
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, items)
	_, err = s.Collect()
	require.ErrorIs(t, err, resilience.ErrRateLimited)

	faulty := resilience.NewPerClient(0, 1).By((func(order) string)(nil))
	require.ErrorContains(t, faulty.Err(), "NewPerClient: 0 calls a second")
	require.ErrorContains(t, faulty.Err(), "PerClient.By: the key is nil")
	_, err = endpoint.Chain(buy, faulty.Wrap)(t.Context(), order{})
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
}

// TestPerClientByNaN has a key that equals nothing, not even itself: such keys
// must not fill the memory.
func TestPerClientByNaN(t *testing.T) {
	t.Parallel()
	limit := resilience.NewPerClient(1e-3, 5, resilience.MaxClients(3)).By(func(f float64) float64 { return f })
	e := endpoint.Chain(func(_ context.Context, f float64) (float64, error) { return f, nil }, limit.Wrap)
	passed := 0
	for range 100 {
		if _, err := e(t.Context(), math.NaN()); err == nil {
			passed++
		}
	}
	require.Equal(t, 5, passed, "all of them are one client")
}

// TestPerClientConcurrently has exactly the burst of each client pass.
func TestPerClientConcurrently(t *testing.T) {
	t.Parallel()
	e := endpoint.Chain(yes, resilience.NewPerClient(1e-6, 10).Wrap)
	var wg sync.WaitGroup
	var mu sync.Mutex
	passed := map[string]int{}
	for i := range 400 {
		wg.Go(func() {
			name := strconv.Itoa(i % 4)
			if _, err := e(calling(t.Context(), name, ""), 1); err == nil {
				mu.Lock()
				defer mu.Unlock()
				passed[name]++
			}
		})
	}
	wg.Wait()
	require.Equal(t, map[string]int{"0": 10, "1": 10, "2": 10, "3": 10}, passed)
}

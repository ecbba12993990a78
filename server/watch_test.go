package server_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// TestWatch has checks for pools and breakers, and none for other things. A breaker of a
// service has a state for each operation.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		empty := discover.New(func(context.Context, string) (int, error) { return 0, nil }, discover.Named("strings"))
		full := discover.Of([]int{1})
		broken := resilience.NewBreaker(1, resilience.Named("http://a"))
		closed, tripped := resilience.NewBreaker(1), resilience.NewBreaker(1)
		failing := func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Unavailable, "no") }
		op := &endpoint.Operation{Service: "Rooms", Name: "Book"}
		bound, err := endpoint.Stack{broken}.Bind(op)
		require.NoError(t, err)
		_, err = bound.Wrap(failing)(t.Context(), 1)
		require.Error(t, err)
		_, err = tripped.Wrap(failing)(t.Context(), 1)
		require.Error(t, err)
		s := server.New("rooms", quiet())
		s.Add(
			server.Watch(empty, full, broken),
			server.Watch(closed, tripped, observe.NewSLO(observe.Objective{Availability: 0.99}), new(resilience.Breaker)))
		stop := running(t, s)
		synctest.Wait()
		got := map[string]string{}
		for _, c := range s.Health().Checks {
			require.False(t, c.Critical)
			got[c.Name] = string(c.Status)
			if c.Err != nil {
				got[c.Name] += ": " + c.Err.Error()
			}
		}
		require.Equal(t, map[string]string{
			"pool/strings":     "warn: no instance serves, of 0",
			"pool":             "pass",
			"breaker/http_//a": "warn: open for Rooms.Book",
			"breaker":          "pass",
			"breaker#2":        "warn: open",
		}, got)
		require.True(t, s.Health().Ready)
		time.Sleep(6 * time.Second)
		probe := make(chan struct{})
		go func() {
			_, _ = tripped.Wrap(func(context.Context, int) (int, error) { <-probe; return 0, nil })(t.Context(), 1)
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for _, c := range s.Health().Checks {
			if c.Name == "breaker#2" {
				require.EqualError(t, c.Err, "half-open")
			}
		}
		close(probe)
		require.NoError(t, stop())
	})
}

// clients are several watched things in one.
type clients []endpoint.Gauge

func (c clients) Gauges(yield func(endpoint.Gauge) bool) {
	for _, g := range c {
		if !yield(g) {
			return
		}
	}
}

// TestWatchSeveral has one thing with the gauges of several pools and breakers.
func TestWatchSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := server.New("rooms", quiet())
		s.Add(server.Watch(clients{
			{Source: "pool", Name: "a", Metric: "instances", Value: 3},
			{Source: "pool", Name: "a", Metric: "serving", Value: 0},
			{Source: "pool", Name: "a", Metric: "serving", Detail: "of one zone", Value: 2},
			{Source: "pool", Name: "b", Metric: "instances", Value: 1},
			{Source: "pool", Name: "b", Metric: "serving", Value: 1},
			{Source: "other", Name: "a", Metric: "serving", Value: 1},
			{Source: "breaker", Name: "a", Metric: "state", Value: 0},
			{Source: "breaker", Name: "a", Metric: "rejected", Value: 7},
			{Source: "breaker", Name: "b", Metric: "state", Value: 2},
			{Source: "other", Name: "a", Metric: "state", Value: 2},
		}))
		stop := running(t, s)
		synctest.Wait()
		got := map[string]string{}
		for _, c := range s.Health().Checks {
			got[c.Name] = ""
			if c.Err != nil {
				got[c.Name] = c.Err.Error()
			}
		}
		require.Equal(t, map[string]string{
			"pool/a": "no instance serves, of 3", "pool/b": "", "breaker/a": "", "breaker/b": "open",
		}, got)
		require.NoError(t, stop())
	})
}

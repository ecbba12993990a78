package observe_test

import (
	"context"
	"encoding/json/v2"
	"expvar"
	"iter"
	"math"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
)

// published returns what a map publishes.
func published(t *testing.T, m *expvar.Map) map[string]any {
	t.Helper()
	all := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(m.String()), &all))
	return all
}

// TestExpvar runs in a bubble: durations are exact.
func TestExpvar(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := new(expvar.Map)
		x := observe.NewExpvar(m)
		layer := x.For(getOp)
		require.Equal(t, "{}", m.String(), "before the first call")
		for i, took := range []time.Duration{5 * time.Millisecond, 6 * time.Millisecond, time.Minute} {
			ctx, w := serving(t, getOp, nil)
			w.AddBytes(10, 100)
			err := errMissing
			if i == 2 {
				err = err.WithCause(context.Canceled)
			}
			_ = run(ctx, layer, took, err)
		}
		e := endpoint.Stack{layer}.Wrap(func(context.Context, int) (int, error) {
			require.Contains(t, m.String(), `"in_flight":1`)
			return 1, nil
		})
		ctx, _ := serving(t, getOp, nil)
		_, err := e(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"server http Profiles.Get": map[string]any{
			"calls": 4.0, "in_flight": 0.0,
			"codes": map[string]any{"OK": 1.0, "NOT_FOUND": 3.0},
			"duration_seconds": map[string]any{
				"sum": 60.011, "le": map[string]any{"0.005": 2.0, "0.01": 3.0, "+Inf": 4.0},
			},
			"request_bytes": 30.0, "response_bytes": 300.0,
		}}, published(t, m))
	})
}

// TestExpvarSeries has what has the same names in one entry, and sides apart.
func TestExpvarSeries(t *testing.T) {
	t.Parallel()
	m := new(expvar.Map)
	x := observe.NewExpvar(m)
	twin := *getOp
	for _, op := range []*endpoint.Operation{getOp, &twin} {
		for _, side := range []endpoint.Side{endpoint.ServerSide, endpoint.ClientSide} {
			op := onSide(op, side)
			ctx, _ := calling(t, t.Context(), op, nil)
			_ = run(ctx, x.For(op), 0, endpoint.FromWire(99, "", "", ""))
		}
	}
	_ = run(t.Context(), x, 0, nil)
	all := published(t, m)
	require.Len(t, all, 3)
	for name, code := range map[string]string{
		"server http Profiles.Get": "INTERNAL", // which goes out for it
		"client http Profiles.Get": "UNKNOWN",
	} {
		entry, _ := all[name].(map[string]any)
		require.InDelta(t, 2, entry["calls"], 0, name)
		require.Equal(t, map[string]any{code: 2.0}, entry["codes"], "a code that is not canonical")
	}
	require.Contains(t, all, "local unknown")
}

// TestBoundedSeries has many callers, ids and sizes: they make no series.
func TestBoundedSeries(t *testing.T) {
	t.Parallel()
	m := new(expvar.Map)
	slo := newSLO(t)
	server := newCollector(t)
	statsd := observe.NewStatsD(server.LocalAddr().String(), observe.DurationSampling(1e-9), observe.FlushEvery(time.Hour))
	layer := observe.New(observe.NewExpvar(m), slo, statsd, observe.NewRequestIDs())
	for i := range 100_000 {
		ctx, w := serving(t, getOp, map[string][]string{"X-Request-Id": {strconv.Itoa(i)}})
		w.SetPeer("10.0.0.1:" + strconv.Itoa(i))
		_ = run(ctx, layer, 0, nil)
	}
	require.Len(t, published(t, m), 1)
	require.Len(t, slo.Status(), 1)
	require.Equal(t, uint64(100_000), slo.Status()[0].Availability.Total)
	running(t, statsd)()
	lines := server.await(t, has("endpoint.server.in_flight:"))
	require.Len(t, lines, 2, "%s", lines)
	require.Contains(t, lines, "endpoint.server.calls:100000|c|#operation:Profiles.Get,transport:http,code:OK")
}

func TestExpvarEventsAndGauges(t *testing.T) {
	t.Parallel()
	m := new(expvar.Map)
	x := observe.NewExpvar(m)
	for range 2 {
		x.Event(t.Context(), endpoint.Event{Source: "breaker", Kind: "opened", Name: "db"})
	}
	x.Event(t.Context(), endpoint.Event{Source: "pool", Kind: "updated"})
	x.Watch(slices.Values([]endpoint.Gauge{
		{Source: "breaker", Name: "db", Metric: "state", Operation: getOp, Detail: "x", Value: 2},
		{Source: "pool", Metric: "instances", Value: 3},
	}))
	require.Equal(t, map[string]any{
		"events": map[string]any{"breaker.opened db": 2.0, "pool.updated": 1.0},
		"gauges": []any{
			map[string]any{"metric": "breaker.state", "name": "db", "operation": "Profiles.Get", "detail": "x", "value": 2.0},
			map[string]any{"metric": "pool.instances", "value": 3.0},
		},
	}, published(t, m))
	require.ErrorContains(t, observe.NewExpvar(nil).Err(), "observe: NewExpvar: the map is nil")

	sources := []iter.Seq[endpoint.Gauge]{nil, slices.Values([]endpoint.Gauge{{Source: "pool", Metric: "members", Value: 1}})}
	x.Watch(sources...)
	sources[1] = nil
	require.Equal(t, []any{map[string]any{"metric": "pool.members", "value": 1.0}}, published(t, m)["gauges"])
}

// TestExpvarNotFinite has gauges that JSON cannot hold, which must not take the whole
// map with them.
func TestExpvarNotFinite(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		m := new(expvar.Map)
		x := observe.NewExpvar(m)
		x.Watch(slices.Values([]endpoint.Gauge{
			{Source: "pool", Metric: "odd", Value: v}, {Source: "pool", Metric: "size", Value: 1},
		}))
		require.Equal(t, []any{map[string]any{"metric": "pool.size", "value": 1.0}}, published(t, m)["gauges"], "%v", v)
	}
}

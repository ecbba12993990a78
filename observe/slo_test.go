package observe_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/observe"
)

// burn is a load of so many calls, each step, of which some are bad and some
// slow.
func burn(t *testing.T, l endpoint.Layer, calls, bad, slow int) {
	t.Helper()
	ctx, _ := serving(t, getOp, nil)
	for i := range calls {
		var err error
		took := time.Duration(0)
		if i < bad {
			err = errFailed
		} else if i < bad+slow {
			took = time.Millisecond
		}
		_ = run(ctx, l, took, err)
	}
}

func rates(i observe.SLI) (all []float64) {
	for _, b := range i.Burn {
		all = append(all, round(b.LongRate), round(b.ShortRate))
	}
	return all
}

func round(f float64) float64 { return float64(int64(f*1e6+0.5)) / 1e6 }

func newSLO(t *testing.T, opts ...observe.SLOOption) *observe.SLO {
	t.Helper()
	s := observe.NewSLO(observe.Objective{Availability: 0.99, Latency: 500 * time.Microsecond, LatencyRatio: 0.9}, opts...)
	require.NoError(t, s.Err())
	return s
}

// TestBurnRates runs in a bubble: days pass at once and figures are exact.
func TestBurnRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slo := newSLO(t)
		layer := slo.For(getOp)
		status := func() observe.SLOStatus {
			all := slo.Status()
			require.Len(t, all, 1)
			return all[0]
		}
		require.Equal(t, []float64{0, 0, 0, 0, 0, 0}, rates(status().Availability), "before the first call")
		require.InDelta(t, 1.0, status().Availability.Good(), 0)

		// A good hour, 100 calls a minute.
		for range 60 {
			burn(t, layer, 100, 0, 0)
			time.Sleep(time.Minute)
		}
		require.Equal(t, []float64{0, 0, 0, 0, 0, 0}, rates(status().Availability))
		_, due := status().Availability.Alert()
		require.False(t, due)

		// Five minutes in which a fifth fails: 20 times as much as is allowed.
		for range 5 {
			burn(t, layer, 100, 20, 0)
			time.Sleep(time.Minute)
		}
		// The hour has 100 of 6000 bad: 1.67 times; the 5 min 100 of 500.
		// Others begin with the process: 100 of 6500.
		hour, all := 100.0/6000/0.01, 100.0/6500/0.01
		require.Equal(t, []float64{
			round(hour), 20, // 1 h, 5 min
			round(all), round(100.0 / 3000 / 0.01), // 6 h, 30 min
			round(all), round(all), // 3 d, 6 h
		}, rates(status().Availability))
		require.Equal(t, uint64(100), status().Availability.Bad)
		require.Equal(t, uint64(6500), status().Availability.Total)
		alert, due := status().Availability.Alert()
		require.True(t, due, "the slow alert, at 1 times")
		require.Equal(t, 72*time.Hour, alert.Long)

		// 55 minutes more of it: now the hour is bad, too.
		for range 55 {
			burn(t, layer, 100, 20, 0)
			time.Sleep(time.Minute)
		}
		alert, due = status().Availability.Alert()
		require.True(t, due)
		require.Equal(t, time.Hour, alert.Long)
		require.InDelta(t, 20.0, round(alert.LongRate), 0)
		require.Len(t, slo.Burning(), 1)

		// Ten minutes after the end, the fast alert has ended with its short window.
		for range 10 {
			burn(t, layer, 100, 0, 0)
			time.Sleep(time.Minute)
		}
		require.InDelta(t, 0.0, rates(status().Availability)[1], 0)
		alert, _ = status().Availability.Alert()
		require.NotEqual(t, time.Hour, alert.Long)

		// Four idle days later nothing is in any window.
		time.Sleep(96 * time.Hour)
		require.Equal(t, []float64{0, 0, 0, 0, 0, 0}, rates(status().Availability))
		require.Equal(t, uint64(1200), status().Availability.Bad, "the sums stay")
		require.Empty(t, slo.Burning())

		// And it counts on.
		burn(t, layer, 100, 1, 0)
		require.Equal(t, []float64{1, 1, 1, 1, 1, 1}, rates(status().Availability))
	})
}

// TestWindowEdge runs in a bubble: a fault leaves a window when it is older than
// it and half a minute.
func TestWindowEdge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slo := newSLO(t)
		layer := slo.For(getOp)
		rate := func() float64 { return slo.Status()[0].Availability.Burn[0].ShortRate }
		time.Sleep(10 * time.Minute)
		burn(t, layer, 1, 1, 0)
		time.Sleep(5*time.Minute + 29*time.Second)
		require.InDelta(t, 100.0, round(rate()), 0)
		time.Sleep(2 * time.Second)
		require.Zero(t, rate())
	})
}

// TestLatency runs in a bubble.
func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slo := newSLO(t)
		burn(t, slo.For(getOp), 100, 20, 40)
		latency := slo.Status()[0].Latency
		require.Equal(t, uint64(80), latency.Total, "what failed has no latency")
		require.Equal(t, uint64(40), latency.Bad)
		require.InDelta(t, 0.5, latency.Good(), 0)
		require.InDelta(t, 5.0, round(latency.Burn[0].ShortRate), 0)
	})
}

// TestLatencyOfStreams runs in a bubble: what counts is the first item.
func TestLatencyOfStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slo := newSLO(t)
		watch := endpoint.Stack{slo.For(watchOp)}.Wrap(func(_ context.Context, first time.Duration) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				time.Sleep(first)
				if yield(1, nil) {
					time.Sleep(time.Hour)
				}
			}, nil
		})
		ctx, _ := serving(t, watchOp, nil)
		for _, first := range []time.Duration{0, time.Second} {
			s, _ := watch(ctx, first)
			for range s {
			}
		}
		require.Equal(t, uint64(2), slo.Status()[0].Latency.Total)
		require.Equal(t, uint64(1), slo.Status()[0].Latency.Bad)

		upload := &endpoint.Operation{Name: "Upload", Side: endpoint.ServerSide, Streams: endpoint.ClientStream}
		ctx, _ = serving(t, upload, nil)
		_ = run(ctx, slo.For(upload), time.Hour, nil)
		require.Zero(t, slo.Status()[0].Latency.Total, "the caller's pace")
	})
}

func TestWhatCounts(t *testing.T) {
	t.Parallel()
	limited := endpoint.Define(endpoint.ResourceExhausted|mark.Refusal, "endpoint", "RATE_LIMITED", "too many")
	shed := endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "OUT_OF_CAPACITY", "too many")
	for _, tt := range []struct {
		name           string
		err            error
		server, client string
	}{
		{"success", nil, "good", "good"},
		{"caller gave up", context.Canceled, "", ""},
		{"reader broke out", endpoint.ErrStopped, "", ""},
		{"caller's fault", errMissing, "good", "good"},
		{"own limit", limited, "good", ""},
		{"own load shed", shed, "bad", ""},
		{"remote limit", endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", ""), "good", "bad"},
		{"deadline", context.DeadlineExceeded, "bad", "bad"},
		{"no code", errFailed, "bad", "bad"},
		{"unavailable", endpoint.Errorf(endpoint.Unavailable, "down"), "bad", "bad"},
		{"remote and declared", endpoint.FromWire(endpoint.NotFound, "profiles", "MISSING", ""), "good", "good"},
		{"remote and not declared", endpoint.FromWire(endpoint.NotFound, "other", "GONE", ""), "bad", "good"},
	} {
		for side, want := range map[endpoint.Side]string{endpoint.ServerSide: tt.server, endpoint.ClientSide: tt.client} {
			slo := newSLO(t)
			ctx, _ := calling(t, t.Context(), onSide(getOp, side), nil)
			_ = run(ctx, slo, 0, tt.err)
			s := slo.Status()[0]
			require.Equal(t, side, s.Side)
			got := map[[2]uint64]string{{0, 0}: "", {1, 0}: "good", {1, 1}: "bad"}[[2]uint64{s.Availability.Total, s.Availability.Bad}]
			require.Equal(t, want, got, "%s on a %v", tt.name, side)
		}
	}
}

// TestAlertAtFactor guards against the rounding of 1-0.999: at just the factor an
// alert is due.
func TestAlertAtFactor(t *testing.T) {
	t.Parallel()
	slo := observe.NewSLO(observe.Objective{Availability: 0.999})
	burn(t, slo.For(getOp), 10_000, 144, 0)
	alert, due := slo.Status()[0].Availability.Alert()
	require.True(t, due)
	require.Equal(t, observe.BurnRate{BurnWindow: observe.BurnWindows()[0], LongRate: 14.4, ShortRate: 14.4}, alert)
}

func TestPromise(t *testing.T) {
	t.Parallel()
	search := func(op *endpoint.Operation) bool { return op.Name == "Search" }
	health := func(op *endpoint.Operation) bool { return op.Name == "Health" }
	slo := newSLO(t, observe.Promise(search, observe.Objective{Availability: 0.9}), observe.Promise(health, observe.Objective{}))
	slo.For(getOp)
	slo.For(&endpoint.Operation{Name: "Search"})
	require.Nil(t, slo.For(&endpoint.Operation{Name: "Health"}))
	var names []string
	for _, s := range slo.Status() {
		names = append(names, s.Operation.Name)
	}
	require.Equal(t, []string{"Search", "Get"}, names)
	require.InDelta(t, 0.9, slo.Status()[0].Availability.Objective, 0)
	require.Empty(t, slo.Status()[0].Latency.Burn)
}

// TestUnroutedCalls has calls that no route matches count for no objective, even for one
// that names them.
func TestUnroutedCalls(t *testing.T) {
	t.Parallel()
	all := func(*endpoint.Operation) bool { return true }
	slo := newSLO(t, observe.Promise(all, observe.Objective{Availability: 0.9}))
	require.Nil(t, slo.For(&endpoint.Operation{Service: "httpx", Name: "Problems", Side: endpoint.ServerSide, Transport: "http", Method: "GET", Unrouted: true}))
	require.Empty(t, slo.Status())
}

func TestObjectiveFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		slo  *observe.SLO
		want string
	}{
		{observe.NewSLO(observe.Objective{Availability: 99.9}), "Availability 99.9 is not between 0 and 1"},
		{observe.NewSLO(observe.Objective{Latency: time.Second, LatencyRatio: -1}), "LatencyRatio -1 is not"},
		{observe.NewSLO(observe.Objective{Latency: time.Second}), "Latency 1s and LatencyRatio 0 do not make an objective"},
		{observe.NewSLO(observe.Objective{LatencyRatio: 0.5}), "Latency 0s and LatencyRatio 0.5 do not"},
		{observe.NewSLO(observe.Objective{}, observe.Promise(nil, observe.Objective{})), "Promise: match is nil"},
	} {
		require.ErrorContains(t, tt.slo.Err(), tt.want)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in a bubble, so that no call is slow by chance
		slo := newSLO(t)
		layer := slo.For(getOp)
		require.Equal(t, map[string]string{
			"slo.Profiles.Get.availability": "0.99", "slo.Profiles.Get.latency": "0.9<500µs",
		}, slo.Metadata(), "before the first call")
		burn(t, layer, 8, 1, 0)
		grpc := *getOp
		grpc.Transport = "grpc"
		ctx, _ := serving(t, &grpc, nil)
		_ = run(ctx, slo.For(&grpc), 0, errFailed)
		out := &endpoint.Operation{Service: "Other", Name: "Get", Side: endpoint.ClientSide}
		ctx, _ = calling(t, t.Context(), out, nil)
		_ = run(ctx, slo.For(out), 0, nil)
		require.Equal(t, map[string]string{
			"slo.Profiles.Get.availability": "0.99", "slo.Profiles.Get.latency": "0.9<500µs",
			"sli.Profiles.Get.availability": "0.777778", "sli.Profiles.Get.latency": "1",
		}, slo.Metadata(), "both transports together, and nothing of what is called")
	})
}

func TestSLOGauges(t *testing.T) {
	t.Parallel()
	slo := newSLO(t)
	burn(t, slo.For(getOp), 4, 1, 0)
	got := map[string]float64{}
	for g := range slo.Gauges {
		require.Equal(t, getOp, g.Operation)
		require.Equal(t, "slo server", g.Source+" "+g.Name)
		got[g.Metric+" "+g.Detail] = round(g.Value)
	}
	require.Len(t, got, 2*4+2*5, "five windows: 6 h is in two alerts")
	require.InDelta(t, 0.99, got["objective_ratio availability"], 0)
	require.InDelta(t, 0.75, got["good_ratio availability"], 0)
	require.InDelta(t, 4.0, got["calls availability"], 0)
	require.InDelta(t, 1.0, got["bad_calls availability"], 0)
	for _, window := range []string{"5m", "30m", "1h", "6h", "3d"} {
		require.InDelta(t, 25, got["burn_rate availability "+window], 0, window)
	}
	for range slo.Gauges {
		break
	}
	require.Len(t, slices.Collect(slo.Gauges), len(got), "none twice")
}

// TestSLOShared has one SLO in two layers: what it counts of an operation is one.
func TestSLOShared(t *testing.T) {
	t.Parallel()
	slo := newSLO(t)
	burn(t, slo.For(getOp), 3, 0, 0)
	burn(t, observe.New(slo).For(getOp), 4, 1, 0)
	require.Len(t, slo.Status(), 1)
	require.Equal(t, uint64(7), slo.Status()[0].Availability.Total)
}

// TestSLOConcurrent loses no call.
func TestSLOConcurrent(t *testing.T) {
	t.Parallel()
	slo := newSLO(t)
	layer := slo.For(getOp)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				burn(t, layer, 10, 1, 0)
				slo.Status()
			}
		})
	}
	wg.Wait()
	require.Equal(t, uint64(8000), slo.Status()[0].Availability.Total)
	require.Equal(t, uint64(800), slo.Status()[0].Availability.Bad)
}

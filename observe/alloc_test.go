//go:build !race

package observe_test

import (
	"context"
	"expvar"
	"log/slog"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
)

// silent is a part that does nothing.
type silent struct{}

func (silent) Observe(*endpoint.Operation) observe.Observer { return silent{} }
func (silent) Begin(context.Context, *observe.Observation) (context.Context, endpoint.Token) {
	return nil, endpoint.Token{}
}
func (silent) End(context.Context, endpoint.Token, *observe.Observation) {}

func TestAllocations(t *testing.T) { // not parallel: it counts
	off := observe.NewLogger(discard(slog.LevelError))
	on := observe.NewLogger(slog.New(slog.NewJSONHandler(nowhere{}, nil)))
	sampled := observe.NewLogger(slog.New(slog.NewJSONHandler(nowhere{}, nil)), observe.Sample(0, 0))
	slo := observe.NewSLO(observe.Objective{Availability: 0.999, Latency: time.Second, LatencyRatio: 0.99})
	vars := observe.NewExpvar(new(expvar.Map))
	statsd := observe.NewStatsD("127.0.0.1:8125")
	for _, tt := range []struct {
		name  string
		layer endpoint.Layer
		want  float64
	}{
		{"no part does anything", observe.New(silent{}, silent{}), 0},
		{"Logger, its level off", off, 0},
		{"Logger, sampled out", sampled, 0},
		{"Logger, on", on, 2},
		{"SLO", slo, 0},
		{"Expvar", vars, 0},
		{"StatsD", statsd, 0},
		{"all of them", observe.New(silent{}, off, slo, vars, statsd), 0},
	} {
		e := func(_ context.Context, n int) (int, error) { return n, nil }
		for name, wrapped := range map[string]endpoint.Endpoint[int, int]{
			"by Wrap": endpoint.Stack{tt.layer}.Wrap(e), "by For": bound(t, getOp, tt.layer).Wrap(e),
		} {
			ctx, _ := serving(t, getOp, nil)
			if got := testing.AllocsPerRun(1000, func() { _, _ = wrapped(ctx, 1) }); got > tt.want {
				t.Errorf("%s %s: %v allocations, want %v", tt.name, name, got, tt.want)
			}
		}
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkTelemetry(b *testing.B) {
	e := func(_ context.Context, n int) (int, error) { return n, nil }
	off := observe.NewLogger(discard(slog.LevelError))
	slo := observe.NewSLO(observe.Objective{Availability: 0.999, Latency: time.Second, LatencyRatio: 0.99})
	vars := observe.NewExpvar(new(expvar.Map))
	b.Run("two readings of the clock", func(b *testing.B) {
		for b.Loop() {
			_ = time.Since(time.Now())
		}
	})
	for _, bb := range []struct {
		name  string
		layer endpoint.Layer
	}{
		{"clock", observe.New(silent{})},
		{"logger off", off},
		{"logger on", observe.NewLogger(slog.New(slog.NewJSONHandler(nowhere{}, nil)))},
		{"slo", slo},
		{"expvar", vars},
		{"statsd", observe.NewStatsD("127.0.0.1:8125")},
		{"logger off, slo, expvar", observe.New(off, slo, vars)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			ctx, _ := serving(b, getOp, nil)
			wrapped := bound(b, getOp, bb.layer).Wrap(e)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = wrapped(ctx, 1)
			}
		})
	}
}

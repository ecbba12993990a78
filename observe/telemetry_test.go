package observe_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/observe"
)

func TestLaws(t *testing.T) {
	t.Parallel()
	part := &probe{Recorder: new(endpointtest.Recorder), name: "A"}
	logger := observe.NewLogger(discard(-8), observe.Sample(1, 2))
	slo := observe.NewSLO(observe.Objective{Availability: 0.99, Latency: time.Second, LatencyRatio: 0.9})
	vars := observe.NewExpvar(new(expvar.Map))
	statsd := observe.NewStatsD("127.0.0.1:8125")
	for _, tt := range []struct {
		name  string
		layer endpoint.Layer
	}{
		{"New", observe.New(part, logger, slo, vars, statsd)},
		{"Attempts", observe.New(part, attemptProbe{part}, logger).Attempts()},
		{"Attempts of nobody", observe.New(part).Attempts()},
		{"Logger", logger},
		{"SLO", slo},
		{"Expvar", vars},
		{"StatsD", statsd},
		{"RequestIDs", observe.NewRequestIDs()},
		{"no part", observe.New()},
		{"a nil part", observe.New(logger, nil)},
		{"a faulty part", observe.New(observe.NewLogger(nil))},
		{"too many parts", observe.New(slices.Repeat([]observe.Part{part}, 9)...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			endpointtest.Layer(t, tt.layer)
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	err := observe.New(nil, observe.NewLogger(nil), observe.NewSLO(observe.Objective{Availability: 1})).Err()
	require.ErrorContains(t, err, "observe: New: part 0 is nil")
	require.ErrorContains(t, err, "observe: NewLogger: the slog.Logger is nil")
	require.ErrorContains(t, err, "observe: NewSLO: Availability 1 is not between 0 and 1")
	require.ErrorContains(t, observe.New().Err(), "observe: New: there is no part")
	require.ErrorContains(t, observe.New(slices.Repeat([]observe.Part{observe.NewRequestIDs()}, 9)...).Err(), "9 parts, at most 8 fit")
	require.NoError(t, observe.New(observe.NewRequestIDs()).Err())
}

func TestOrder(t *testing.T) {
	t.Parallel()
	rec := new(endpointtest.Recorder)
	layer := observe.New(&probe{Recorder: rec, name: "A"}, &probe{Recorder: rec, name: "B"})
	ctx, _ := serving(t, getOp, nil)
	require.ErrorIs(t, run(ctx, layer.For(getOp), 0, errMissing), errMissing)
	require.Equal(t, []string{
		"begin A in []", "begin B in [A]", "end B in [AB]: NOT_FOUND true", "end A in [AB]: NOT_FOUND true",
	}, rec.Lines())
}

// TestObservation runs in a bubble: figures are exact.
func TestObservation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got observe.Observation
		part := &probe{Recorder: new(endpointtest.Recorder), onEnd: func(o *observe.Observation) { got = *o }}
		ctx, _ := serving(t, getOp, nil)
		start := time.Now()
		require.ErrorIs(t, run(ctx, observe.New(part), 3*time.Second, errFailed), errFailed)
		require.Same(t, endpoint.CallFrom(ctx), got.Call)
		require.Same(t, getOp, got.Operation)
		require.Equal(t, start, got.Start())
		require.Equal(t, 3*time.Second, got.Duration)
		require.Zero(t, got.FirstItem)
		require.ErrorIs(t, got.Err, errFailed)
		require.Equal(t, endpoint.Internal, got.Code)

		layer := observe.New(part)
		for _, after := range []time.Duration{0, time.Millisecond, time.Hour} {
			time.Sleep(after)
			require.NoError(t, run(t.Context(), layer, 0, nil))
			require.Equal(t, time.Now(), got.Start())
		}
		require.Zero(t, new(observe.Observation).Start(), "of no call")
		require.Nil(t, got.Call)
		require.NotNil(t, got.Operation, "of a call in process")
	})
}

// TestOneReading runs in a bubble: parts that take their time are all told the
// start of the first, and the duration until the end of the call.
func TestOneReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []observe.Observation
		slow := func(name string) observe.Part {
			return &probe{
				Recorder: new(endpointtest.Recorder), name: name,
				onBegin: func() { time.Sleep(time.Second) },
				onEnd:   func(o *observe.Observation) { told = append(told, *o); time.Sleep(time.Second) },
			}
		}
		start := time.Now()
		ctx, _ := serving(t, getOp, nil)
		require.NoError(t, run(ctx, observe.New(slow("A"), slow("B"), slow("C")), time.Minute, nil))
		require.Len(t, told, 3)
		for _, o := range told {
			require.Equal(t, start, o.Start())
			require.Equal(t, time.Minute+3*time.Second, o.Duration)
		}
	})
}

func TestPanicOfCall(t *testing.T) {
	t.Parallel()
	var got error
	part := &probe{Recorder: new(endpointtest.Recorder), onEnd: func(o *observe.Observation) { got = o.Err }}
	e := observe.New(part).Wrap(func(context.Context, int) (int, error) { panic("boom") })
	require.PanicsWithValue(t, "boom", func() { _, _ = e(t.Context(), 1) })
	p, ok := errors.AsType[*endpoint.PanicError](got)
	require.True(t, ok, "the error is %v", got)
	require.Equal(t, "boom", p.Value)
}

// TestPanicOfObserver guards that what one part has begun is ended when another
// panics: a gauge of calls in flight would never come down.
func TestPanicOfObserver(t *testing.T) {
	t.Parallel()
	boom := func() { panic("boom") }
	for _, tt := range []struct {
		name  string
		part  *probe
		lines []string
	}{
		{"in Begin", &probe{name: "B", onBegin: boom}, []string{
			"begin A in []", "begin B in [A]", "end A in [A]: INTERNAL true",
		}},
		{"in End", &probe{name: "B", onEnd: func(*observe.Observation) { boom() }}, []string{
			"begin A in []", "begin B in [A]", "begin C in [AB]", "end C in [ABC]: OK true", "end B in [ABC]: OK true", "end A in [ABC]: OK true",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rec := new(endpointtest.Recorder)
			tt.part.Recorder = rec
			layer := observe.New(&probe{Recorder: rec, name: "A"}, tt.part, &probe{Recorder: rec, name: "C"})
			require.PanicsWithValue(t, "boom", func() { _ = run(t.Context(), layer, 0, nil) })
			require.Equal(t, tt.lines, rec.Lines())
			tt.part.onBegin, tt.part.onEnd = nil, nil
			rec.Reset()
			require.NoError(t, run(t.Context(), layer, 0, nil), "the call after it")
			require.Len(t, rec.Lines(), 6)
		})
	}
}

// TestStream runs in a bubble.
func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var end observe.Observation
		part := &probe{Recorder: new(endpointtest.Recorder), name: "A", onEnd: func(o *observe.Observation) { end = *o }}
		e := observe.New(part).Wrap(func(context.Context, int) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				for i := range 3 {
					time.Sleep(time.Second)
					if !yield(i, nil) {
						return
					}
				}
			}, nil
		})
		ctx, _ := serving(t, watchOp, nil)
		for range 2 { // the second with a used state, if there were one
			s, err := e(ctx, 1)
			require.NoError(t, err)
			require.Empty(t, part.Lines(), "before the loop")
			for range s {
				time.Sleep(time.Second)
			}
			require.Equal(t, []string{
				"begin A in []", "item A first=true", "item A first=false", "item A first=false", "end A in [A]: OK true",
			}, part.Reset())
			require.Equal(t, time.Second, end.FirstItem)
			require.Equal(t, 6*time.Second, end.Duration)
		}
		s, _ := e(ctx, 1)
		for range s {
			break
		}
		require.Equal(t, endpoint.Canceled, end.Code, "of a reader that broke out")
		require.Equal(t, time.Second, end.Duration)
	})
}

// TestItemAfterEnd guards that a request's stream that is read after the call
// touches no other call: its state must not be used again.
func TestItemAfterEnd(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	items := map[*endpoint.Call]int{}
	part := &probe{Recorder: new(endpointtest.Recorder), onItem: func(o *observe.Observation) {
		mu.Lock()
		defer mu.Unlock()
		items[o.Call]++
	}}
	late := make(chan func())
	upload := observe.New(part).Wrap(func(_ context.Context, s endpoint.Stream[int]) (int, error) {
		started := make(chan struct{})
		go func() {
			release := make(chan struct{})
			n := 0
			for range s {
				if n++; n == 1 {
					close(started)
					late <- func() { close(release) }
					<-release
				}
			}
			late <- nil
		}()
		<-started
		return 1, nil
	})
	ctx, _ := serving(t, getOp, nil)
	done := make(chan error)
	go func() {
		_, err := upload(ctx, func(yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) })
		done <- err
	}()
	release := <-late
	require.NoError(t, <-done)
	other, _ := serving(t, getOp, nil)
	require.NoError(t, run(other, observe.New(part), 0, nil))
	release()
	<-late
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, 1, items[endpoint.CallFrom(ctx)], "none that is read after the end")
	require.Zero(t, items[endpoint.CallFrom(other)])
}

// TestBidi has items of both sides at once, for the race detector.
func TestBidi(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	firsts := 0
	part := &probe{Recorder: new(endpointtest.Recorder), onItem: func(o *observe.Observation) {
		mu.Lock()
		defer mu.Unlock()
		if o.FirstItem == 0 {
			firsts++
		}
	}}
	e := observe.New(part).Wrap(func(_ context.Context, in endpoint.Stream[int]) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() {
				for range in {
					runtime.Gosched()
				}
			})
			for i := range 100 {
				if !yield(i, nil) {
					return
				}
			}
		}, nil
	})
	out, err := e(t.Context(), func(yield func(int, error) bool) {
		for i := range 100 {
			if !yield(i, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	for range out {
		runtime.Gosched()
	}
	require.Equal(t, 1, firsts)
}

// TestAttempts has a call that is repeated: each attempt has its own Call.
func TestAttempts(t *testing.T) {
	t.Parallel()
	rec := new(endpointtest.Recorder)
	var calls []*endpoint.Call
	part := attemptProbe{&probe{Recorder: rec, name: "A", onEnd: func(o *observe.Observation) {
		rec.Log("attempt %d at %s", o.Call.Attempt(), o.Call.Peer())
		calls = append(calls, o.Call)
	}}}
	telemetry := observe.New(part, &probe{Recorder: rec, name: "B"})
	ctx, _ := calling(t, t.Context(), askOp, nil)
	e := bound(t, askOp, telemetry, thrice{}, telemetry.Attempts()).Wrap(func(ctx context.Context, n int) (int, error) {
		call := endpoint.CallFrom(ctx)
		(*endpoint.CallWriter)(call).SetPeer(fmt.Sprintf("10.0.0.%d", call.Attempt()))
		return n, errFailed
	})
	_, err := e(ctx, 1)
	require.ErrorIs(t, err, errFailed)
	require.Equal(t, []string{
		"begin A in []", "begin B in [A]",
		"begin A in [AB]", "end A in [ABA]: INTERNAL true", "attempt 1 at 10.0.0.1",
		"begin A in [AB]", "end A in [ABA]: INTERNAL true", "attempt 2 at 10.0.0.2",
		"begin A in [AB]", "end A in [ABA]: INTERNAL true", "attempt 3 at 10.0.0.3",
		"end B in [AB]: INTERNAL true", "end A in [AB]: INTERNAL true", "attempt 1 at 10.0.0.3",
	}, rec.Lines())
	require.Same(t, endpoint.CallFrom(ctx), calls[3])
	require.Len(t, slices.Compact(calls), 4, "each attempt has a Call of its own")
}

// TestHedges runs in a bubble: the loser's attempt is observed, too.
func TestHedges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := new(endpointtest.Recorder)
		part := attemptProbe{&probe{Recorder: rec, name: "A", onEnd: func(o *observe.Observation) {
			rec.Log("attempt %d took %v", o.Call.Attempt(), o.Duration)
		}}}
		telemetry := observe.New(part)
		ctx, _ := calling(t, t.Context(), askOp, nil)
		e := bound(t, askOp, telemetry, twice{}, telemetry.Attempts()).Wrap(func(ctx context.Context, n int) (int, error) {
			if endpoint.CallFrom(ctx).Attempt() == 1 {
				<-ctx.Done() // until the other one has won
				return 0, ctx.Err()
			}
			time.Sleep(time.Second)
			return n, nil
		})
		_, err := e(ctx, 1)
		require.NoError(t, err)
		synctest.Wait()
		lines := rec.Lines()
		require.Contains(t, lines, "attempt 2 took 1s")
		require.Contains(t, lines, "end A in [AA]: CANCELLED true")
		require.Equal(t, 3, count(lines, "begin"))
		require.Equal(t, 3, count(lines, "end"))
	})
}

func count(lines []string, prefix string) int {
	n := 0
	for _, l := range lines {
		if len(l) >= len(prefix) && l[:len(prefix)] == prefix {
			n++
		}
	}
	return n
}

// TestWrapFindsOperation has a Wrap that is called for several operations, which
// For told nothing of.
func TestWrapFindsOperation(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	made, seen := map[*endpoint.Operation]int{}, map[*endpoint.Operation]int{}
	part := &probe{Recorder: new(endpointtest.Recorder), declines: func(op *endpoint.Operation) bool {
		mu.Lock()
		defer mu.Unlock()
		made[op]++
		return false
	}, onEnd: func(o *observe.Observation) {
		mu.Lock()
		defer mu.Unlock()
		seen[o.Operation]++
	}}
	e := observe.New(part).Wrap(func(_ context.Context, n int) (int, error) { return n, nil })
	operations := []*endpoint.Operation{getOp, watchOp, {Name: "Put", Side: endpoint.ServerSide}}
	for _, op := range operations { // one after the other, so that none is made twice
		ctx, _ := serving(t, op, nil)
		_, _ = e(ctx, 1)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, op := range operations {
				ctx, _ := serving(t, op, nil)
				_, _ = e(ctx, 1)
			}
		})
	}
	wg.Wait()
	for _, op := range operations {
		require.Equal(t, 9, seen[op], op.Name)
		require.Equal(t, 1, made[op], op.Name)
	}
}

func TestForNobody(t *testing.T) {
	t.Parallel()
	part := &probe{declines: func(op *endpoint.Operation) bool { return op == getOp }}
	require.Nil(t, observe.New(part).For(getOp))
	require.NotNil(t, observe.New(part).For(watchOp))
	require.Nil(t, observe.New(part).Attempts().For(watchOp))
}

// TestNilOptions: a nil option is a fault of every constructor, beside the others.
func TestNilOptions(t *testing.T) {
	t.Parallel()
	log := discard(0)
	for want, got := range map[string]interface{ Err() error }{
		"observe: NewLogger: option 1 is nil":     observe.NewLogger(log, observe.Sample(1, 1), nil),
		"observe: Logger.Values: option 0 is nil": observe.NewLogger(log).Values(nil),
		"observe: NewSLO: option 0 is nil":        observe.NewSLO(observe.Objective{}, nil),
		"observe: NewStatsD: option 0 is nil":     observe.NewStatsD("localhost:8125", nil),
		"observe: New: part 1 is nil":             observe.New(observe.NewRequestIDs(), nil),
	} {
		require.EqualError(t, got.Err(), want)
	}
	err := observe.New(observe.NewLogger(nil, nil), nil).Err()
	require.EqualError(t, err, "observe: New: part 1 is nil\n"+
		"observe: NewLogger: the slog.Logger is nil\nobserve: NewLogger: option 0 is nil")
}

// A zeroPart is a zero value and its middleware.
type zeroPart struct {
	layer interface {
		endpoint.Resolver
		Err() error
		Role() string
	}
	wrap endpoint.Middleware[int, int]
	want string
}

func zero(l interface {
	endpoint.Resolver
	Err() error
	Role() string
}, wrap endpoint.Middleware[int, int], want string,
) zeroPart {
	return zeroPart{l, wrap, want}
}

// TestZeroParts: no method of a zero or a nil part panics, and each call is refused
// with a fault that names the constructor.
func TestZeroParts(t *testing.T) {
	t.Parallel()
	const noTelemetry = "observe: Telemetry: make it with New, or the part with its own constructor"
	var (
		telemetry observe.Telemetry
		logger    observe.Logger
		slo       observe.SLO
		vars      observe.Expvar
		statsd    observe.StatsD
		ids       observe.RequestIDs

		noLogger *observe.Logger
		noOne    *observe.Telemetry
	)
	for _, tt := range []zeroPart{
		zero(&telemetry, telemetry.Wrap, noTelemetry),
		zero(noOne, noOne.Wrap, noTelemetry),
		zero(telemetry.Attempts(), telemetry.Attempts().Wrap, noTelemetry),
		zero(noOne.Attempts(), noOne.Attempts().Wrap, noTelemetry),
		zero(&logger, logger.Wrap, "observe: Logger: make it with NewLogger"),
		zero(&slo, slo.Wrap, "observe: SLO: make it with NewSLO"),
		zero(&vars, vars.Wrap, "observe: Expvar: make it with NewExpvar"),
		zero(&statsd, statsd.Wrap, "observe: StatsD: make it with NewStatsD"),
		zero(&ids, ids.Wrap, "observe: RequestIDs: make it with NewRequestIDs"),
	} {
		require.EqualError(t, tt.layer.Err(), tt.want)
		_, err := endpoint.Chain(func(_ context.Context, n int) (int, error) { return n, nil }, tt.wrap)(t.Context(), 1)
		requireFault(t, tt.want, err)
		require.Contains(t, []string{"telemetry", "attempt-telemetry"}, tt.layer.Role())
		for _, l := range []endpoint.Layer{tt.layer, tt.layer.For(getOp)} {
			ctx, token, err := l.Enter(t.Context())
			requireFault(t, noTelemetry, err)
			require.Equal(t, t.Context(), ctx)
			require.ErrorIs(t, l.Exit(ctx, token, errFailed), errFailed)
			require.NoError(t, l.(endpoint.Streamer).Item(ctx, token))
		}
		endpointtest.Layer(t, tt.layer)
		if part, ok := tt.layer.(observe.Part); ok {
			all := observe.New(part)
			require.EqualError(t, all.Err(), tt.want)
			require.EqualError(t, all.Attempts().Err(), tt.want)
			_, _, err = all.For(getOp).Enter(t.Context())
			requireFault(t, tt.want, err)
			if o := part.Observe(getOp); o != nil {
				_, token := o.Begin(t.Context(), &observe.Observation{Operation: getOp})
				o.End(t.Context(), token, &observe.Observation{Operation: getOp})
			}
		}
	}
	require.EqualError(t, noLogger.Err(), "observe: Logger: make it with NewLogger")
	require.EqualError(t, (*observe.SLO)(nil).Err(), "observe: SLO: make it with NewSLO")
	require.EqualError(t, (*observe.Expvar)(nil).Err(), "observe: Expvar: make it with NewExpvar")
	require.EqualError(t, (*observe.StatsD)(nil).Err(), "observe: StatsD: make it with NewStatsD")
	require.EqualError(t, (*observe.RequestIDs)(nil).Err(), "observe: RequestIDs: make it with NewRequestIDs")
	require.EqualError(t, (*observe.Values)(nil).Err(), "observe: Values: make it with Logger.Values")

	happened, watched := endpoint.Event{Source: "test", Kind: "happened"}, func(func(endpoint.Gauge) bool) {}
	logger.Event(t.Context(), happened)
	require.Nil(t, logger.ObserveAttempts(getOp))
	vars.Event(t.Context(), happened)
	vars.Watch(watched)
	statsd.Watch(watched)
	for range 1000 {
		statsd.Event(t.Context(), happened)
	}
	require.EqualError(t, statsd.Run(t.Context()), "observe: StatsD: make it with NewStatsD")
	require.Empty(t, slo.Status())
	require.Empty(t, slo.Burning())
	require.Empty(t, slo.Metadata())
	for range slo.Gauges {
		t.Error("a zero SLO has no gauges")
	}
	require.Zero(t, new(observe.Observation).Start())
}

// TestZeroValues is the same for Values, which are no layer.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	e := func(_ context.Context, n int) (int, error) { return n, nil }
	_, err := endpoint.Chain(e, new(observe.Values).Wrap)(t.Context(), 1)
	requireFault(t, "observe: Values: make it with Logger.Values", err)
	_, err = endpoint.Chain(e, new(observe.Logger).Values().Wrap)(t.Context(), 1)
	requireFault(t, "observe: Logger: make it with NewLogger", err)
}

func requireFault(t *testing.T, want string, err error) {
	t.Helper()
	require.ErrorContains(t, err, want)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
}

func TestRoles(t *testing.T) {
	t.Parallel()
	telemetry := observe.New(observe.NewRequestIDs())
	require.Equal(t, "telemetry", telemetry.Role())
	require.Equal(t, "attempt-telemetry", telemetry.Attempts().Role())
	require.Equal(t, "telemetry", observe.NewLogger(discard(0)).Role())
}

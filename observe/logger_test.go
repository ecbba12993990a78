package observe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/observe"
)

// TestRecord runs in a bubble: the duration is exact.
func TestRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := newLog(slog.LevelInfo)
		logger := observe.NewLogger(log)
		ctx, w := serving(t, getOp, map[string][]string{
			"X-Request-Id": {"abc"},
			"Traceparent":  {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		})
		w.SetPeer("[2001:db8::1]:4711")
		w.SetStatus(404)
		w.AddBytes(3, 100)
		require.ErrorIs(t, run(ctx, logger.For(getOp), time.Second, errMissing.With("no profile: %w", errFailed)), errMissing)
		require.Equal(t, []map[string]any{{
			"level": "INFO", "msg": "call",
			"endpoint.operation": "Profiles.Get", "transport": "http", "side": "server",
			"http.request.method": "GET", "http.route": "/profiles/{id}", "http.response.status_code": 404.0,
			"http.request.body.size": 3.0, "http.response.body.size": 100.0,
			"rpc.response.status_code": "NOT_FOUND", "duration": "1s",
			"network.peer.address": "2001:db8::1", "network.peer.port": 4711.0,
			"request_id": "abc", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
			"error.type": "NOT_FOUND", "endpoint.error": "profiles/MISSING", "error.message": "no profile: failed",
		}}, out.records(t))
	})
}

// TestRecordOfPrincipal wants the principal in every record of a call, on any transport.
func TestRecordOfPrincipal(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelDebug)
	logger := observe.NewLogger(log)
	for _, op := range []*endpoint.Operation{getOp, onSide(getOp, endpoint.ClientSide), {Name: "Get", Transport: "grpc", Side: endpoint.ServerSide}} {
		ctx, _ := calling(t, t.Context(), op, nil)
		e := endpoint.Stack{logger.For(op)}.Wrap(endpoint.Chain(func(ctx context.Context, _ int) (int, error) {
			endpoint.CallFrom(ctx).SetPrincipal("ann")
			logger.Event(ctx, endpoint.Event{Source: "test", Kind: "happened"})
			return 1, nil
		}, logger.Values().Wrap))
		_, err := e(ctx, 1)
		require.NoError(t, err)
	}
	records := out.records(t)
	require.Len(t, records, 9)
	for _, record := range records {
		require.Equal(t, "ann", record["enduser.id"], "%v", record)
	}
}

type tenantKey struct{}

// TestAttrs has attributes of the program's own in all kinds of records.
func TestAttrs(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelDebug)
	calls := 0
	logger := observe.NewLogger(log, observe.Attrs(func(ctx context.Context) []slog.Attr {
		calls++
		tenant, _ := ctx.Value(tenantKey{}).(string)
		return []slog.Attr{
			slog.String("tenant", tenant), slog.Int("n", calls),
			{},
			slog.Group("room", slog.String("kind", endpoint.CallFrom(ctx).Header().Get("X-Kind"))),
			slog.String("long", strings.Repeat("x", 10_000)),
		}
	}))
	around := context.WithValue(t.Context(), tenantKey{}, "acme")
	ctx, _ := calling(t, around, getOp, map[string][]string{"X-Kind": {"single"}})
	layers := endpoint.Stack{logger.For(getOp), thrice{}, observe.New(logger).Attempts().For(getOp)}
	_, err := layers.Wrap(endpoint.Chain(func(ctx context.Context, _ int) (int, error) {
		logger.Event(ctx, endpoint.Event{Source: "test", Kind: "happened"})
		return 0, errFailed
	}, logger.Values().Wrap))(ctx, 1)
	require.ErrorIs(t, err, errFailed)
	records := out.records(t)
	require.Len(t, records, 10)
	for i, record := range records {
		require.Equal(t, "acme", record["tenant"], "%v", record)
		require.InDelta(t, i+1, record["n"], 0, "%v", record)
		require.Equal(t, map[string]any{"kind": "single"}, record["room"], "%v", record)
		require.Len(t, record["long"], 2<<10+len("…"))
	}
	require.Equal(t, "Profiles.Get", records[9]["endpoint.operation"])

	quiet, none := newLog(slog.LevelError)
	off := observe.NewLogger(quiet, observe.Attrs(func(context.Context) []slog.Attr { panic("for no record") }))
	require.NoError(t, run(ctx, off.For(getOp), 0, nil))
	require.Empty(t, none.text())
	require.ErrorContains(t, observe.NewLogger(log, observe.Attrs(nil)).Err(), "observe: NewLogger: Attrs: the function is nil")
}

// TestManyAttrs has more attributes than a record has room for.
func TestManyAttrs(t *testing.T) {
	t.Parallel()
	for n := range 40 {
		log, out := newLog(slog.LevelInfo)
		logger := observe.NewLogger(log, observe.Attrs(func(context.Context) []slog.Attr {
			var many []slog.Attr
			for i := range n {
				many = append(many, slog.Int("a"+strconv.Itoa(i), i))
			}
			return many
		}))
		ctx, _ := serving(t, getOp, nil)
		require.NoError(t, run(ctx, logger.For(getOp), 0, nil))
		record := out.records(t)[0]
		require.Equal(t, "OK", record["rpc.response.status_code"])
		for i := range n {
			require.InDelta(t, i, record["a"+strconv.Itoa(i)], 0)
		}
	}
}

func TestRecordOfRPC(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	op := &endpoint.Operation{Service: "Profiles", Name: "Get", Side: endpoint.ClientSide, Transport: "grpc", Method: "/pb.Profiles/Get"}
	ctx, w := calling(t, t.Context(), op, nil)
	w.SetPeer("unix-socket")
	w.SetStatus(5) // the number of the code
	w.AddBytes(3, 0)
	require.NoError(t, run(ctx, observe.NewLogger(log).For(op), 0, nil))
	record := out.records(t)[0]
	delete(record, "duration")
	require.Equal(t, map[string]any{
		"level": "INFO", "msg": "call", "endpoint.operation": "Profiles.Get", "transport": "grpc", "side": "client",
		"rpc.method": "pb.Profiles/Get", "rpc.response.status_code": "OK", "request.size": 3.0, "network.peer.address": "unix-socket",
	}, record)
}

func TestRecordInProcess(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	require.NoError(t, run(t.Context(), observe.NewLogger(log), 0, nil))
	record := out.records(t)[0]
	require.Contains(t, record, "duration")
	delete(record, "duration")
	require.Equal(t, map[string]any{"level": "INFO", "msg": "call", "rpc.response.status_code": "OK"}, record)
}

func TestLevel(t *testing.T) {
	t.Parallel()
	own := func(code endpoint.Code, reason string) error {
		return endpoint.Define(code|mark.Refusal, "endpoint", reason, "refused")
	}
	remote := endpoint.FromWire(endpoint.NotFound, "other", "GONE", "gone")
	for _, tt := range []struct {
		err            error
		server, client string
	}{
		{nil, "INFO", "INFO"},
		{context.Canceled, "INFO", "INFO"},
		{endpoint.ErrStopped, "INFO", "INFO"},
		{errMissing, "INFO", "WARN"},
		{endpoint.Errorf(endpoint.Unauthenticated, "who"), "INFO", "WARN"},
		{own(endpoint.ResourceExhausted, "RATE_LIMITED"), "WARN", "WARN"},
		{own(endpoint.Unavailable, "OUT_OF_CAPACITY"), "WARN", "WARN"},
		{errFailed, "ERROR", "WARN"},
		{context.DeadlineExceeded, "ERROR", "WARN"},
		{remote, "ERROR", "WARN"}, // not declared: it goes out as Internal
		{endpoint.Errorf(endpoint.Unavailable, "down"), "ERROR", "WARN"},
	} {
		for side, want := range map[endpoint.Side]string{endpoint.ServerSide: tt.server, endpoint.ClientSide: tt.client} {
			log, out := newLog(slog.LevelInfo)
			ctx, _ := calling(t, t.Context(), onSide(getOp, side), nil)
			_ = run(ctx, observe.NewLogger(log), 0, tt.err)
			require.Equal(t, want, out.records(t)[0]["level"], "%v on a %v", tt.err, side)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	logger := observe.NewLogger(log, observe.Levels(func(o *observe.Observation) slog.Level {
		if o.Code == endpoint.OK {
			return slog.LevelDebug
		}
		return observe.LevelOf(o)
	}))
	require.NoError(t, run(t.Context(), logger, 0, nil))
	require.Error(t, run(t.Context(), logger, 0, errFailed))
	require.Len(t, out.records(t), 1)
	require.ErrorContains(t, observe.NewLogger(log, observe.Levels(nil)).Err(), "Levels: the function is nil")
}

func TestPanicRecord(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	e := observe.NewLogger(log).Wrap(func(context.Context, int) (int, error) { panic("boom") })
	require.Panics(t, func() { _, _ = e(t.Context(), 1) })
	record := out.records(t)[0]
	require.Equal(t, "ERROR", record["level"])
	require.Equal(t, "panic: boom", record["error.message"])
	require.Contains(t, record["exception.stacktrace"], "TestPanicRecord")
}

func TestLongError(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	_ = run(t.Context(), observe.NewLogger(log), 0, fmt.Errorf("a%s", strings.Repeat("ü", 5000)))
	message, _ := out.records(t)[0]["error.message"].(string)
	require.Len(t, message, 2047+len("…"))
	require.True(t, strings.HasSuffix(message, "ü…"))
}

// TestRecordIsBounded has a peer, and events, with texts of any length: no value of a
// record has more than 2 KiB, and what a peer said does not control a terminal.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	long := "a\x1b[2J" + strings.Repeat("ü", 250_000)
	log, out := newLog(slog.LevelInfo)
	logger := observe.NewLogger(log)
	err := endpoint.FromWire(endpoint.Internal, long, long, long).WithCause(errors.New(long))
	_ = run(t.Context(), logger, 0, err)
	logger.Event(t.Context(), endpoint.Event{Source: long, Kind: long, Name: long, Detail: long, Err: errors.New(long)})
	_, _ = logger.Values(observe.ValueLevel(slog.LevelInfo)).Wrap(func(context.Context, string) (string, error) { return long, err })(t.Context(), long)
	records := out.records(t)
	require.Len(t, records, 3)
	for i, record := range records {
		for key, value := range record {
			text, _ := value.(string)
			require.LessOrEqual(t, len(text), 2048+len("…"), "record %d, %s", i, key)
			if i == 0 {
				require.NotContains(t, text, "\x1b", "record %d, %s", i, key)
			}
		}
	}
	require.Contains(t, records[0]["endpoint.error"], "a\ufffd[2Jüü")
}

// TestSampling runs in a bubble.
func TestSampling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := newLog(slog.LevelInfo)
		logger := observe.NewLogger(log, observe.Sample(2, 10))
		for range 35 {
			_ = run(t.Context(), logger, 0, nil)
		}
		skipped := func() (all []any) {
			for _, r := range out.records(t) {
				all = append(all, r["skipped"])
			}
			return all
		}
		require.Equal(t, []any{nil, nil, 9.0, 9.0, 9.0}, skipped(), "2 at first, then each tenth")
		for range 3 {
			_ = run(t.Context(), logger, 0, errFailed)
		}
		require.Len(t, out.records(t), 8, "no fault is left out")
		other := &endpoint.Operation{Name: "Other", Side: endpoint.ServerSide}
		ctx, _ := serving(t, other, nil)
		_ = run(ctx, logger, 0, nil)
		require.Len(t, out.records(t), 9, "another operation counts apart")
		time.Sleep(time.Second)
		_ = run(t.Context(), logger, 0, nil)
		require.InDelta(t, 3, skipped()[9], 0, "those of the second before")
	})
}

func TestSampleNone(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	logger := observe.NewLogger(log, observe.Sample(0, 0))
	_ = run(t.Context(), logger, 0, nil)
	_ = run(t.Context(), logger, 0, errFailed)
	require.Len(t, out.records(t), 1)
	require.ErrorContains(t, observe.NewLogger(log, observe.Sample(-1, 0)).Err(), "Sample: a number is negative")
}

func TestAttemptRecords(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelDebug)
	logger := observe.NewLogger(log, observe.Levels(func(*observe.Observation) slog.Level { return slog.LevelWarn }))
	ctx, _ := calling(t, t.Context(), askOp, nil)
	_, err := bound(t, askOp, logger, thrice{}, logger.Attempts()).Wrap(func(context.Context, int) (int, error) { return 0, errFailed })(ctx, 1)
	require.Error(t, err)
	var got []string
	for _, r := range out.records(t) {
		got = append(got, fmt.Sprint(r["level"], " ", r["msg"], " ", r["attempt"]))
	}
	require.Equal(t, []string{"DEBUG attempt 1", "DEBUG attempt 2", "DEBUG attempt 3", "WARN call <nil>"}, got)
}

func TestStreamRecord(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	e := observe.NewLogger(log).Wrap(func(context.Context, int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) { yield(1, nil) }, nil
	})
	s, err := e(t.Context(), 1)
	require.NoError(t, err)
	require.Empty(t, out.text(), "before the loop")
	for range s {
		require.Empty(t, out.text(), "in the loop")
	}
	took, err := time.ParseDuration(out.records(t)[0]["first_item"].(string)) //nolint:forcetypeassert // it fails the test
	require.NoError(t, err)
	require.Positive(t, took)
}

func TestTraceparent(t *testing.T) {
	t.Parallel()
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, tt := range []struct {
		header string
		valid  bool
	}{
		{"00-" + trace + "-" + span + "-01", true},
		{"00-" + trace + "-" + span + "-00", true},
		{"cc-" + trace + "-" + span + "-01-what-the-future-will-be", true},
		{"cc-" + trace + "-" + span + "-01.what", false},
		{"00-" + trace + "-" + span + "-01-more", false},
		{"ff-" + trace + "-" + span + "-01", false},
		{"00-" + strings.Repeat("0", 32) + "-" + span + "-01", false},
		{"00-" + trace + "-" + strings.Repeat("0", 16) + "-01", false},
		{"00-" + strings.ToUpper(trace) + "-" + span + "-01", false},
		{"00-" + trace + "-" + span + "-0x", false},
		{"00-" + trace + "-" + span, false},
		{"", false},
		{strings.Repeat("\n", 55), false},
	} {
		log, out := newLog(slog.LevelInfo)
		ctx, _ := serving(t, getOp, map[string][]string{"Traceparent": {tt.header}})
		_ = run(ctx, observe.NewLogger(log), 0, nil)
		record := out.records(t)[0]
		if tt.valid {
			require.Equal(t, trace+span, fmt.Sprint(record["trace_id"], record["span_id"]), tt.header)
		} else {
			require.NotContains(t, record, "trace_id", tt.header)
		}
	}
}

func TestTraceIDs(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	tracer := &probe{Recorder: discarded(), name: "T"}
	logger := observe.NewLogger(log, observe.TraceIDs(func(ctx context.Context) (string, string) {
		span, _ := ctx.Value(probeKey{}).(string)
		return "trace", span
	}))
	_ = run(t.Context(), observe.New(tracer, logger), 0, nil)
	record := out.records(t)[0]
	require.Equal(t, "trace T", fmt.Sprint(record["trace_id"], " ", record["span_id"]))
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, sent string
		kept       bool
	}{
		{"kept", "abc-123", true},
		{"made", "", false},
		{"of a line break", "abc\ndef", false},
		{"of a space", "a b", false},
		{"too long", strings.Repeat("x", 129), false},
		{"longest", strings.Repeat("x", 128), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, out := newLog(slog.LevelInfo)
			layer := observe.New(observe.NewRequestIDs(), observe.NewLogger(log))
			ctx, _ := serving(t, getOp, map[string][]string{"X-Request-Id": {tt.sent}})
			var inside, onward string
			e := layer.Wrap(func(ctx context.Context, n int) (int, error) {
				inside = observe.RequestID(ctx)
				ctx, _ = calling(t, ctx, askOp, nil)
				_ = run(ctx, layer, 0, nil)
				onward = endpoint.CallFrom(ctx).Header().Get("X-Request-Id")
				return n, nil
			})
			_, err := e(ctx, 1)
			require.NoError(t, err)
			require.Equal(t, tt.kept, inside == tt.sent && tt.sent != "")
			require.NotEmpty(t, inside)
			require.Equal(t, inside, onward)
			require.Equal(t, inside, endpoint.CallFrom(ctx).Reply().Get("X-Request-Id"))
			for _, r := range out.records(t) {
				require.Equal(t, inside, r["request_id"])
			}
		})
	}
	require.Empty(t, observe.RequestID(t.Context()))
	ctx, _ := calling(t, t.Context(), askOp, map[string][]string{"X-Request-Id": {"mine"}})
	_ = run(ctx, observe.NewRequestIDs(), 0, nil)
	require.Equal(t, "mine", endpoint.CallFrom(ctx).Header().Get("X-Request-Id"), "a client's own id stands")
}

func TestEvent(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelInfo)
	logger := observe.NewLogger(log)
	logger.Event(t.Context(), endpoint.Event{
		Source: "breaker", Name: "db", Kind: "opened", Operation: getOp, Detail: "10.0.0.1:80", Delay: time.Second, Err: errFailed,
	})
	logger.Event(t.Context(), endpoint.Event{Source: "pool", Kind: "updated"})
	require.Equal(t, []map[string]any{
		{
			"level": "WARN", "msg": "event", "endpoint.source": "breaker", "endpoint.kind": "opened", "endpoint.name": "db", "endpoint.detail": "10.0.0.1:80", "delay": "1s",
			"endpoint.operation": "Profiles.Get", "error.type": "INTERNAL", "error.message": "failed",
		},
		{"level": "INFO", "msg": "event", "endpoint.source": "pool", "endpoint.kind": "updated"},
	}, out.records(t))

	log, out = newLog(slog.LevelError)
	observe.NewLogger(log).Event(t.Context(), endpoint.Event{Source: "pool", Kind: "updated"})
	require.Empty(t, out.text())
}

// TestNoValues guards that a record of a call has nothing of its request, its
// response, its headers or its path.
func TestNoValues(t *testing.T) {
	t.Parallel()
	type login struct{ User, Password string }
	log, out := newLog(slog.LevelDebug)
	e := observe.NewLogger(log).Wrap(func(_ context.Context, l login) (login, error) { return l, nil })
	ctx, _ := serving(t, getOp, map[string][]string{"Authorization": {"Bearer hunter2"}, "Cookie": {"hunter2"}})
	_, err := e(ctx, login{"ann", "hunter2"})
	require.NoError(t, err)
	require.NotContains(t, out.text(), "hunter2")
	require.NotContains(t, out.text(), "ann")
}

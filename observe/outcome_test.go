package observe_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/observe"
)

var (
	errSlowBody = endpoint.Define(endpoint.DeadlineExceeded, "endpoint", "SLOW_BODY", "the body came too slowly")
	errTooLate  = endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "TOO_LATE_HERE", "too late")
)

// statusOf has a status of its own for one error, as an operation over HTTP.
func statusOf(e *endpoint.Error) int {
	if e.Is(errSlowBody) {
		return 408
	}
	return e.Code().HTTPStatus()
}

// refusing is a layer that refuses every call.
func refusing(err error) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, err })
}

// TestBlame has calls end in ways that are, and are not, faults of a server: what an
// SLO counts and at which level a Logger writes. It sleeps in a bubble.
func TestBlame(t *testing.T) {
	t.Parallel()
	const good, bad, uncounted = "good", "bad", ""
	fair := observe.FairTime(100 * time.Millisecond)
	for name, tt := range map[string]struct {
		given  time.Duration // by the caller
		err    error         // nil for one that hangs
		inside endpoint.Layer
		opts   []observe.FairTimeOption
		counts string
		level  string
	}{
		"hangs, a short deadline":              {given: 500 * time.Millisecond, counts: uncounted, level: "INFO"},
		"hangs, a fair deadline":               {given: time.Second, counts: bad, level: "ERROR"},
		"hangs, a fair deadline by the option": {given: 200 * time.Millisecond, opts: []observe.FairTimeOption{fair}, counts: bad, level: "ERROR"},
		"hangs, a short one by the option":     {given: 50 * time.Millisecond, opts: []observe.FairTimeOption{fair}, counts: uncounted, level: "INFO"},
		"refused, a short deadline":            {given: 500 * time.Millisecond, inside: refusing(errTooLate), counts: uncounted, level: "WARN"},
		"refused, a fair deadline":             {given: time.Second, inside: refusing(errTooLate), counts: bad, level: "WARN"},
		"a slow body":                          {given: time.Hour, err: errSlowBody, counts: good, level: "INFO"},
		"a slow body, no deadline":             {err: errSlowBody, counts: good, level: "INFO"},
		"fails by itself":                      {given: 500 * time.Millisecond, err: errFailed, counts: bad, level: "ERROR"},
		"passes on a limit":                    {err: endpoint.FromWire(endpoint.ResourceExhausted, "", "", "slow down"), counts: good, level: "INFO"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				op := *getOp
				op.StatusOf = statusOf
				log, out := newLog(slog.LevelInfo)
				var ofSLO []observe.SLOOption
				var ofLog []observe.LogOption
				for _, o := range tt.opts {
					ofSLO, ofLog = append(ofSLO, o), append(ofLog, o)
				}
				slo := newSLO(t, ofSLO...)
				layers := []endpoint.Layer{observe.New(observe.NewLogger(log, ofLog...), slo)}
				if tt.inside != nil {
					layers = append(layers, tt.inside)
				}
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if tt.given > 0 {
					ctx, cancel = context.WithTimeout(ctx, tt.given)
				}
				defer cancel()
				ctx, _ = calling(t, ctx, &op, nil)
				_, err := bound(t, &op, layers...).Wrap(func(ctx context.Context, _ int) (int, error) {
					if tt.err == nil {
						<-ctx.Done()
						return 0, ctx.Err()
					}
					return 0, tt.err
				})(ctx, 0)
				require.Error(t, err)
				s := slo.Status()[0]
				got := map[[2]uint64]string{{0, 0}: uncounted, {1, 0}: good, {1, 1}: bad}[[2]uint64{s.Availability.Total, s.Availability.Bad}]
				require.Equal(t, tt.counts, got)
				require.Equal(t, tt.level, out.records(t)[0]["level"])
			})
		})
	}
}

// TestFairTimeFaults: the time must be positive.
func TestFairTimeFaults(t *testing.T) {
	t.Parallel()
	require.EqualError(t, observe.NewSLO(observe.Objective{Availability: 0.9}, observe.FairTime(0)).Err(), "observe: NewSLO: FairTime: 0s is not positive")
	require.EqualError(t, observe.NewLogger(discard(slog.LevelInfo), observe.FairTime(-1)).Err(), "observe: NewLogger: FairTime: -1ns is not positive")
}

// TestReportedCode compares what is reported of a call with what goes out.
func TestReportedCode(t *testing.T) {
	t.Parallel()
	gone := endpoint.FromWire(endpoint.NotFound, "other", "GONE", "gone")
	for name, tt := range map[string]struct {
		err            error
		server, client string
	}{
		"of another service":           {gone, "INTERNAL", "NOT_FOUND"},
		"of another service, declared": {endpoint.FromWire(endpoint.NotFound, "profiles", "MISSING", ""), "NOT_FOUND", "NOT_FOUND"},
		"of this service":              {errMissing, "NOT_FOUND", "NOT_FOUND"},
		"none":                         {nil, "OK", "OK"},
	} {
		for side, want := range map[endpoint.Side]string{endpoint.ServerSide: tt.server, endpoint.ClientSide: tt.client} {
			log, out := newLog(slog.LevelInfo)
			ctx, _ := calling(t, t.Context(), onSide(getOp, side), nil)
			_ = run(ctx, observe.NewLogger(log), 0, tt.err)
			require.Equal(t, want, out.records(t)[0]["rpc.response.status_code"], "%s, on a %v", name, side)
		}
	}
}

package endpoint_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// racer is a hedge that lets so many attempts start, and logs what it is asked.
type racer struct {
	hedge
	lets int
	log  *endpointtest.Recorder
}

func (r *racer) Start(_ context.Context, started int) bool {
	r.log.Log("start after %d", started)
	return started < r.lets
}

func (r *racer) Settle(_ context.Context, took time.Duration, err error) {
	r.log.Log("settle after %v: %v", took, err)
}

func TestRacer(t *testing.T) {
	t.Parallel()
	const s = time.Second
	slow := func(d time.Duration, err error) attempt { return attempt{takes: d, err: err} }
	for _, tt := range []struct {
		name     string
		lets     int
		attempts []attempt
		limit    time.Duration
		err      error
		want     []string
	}{
		{"at once", 9, []attempt{slow(s/2, nil)}, 0, nil, []string{"settle after 500ms: <nil>"}},
		{"after another", 9, []attempt{slow(9*s, nil), slow(s/2, nil)}, 0, nil, []string{"start after 1", "settle after 1.5s: <nil>"}},
		{"not let", 1, []attempt{slow(9*s, nil)}, 0, nil, []string{"start after 1", "settle after 9s: <nil>"}},
		{"not let to go on", 2, []attempt{slow(9*s, nil), slow(7*s, errTest)}, 0, nil, []string{"start after 1", "start after 2", "settle after 9s: <nil>"}},
		{"failures", 2, []attempt{slow(3*s, errSlow), slow(s, errTest)}, 0, errSlow, []string{"start after 1", "start after 2", "settle after 3s: slow failure"}},
		{"the caller leaves", 1, []attempt{slow(9*s, nil)}, 2 * s, context.DeadlineExceeded, []string{"start after 1", "settle after 2s: context deadline exceeded"}},
	} {
		for _, only := range []bool{false, true} {
			for _, kind := range []endpoint.StreamKind{endpoint.Unary, endpoint.ServerStream} {
				t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						ctx := t.Context()
						if tt.limit > 0 {
							limited, cancel := context.WithTimeout(ctx, tt.limit)
							defer cancel()
							ctx = limited
						}
						h := hedged{attempts: tt.attempts, exits: new(endpointtest.Recorder)}
						log := new(endpointtest.Recorder)
						var l endpoint.Layer = &racer{hedge{max: 3}, tt.lets, log}
						if only {
							l = endpoint.Only(l, always)
						}
						if _, err := h.race(ctx, l, kind); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
							t.Errorf("the call = %v, want %v", err, tt.err)
						}
						if got := log.Lines(); !slices.Equal(got, tt.want) {
							t.Errorf("the racer logs %q, want %q", got, tt.want)
						}
						time.Sleep(time.Minute) // the losers end
					})
				})
			}
		}
	}
}

// race makes a call under one layer.
func (h *hedged) race(ctx context.Context, l endpoint.Layer, kind endpoint.StreamKind) (int, error) {
	if kind == endpoint.Unary {
		return endpoint.Stack{l}.Wrap(func(ctx context.Context, _ int) (int, error) { return h.one(ctx) })(ctx, 7)
	}
	s, err := endpoint.Stack{l}.Wrap(func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) { yield(h.one(ctx)) }, nil
	})(ctx, 7)
	if err != nil {
		return 0, err
	}
	items, err := s.Collect()
	return len(items), err
}

// An answer that is there when the caller's context ends counts.
func TestHedgerSuccessRacesCancel(t *testing.T) {
	t.Parallel()
	for range 50 { // as chance had it, one in two was lost
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			e := endpoint.Stack{&hedge{max: 2}}.Wrap(func(_ context.Context, n int) (int, error) {
				time.Sleep(time.Second / 2)
				return n, nil
			})
			// The reader is held up until both are there.
			held := endpoint.Stack{slowDelay{}}.Wrap(func(context.Context, int) (int, error) { cancel(); return 7, nil })
			if n, err := held(ctx, 7); n != 7 || err != nil {
				t.Errorf("a call whose answer is there = %d, %v", n, err)
			}
			if _, err := e(ctx, 7); !errors.Is(err, context.Canceled) {
				t.Errorf("a call without an answer = %v", err)
			}
			time.Sleep(time.Minute)
		})
	}
}

// slowDelay is a Hedger that keeps the reader of results away for a while.
type slowDelay struct{ idle }

// Delay takes a second of the bubble, in which attempts end.
func (slowDelay) Delay(context.Context, int) (time.Duration, bool) {
	time.Sleep(time.Second)
	return 0, false
}

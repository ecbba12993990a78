package resilience_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

func TestShedLaws(t *testing.T) {
	t.Parallel()
	endpointtest.Layer(t, resilience.NewShed())
	endpointtest.Layer(t, resilience.NewShed(resilience.Limits(0, 1)))
}

// TestShedShares: each priority fills its part of the limit, and no more.
func TestShedShares(t *testing.T) {
	t.Parallel()
	shed := resilience.NewShed(resilience.Limits(100, 100))
	running := 0
	for _, tt := range []struct {
		p    resilience.Priority
		want int
	}{
		{resilience.Sheddable, 30}, {resilience.SheddablePlus, 50}, {resilience.Critical, 90}, {resilience.CriticalPlus, 100},
	} {
		ctx := resilience.WithPriority(t.Context(), tt.p)
		for {
			_, _, err := shed.Enter(ctx)
			if err != nil {
				if !errors.Is(err, resilience.ErrOutOfCapacity) || endpoint.CodeOf(err) != endpoint.Unavailable {
					t.Errorf("refused with %v, want ErrOutOfCapacity", err)
				}
				break
			}
			running++
		}
		if running != tt.want {
			t.Errorf("%d calls run when the first %v call is refused, want %d", running, tt.p, tt.want)
		}
	}
	if got := gauges(shed)["permits_in_use"]; got != 100 {
		t.Errorf("permits_in_use = %v, want 100", got)
	}
}

// TestShedGivesPlacesBack: however a call ends.
func TestShedGivesPlacesBack(t *testing.T) {
	t.Parallel()
	shed := resilience.NewShed(resilience.Limits(1, 1))
	ends := map[string]func(){
		"success": func() {},
		"panic":   func() { panic("failed") },
	}
	for name, end := range ends {
		e := shed.Wrap(func(context.Context, int) (int, error) {
			end()
			return 0, errors.New("failed")
		})
		for range 3 {
			func() {
				defer func() { _ = recover() }()
				if _, err := e(t.Context(), 1); errors.Is(err, resilience.ErrOutOfCapacity) {
					t.Errorf("after a %s the place is still taken", name)
				}
			}()
		}
	}
	if got := gauges(shed)["permits_in_use"]; got != 0 {
		t.Errorf("permits_in_use = %v at the end", got)
	}
}

// calls makes n calls under the timeout, 0 for none, and returns how many ran,
// and the last refusal.
func calls(ctx context.Context, n int, timeout time.Duration, e endpoint.Endpoint[endpoint.Empty, endpoint.Empty]) (ran int, err error) {
	for range n {
		ctx, cancel := ctx, context.CancelFunc(func() {})
		if timeout > 0 {
			ctx, cancel = context.WithTimeout(ctx, timeout)
		}
		if _, refused := e(ctx, endpoint.Empty{}); errors.Is(refused, resilience.ErrTooLate) {
			err = refused
		} else {
			ran++
		}
		cancel()
	}
	return ran, err
}

func TestShedTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := 100 * time.Millisecond
		e := resilience.NewShed().Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
			time.Sleep(work) // in the bubble
			return endpoint.Empty{}, ctx.Err()
		})
		over, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		time.Sleep(time.Millisecond)
		if _, err := e(over, endpoint.Empty{}); !errors.Is(err, resilience.ErrTooLate) {
			t.Errorf("a call whose deadline has passed: %v", err)
		}
		if ran, _ := calls(t.Context(), 20, time.Second, e); ran != 20 {
			t.Errorf("%d of 20 calls with time enough ran", ran)
		}
		ran, err := calls(t.Context(), 20, 50*time.Millisecond, e)
		if ran != 0 {
			t.Errorf("%d of 20 calls with half the time ran", ran)
		}
		if !errors.Is(err, context.DeadlineExceeded) || endpoint.CodeOf(err) != endpoint.DeadlineExceeded {
			t.Errorf("refused with %v, want the code DeadlineExceeded", err)
		}
		if endpoint.Retryable(err) || endpoint.ServerFault(err) {
			t.Errorf("%v is retryable or a fault of the server", err)
		}
		// Nobody would learn that it got faster, if nobody was let through.
		work = 10 * time.Millisecond
		time.Sleep(time.Second)
		if ran, _ := calls(t.Context(), 20, 50*time.Millisecond, e); ran != 20 {
			t.Errorf("a second later, %d of 20 calls that are fast now ran", ran)
		}
	})
}

// TestShedTooLateTries: while nothing gets through, one call a second tries.
func TestShedTooLateTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work, ran := 100*time.Millisecond, 0
		e := resilience.NewShed().Wrap(func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
			ran++
			time.Sleep(work) // in the bubble
			return endpoint.Empty{}, ctx.Err()
		})
		if _, err := calls(t.Context(), 20, 0, e); err != nil {
			t.Fatal(err)
		}
		ran = 0
		for range 500 {
			_, _ = calls(t.Context(), 1, 50*time.Millisecond, e)
			time.Sleep(10 * time.Millisecond)
		}
		if ran < 3 || ran > 6 {
			t.Errorf("%d calls tried in 5 s, want about one a second", ran)
		}
	})
}

// TestShedStreams: a stream that stays open takes no place, and its time is none
// that a call takes.
func TestShedStreams(t *testing.T) {
	t.Parallel()
	shed := resilience.NewShed(resilience.Limits(1, 1))
	streaming := shed.For(&endpoint.Operation{Name: "Watch", Streams: endpoint.ServerStream})
	unary := shed.For(&endpoint.Operation{Name: "Get"})
	ctx, open, err := streaming.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, tok, err := unary.Enter(t.Context())
	if err != nil {
		t.Fatalf("a call beside an open stream: %v", err)
	}
	if _, _, err := streaming.Enter(t.Context()); !errors.Is(err, resilience.ErrOutOfCapacity) {
		t.Errorf("a stream when the limit is reached: %v, want ErrOutOfCapacity", err)
	}
	_ = unary.Exit(t.Context(), tok, nil)
	_ = streaming.Exit(ctx, open, nil)
	ticks := shed.Wrap(func(context.Context, endpoint.Empty) (endpoint.Stream[int], error) {
		return endpoint.StreamOf(1, 2), nil
	})
	stream, _ := ticks(t.Context(), endpoint.Empty{})
	for range stream {
		if got := gauges(shed)["permits_in_use"]; got != 0 {
			t.Errorf("a wrapped stream takes %v places", got)
		}
	}
	if got := gauges(shed)["permits_in_use"]; got != 0 {
		t.Errorf("permits_in_use = %v at the end", got)
	}
}

func TestShedEventsAndGauges(t *testing.T) {
	t.Parallel()
	var events []endpoint.Event
	shed := resilience.NewShed(resilience.Limits(1, 1), resilience.Named("front"),
		resilience.OnEvent(func(_ context.Context, e endpoint.Event) { events = append(events, e) }))
	op := &endpoint.Operation{Name: "Get"}
	l := shed.For(op)
	if shed.For(op) != l {
		t.Error("an operation has two states")
	}
	ctx, tok, _ := l.Enter(t.Context())
	_, _, _ = l.Enter(resilience.WithPriority(t.Context(), resilience.Sheddable))
	_ = l.Exit(ctx, tok, nil)
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, _, _ = l.Enter(over)
	want := []endpoint.Event{
		{Source: "shed", Name: "front", Kind: "rejected", Operation: op, Detail: "SHEDDABLE", Err: resilience.ErrOutOfCapacity},
		{Source: "shed", Name: "front", Kind: "rejected", Operation: op, Detail: "deadline", Err: resilience.ErrTooLate},
	}
	if !slices.Equal(events, want) {
		t.Errorf("events %+v, want %+v", events, want)
	}
	var metrics []string
	for g := range shed.Gauges {
		if g.Source != "shed" || g.Name != "front" {
			t.Errorf("gauge %+v, want the source shed and the name front", g)
		}
		metrics = append(metrics, g.Metric)
	}
	if want := []string{"permits", "permits_in_use", "stretch", "usual_seconds"}; !slices.Equal(metrics, want) {
		t.Errorf("gauges %q, want %q", metrics, want)
	}
	for range shed.Gauges {
		break // the first is enough
	}
}

// TestShedFairTime has most callers give up: with a fair time that is a sign of
// overload, and otherwise it is not. It sleeps in a bubble.
func TestShedFairTime(t *testing.T) {
	t.Parallel()
	const takes = 20 * time.Millisecond
	for name, tt := range map[string]struct {
		given    time.Duration // by the callers who give up
		learned  bool          // what calls take at best is known
		canceled bool          // the callers cancel their calls
		opts     []resilience.ShedOption
		overload bool
	}{
		"too short":                   {given: 100 * time.Millisecond},
		"fair":                        {given: time.Second, overload: true},
		"fair for an option":          {given: 100 * time.Millisecond, opts: []resilience.ShedOption{resilience.FairTime(100 * time.Millisecond)}, overload: true},
		"three times what calls take": {given: 3*takes + time.Millisecond, learned: true, overload: true},
		"less than that":              {given: 2 * takes, learned: true},
		"canceled too soon":           {given: 100 * time.Millisecond, canceled: true},
		"canceled after a fair time":  {given: time.Second, canceled: true, overload: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shed := resilience.NewShed(tt.opts...)
				if shed.Err() != nil {
					t.Fatal(shed.Err())
				}
				e := shed.Wrap(func(ctx context.Context, hangs bool) (int, error) {
					if !hangs {
						time.Sleep(takes)
						return 0, nil
					}
					<-ctx.Done()
					return 0, ctx.Err()
				})
				if tt.learned {
					for range 20 {
						_, _ = e(t.Context(), false)
					}
				}
				for range 200 {
					ctx := received(t, tt.given)
					if tt.canceled {
						own, cancel := context.WithCancel(t.Context())
						time.AfterFunc(tt.given, cancel)
						ctx = own
					}
					_, _ = e(ctx, true)
				}
				// 4 is what counts at least when most callers gave up.
				if got := gauges(shed)["stretch"]; got >= 4 != tt.overload {
					t.Errorf("the stretch is %v, want a sign of overload: %v", got, tt.overload)
				}
			})
		})
	}
}

// TestShedUsual checks that the usual time follows what calls take little by little,
// and starts anew after a second without a success.
func TestShedUsual(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shed := resilience.NewShed()
		layer := shed.For(&endpoint.Operation{Streams: endpoint.Unary})
		call := func(took time.Duration) {
			ctx, token, err := layer.Enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(took)
			_ = layer.Exit(ctx, token, nil)
		}
		usual := func() float64 { return gauges(shed)["usual_seconds"] }
		call(100 * time.Millisecond)
		time.Sleep(700 * time.Millisecond)
		call(100 * time.Millisecond)
		call(300 * time.Millisecond)
		if got := usual(); got <= 0.1 || got >= 0.2 {
			t.Errorf("usual_seconds = %v after 0.1, 0.1 and 0.3, want a little more than 0.1", got)
		}
		time.Sleep(time.Second)
		call(300 * time.Millisecond)
		if got := usual(); got < 0.299 || got > 0.301 {
			t.Errorf("usual_seconds = %v after a pause and 0.3, want 0.3", got)
		}
	})
}

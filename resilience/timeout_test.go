package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// Each way for a call to end, in a bubble.
func TestTimeout(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	after := func(d time.Duration, err error) func(context.Context) error {
		return func(context.Context) error { time.Sleep(d); return err }
	}
	cause := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	remote := endpoint.FromWire(endpoint.DeadlineExceeded, "", "", "too late")
	for _, tt := range []struct {
		name     string
		do       func(context.Context) error
		deadline time.Duration // of the caller; 0 for none
		cancel   time.Duration // when the caller gives up; 0 for never
		own      bool          // the error is an ErrTimeout
		code     endpoint.Code
		took     time.Duration
	}{
		{"a backend that hangs", hang, 0, 0, true, endpoint.DeadlineExceeded, time.Second},
		{"a backend that hangs and tells the cause", cause, 0, 0, true, endpoint.DeadlineExceeded, time.Second},
		{"a later deadline of the caller", hang, 2 * time.Second, 0, true, endpoint.DeadlineExceeded, time.Second},
		{"an earlier deadline of the caller", hang, time.Second / 2, 0, false, endpoint.DeadlineExceeded, time.Second / 2},
		{"the same deadline", hang, time.Second, 0, false, endpoint.DeadlineExceeded, time.Second},
		{"a caller that gives up", hang, 0, time.Second / 2, false, endpoint.Canceled, time.Second / 2},
		{"a success in time", after(time.Second/2, nil), 0, 0, false, endpoint.OK, time.Second / 2},
		{"a success that is late", after(2*time.Second, nil), 0, 0, false, endpoint.OK, 2 * time.Second},
		{"a failure in time", after(0, failed), 0, 0, false, endpoint.Internal, 0},
		{"another failure that is late", after(2*time.Second, failed), 0, 0, false, endpoint.Internal, 2 * time.Second},
		{"a deadline of its own, in time", after(0, context.DeadlineExceeded), 0, 0, false, endpoint.DeadlineExceeded, 0},
		{"a deadline of the server, in time", after(time.Second/2, remote), 0, 0, false, endpoint.DeadlineExceeded, time.Second / 2},
		{"a deadline of the server, rounded down", after(time.Second-time.Millisecond, remote), 0, 0, true, endpoint.DeadlineExceeded, time.Second - time.Millisecond},
		{"a deadline of the server, after ours", after(time.Second+time.Millisecond, remote), 0, 0, true, endpoint.DeadlineExceeded, time.Second + time.Millisecond},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", tt.name, stream), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if tt.deadline > 0 {
						limited, cancel := context.WithTimeout(ctx, tt.deadline)
						defer cancel()
						ctx = limited
					}
					if tt.cancel > 0 {
						time.AfterFunc(tt.cancel, cancel)
					}
					log := new(endpointtest.Recorder)
					policy := resilience.NewTimeout(time.Second, resilience.OnEvent(logged(log)))
					start := time.Now()
					err := run(ctx, stream, policy, tt.do)
					if took := time.Since(start); took != tt.took {
						t.Errorf("it took %v, want %v", took, tt.took)
					}
					if errors.Is(err, resilience.ErrTimeout) != tt.own || endpoint.CodeOf(err) != tt.code {
						t.Errorf("the call = %v (%v), want one of the Timeout: %v, code %v", err, endpoint.CodeOf(err), tt.own, tt.code)
					}
					if tt.code == endpoint.DeadlineExceeded && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%v is no context.DeadlineExceeded", err)
					}
					if told := len(log.Lines()) > 0; told != tt.own {
						t.Errorf("the events are %q, want one: %v", log.Lines(), tt.own)
					}
				})
			})
		}
	}
}

// run makes one call, or one range over a stream of one item, under a layer.
func run(ctx context.Context, stream bool, l endpoint.Layer, do func(context.Context) error) error {
	if !stream {
		_, err := endpoint.Stack{l}.Wrap(func(ctx context.Context, n int) (int, error) { return n, do(ctx) })(ctx, 7)
		return err
	}
	s, err := endpoint.Stack{l}.Wrap(func(ctx context.Context, n int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) { yield(n, do(ctx)) }, nil
	})(ctx, 7)
	if err != nil {
		return err
	}
	_, err = s.Collect()
	return err
}

// What the call itself returned stays to be found.
func TestTimeoutKeepsCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failed := errors.New("query aborted")
		e := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
			return n, endpoint.MarkMaybeSent(fmt.Errorf("%w: %w", failed, hang(ctx)))
		}, resilience.NewTimeout(time.Second).Wrap)
		_, err := e(t.Context(), 1)
		if !errors.Is(err, failed) || !endpoint.MaybeSent(err) || !strings.HasPrefix(err.Error(), "not done within 1s: query aborted") {
			t.Errorf("the error is %v, want the call's with its mark inside", err)
		}
		if got := endpoint.ErrorOf(err).Message(); got != "not done within 1s" {
			t.Errorf("the caller is told %q", got)
		}
	})
}

// The next hop is told of the deadline. failsafe-go's Timeout sets none: it
// cancels when the time is up, and a server goes on until it hears of that.
func TestTimeoutNextHop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var left atomic.Int64
		conn := served(t, allOf(func(ctx context.Context) error {
			left.Store(-1)
			if d, ok := ctx.Deadline(); ok {
				left.Store(int64(time.Until(d)))
			}
			return nil
		}))
		c := client(t, conn, resilience.NewTimeout(2*time.Second))
		if _, err := c.Read(t.Context(), ask{1}); err != nil || left.Load() != int64(2*time.Second) {
			t.Errorf("the server has %v left (%v), want 2s", time.Duration(left.Load()), err)
		}
		bare := client(t, conn)
		naive := failsafe.With(timeout.New[told](2 * time.Second)).WithContext(t.Context())
		_, err := naive.GetWithExecution(func(x failsafe.Execution[told]) (told, error) { return bare.Read(x.Context(), ask{1}) })
		if err != nil || left.Load() != -1 {
			t.Errorf("behind failsafe-go's Timeout the server has %v left (%v), want no deadline", time.Duration(left.Load()), err)
		}
	})
}

// A client and its server see the time pass at the same moment. Whichever is
// first, it is the Timeout's.
func TestTimeoutNextHopIsLate(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{time.Second, time.Second + time.Microsecond, time.Second + 999*time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			c := client(t, served(t, allOf(hang)), resilience.NewTimeout(d))
			if _, err := c.Read(t.Context(), ask{1}); !errors.Is(err, resilience.ErrTimeout) || endpoint.ErrorOf(err).Remote() {
				t.Errorf("after %v: %v, want an error of the Timeout", d, err)
			}
		})
	}
}

func TestTimeoutItems(t *testing.T) {
	t.Parallel()
	const s = time.Second
	first, idle := resilience.FirstItem(2*s), resilience.Idle(s)
	for _, tt := range []struct {
		name  string
		whole time.Duration
		opts  []resilience.TimeoutOption
		waits []time.Duration // before each item
		last  time.Duration   // before the end
		items int
		text  string // of the error
		took  time.Duration
	}{
		{"in time", 0, []resilience.TimeoutOption{first, idle}, []time.Duration{2*s - 1, s - 1, s - 1}, s - 1, 3, "", 5*s - 4},
		{"a late first item", 0, []resilience.TimeoutOption{first, idle}, []time.Duration{3 * s}, 0, 0, "no first item within 2s", 2 * s},
		{"no item", 0, []resilience.TimeoutOption{first}, nil, 3 * s, 0, "no first item within 2s", 2 * s},
		{"an empty stream", 0, []resilience.TimeoutOption{first}, nil, s, 0, "", s},
		{"the first item alone is bounded", 0, []resilience.TimeoutOption{first}, []time.Duration{s, 9 * s}, 9 * s, 2, "", 19 * s},
		{"silence", 0, []resilience.TimeoutOption{first, idle}, []time.Duration{s, s / 2, 9 * s}, 0, 2, "no item for 1s", 5 * s / 2},
		{"silence before the end", 0, []resilience.TimeoutOption{idle}, []time.Duration{s / 2}, 9 * s, 1, "no item for 1s", 3 * s / 2},
		{"silence alone is bounded", 0, []resilience.TimeoutOption{idle}, []time.Duration{9 * s, s / 2}, 0, 2, "", 19 * s / 2},
		{"the whole", 2900 * time.Millisecond, []resilience.TimeoutOption{first, idle}, []time.Duration{s / 2, s / 2, s / 2, s / 2, s / 2, s / 2, s / 2}, 0, 5, "not done within 2.9s", 2900 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
					return func(yield func(int, error) bool) {
						for i, w := range append(slices.Clone(tt.waits), tt.last) {
							if err := pause(ctx, w); err != nil {
								yield(0, err)
								return
							}
							if i < len(tt.waits) && !yield(i, nil) {
								return
							}
						}
					}, nil
				}
				start := time.Now()
				stream, err := endpoint.Chain(source, resilience.NewTimeout(tt.whole, tt.opts...).Wrap)(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				items, err := stream.Collect()
				if took := time.Since(start); took != tt.took || len(items) != tt.items {
					t.Errorf("%d items in %v, want %d in %v", len(items), took, tt.items, tt.took)
				}
				switch {
				case tt.text == "" && err != nil, tt.text != "" && !strings.HasPrefix(fmt.Sprint(err), tt.text),
					err != nil && (!errors.Is(err, resilience.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded)):
					t.Errorf("the stream ends with %v, want an ErrTimeout with %q", err, tt.text)
				}
			})
		})
	}
}

// pause waits in a bubble for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}

// Items of a request count, too; a unary call has none and is not concerned.
func TestTimeoutItemsOfOtherCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := resilience.NewTimeout(0, resilience.FirstItem(time.Second), resilience.Idle(time.Second))
		up := endpoint.Chain(func(ctx context.Context, req endpoint.Stream[int]) (int, error) {
			items, err := req.Collect()
			return len(items), errors.Join(err, ctx.Err())
		}, policy.Wrap)
		slow := func(d time.Duration) endpoint.Stream[int] {
			return func(yield func(int, error) bool) {
				for range 3 {
					time.Sleep(d) // in the bubble
					if !yield(1, nil) {
						return
					}
				}
			}
		}
		if n, err := up(t.Context(), slow(time.Second/2)); n != 3 || err != nil {
			t.Errorf("a request that keeps coming: %d items, %v", n, err)
		}
		if _, err := up(t.Context(), slow(2*time.Second)); !errors.Is(err, resilience.ErrTimeout) {
			t.Errorf("a request that stalls: %v, want an ErrTimeout", err)
		}
		plain := func(ctx context.Context, n int) (int, error) { return n, pause(ctx, time.Minute) }
		if _, err := endpoint.Chain(plain, policy.Wrap)(t.Context(), 1); err != nil {
			t.Errorf("a unary call under Wrap: %v", err)
		}
		unary := policy.For(&endpoint.Operation{Name: "Get"})
		if _, err := (endpoint.Stack{unary}).Wrap(plain)(t.Context(), 1); err != nil {
			t.Errorf("a unary call of a service: %v", err)
		}
		c := client(t, served(t, allOf(func(ctx context.Context) error { return pause(ctx, time.Minute) })), policy)
		if _, err := c.Read(t.Context(), ask{1}); err != nil {
			t.Errorf("a unary call over HTTP: %v", err)
		}
		watch, err := c.Watch(t.Context(), ask{1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Collect(); !errors.Is(err, resilience.ErrTimeout) {
			t.Errorf("a stream over HTTP: %v, want an ErrTimeout", err)
		}
	})
}

func TestTimeoutFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy *resilience.Timeout
		want   []string
	}{
		{resilience.NewTimeout(time.Second), nil},
		{resilience.NewTimeout(0, resilience.Idle(time.Second)), nil},
		{resilience.NewTimeout(0), []string{"NewTimeout: 0s is not positive"}},
		{resilience.NewTimeout(-1, resilience.FirstItem(0), resilience.Idle(-time.Second)), []string{"NewTimeout: -1ns is not positive", "FirstItem(0s) is not positive", "Idle(-1s) is not positive"}},
	} {
		faults(t, tt.policy, tt.policy.Err(), tt.want)
		endpointtest.Layer(t, tt.policy)
	}
	endpointtest.Layer(t, resilience.NewTimeout(time.Minute, resilience.FirstItem(time.Minute), resilience.Idle(time.Minute)))
}

// faults checks the faults of a policy, and that they are told by a client.
func faults(t *testing.T, l endpoint.Layer, err error, want []string) {
	t.Helper()
	if (err == nil) != (want == nil) {
		t.Errorf("the faults are %v, want %q", err, want)
	}
	if err == nil {
		return
	}
	mounted := httpx.Client(httpx.To("http://notes.example"), new(notes), httpx.Use(l))
	for _, w := range want {
		if !strings.Contains(err.Error(), w) || !strings.Contains(fmt.Sprint(mounted), w) {
			t.Errorf("the faults are %v, and those of a client %v, want %q in both", err, mounted, w)
		}
	}
}

package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// hedge is a Hedger that starts at most max attempts, each a second after the
// one before.
type hedge struct {
	idle
	max int
}

func (h *hedge) Delay(_ context.Context, started int) (time.Duration, bool) {
	return time.Second, started < h.max
}

// attempt is what one attempt of a test does.
type attempt struct {
	takes  time.Duration
	err    error
	panics any
	leaves bool
	deaf   bool // does not hear its context end
}

func (a attempt) run(ctx context.Context) error {
	timer := time.NewTimer(a.takes)
	defer timer.Stop()
	if a.deaf {
		<-timer.C
	}
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if a.panics != nil {
		panic(a.panics)
	}
	if a.leaves {
		runtime.Goexit()
	}
	return a.err
}

// closer is a response that must be closed.
type closer struct {
	n      int
	closed *atomic.Int64
}

func (c *closer) Close() error {
	c.closed.Add(1)
	if c.n == 0 {
		panic("closed twice, or nothing to close")
	}
	return nil
}

var errSlow = errors.New("slow failure")

func TestHedger(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, tt := range []struct {
		name     string
		attempts []attempt
		limit    time.Duration // of the caller's context, 0 for none
		want     int           // the attempt that wins, from 1
		err      error
		panics   any
		took     time.Duration
		started  int
	}{
		{"the first at once", []attempt{{takes: s / 2}}, 0, 1, nil, nil, s / 2, 1},
		{"the first after another was started", []attempt{{takes: 3 * s / 2}, {takes: 5 * s}}, 0, 1, nil, nil, 3 * s / 2, 2},
		{"the second", []attempt{{takes: 9 * s}, {takes: s / 2}}, 0, 2, nil, nil, 3 * s / 2, 2},
		{"the third", []attempt{{takes: 9 * s}, {takes: 9 * s}, {takes: s / 2}}, 0, 3, nil, nil, 5 * s / 2, 3},
		{"a fast error and a pending good one", []attempt{{takes: 5 * s}, {err: errTest}, {takes: 9 * s}}, 0, 1, nil, nil, 5 * s, 3},
		{"a slow error and a good one after it", []attempt{{takes: 3 * s / 2, err: errTest}, {takes: 5 * s}}, 0, 2, nil, nil, 6 * s, 3},
		{"an error before the second starts", []attempt{{takes: s / 2, err: errTest}, {}}, 0, 0, errTest, nil, s / 2, 1},
		{"all fail", []attempt{{takes: 4 * s, err: errSlow}, {err: errTest}, {err: errTest}}, 0, 0, errSlow, nil, 4 * s, 3},
		{"a panic and a good one", []attempt{{takes: 3 * s / 2, panics: "boom"}, {takes: 3 * s}}, 0, 2, nil, nil, 4 * s, 3},
		{"a panic and errors", []attempt{{takes: 3 * s / 2, panics: "boom"}, {takes: 3 * s, err: errTest}, {err: errTest}}, 0, 0, nil, "boom", 4 * s, 3},
		{"all panic", []attempt{{takes: 4 * s, panics: "last"}, {panics: "boom"}, {panics: "boom"}}, 0, 0, nil, "last", 4 * s, 3},
		{"an attempt leaves", []attempt{{takes: 5 * s / 4, leaves: true}, {takes: s / 2}}, 0, 2, nil, nil, 3 * s / 2, 2},
		{"the caller gives up", []attempt{{takes: 9 * s}, {takes: 9 * s}, {takes: 9 * s}}, 5 * s, 0, context.DeadlineExceeded, nil, 5 * s, 3},
		{"the caller gives up on deaf attempts", []attempt{{takes: 9 * s, deaf: true}, {takes: 9 * s, deaf: true}}, 3 * s / 2, 0, context.DeadlineExceeded, nil, 3 * s / 2, 2},
		{"the caller gives up after a panic", []attempt{{takes: 3 * s / 2, panics: "boom"}, {takes: 9 * s}}, 7 * s / 4, 0, nil, "boom", 7 * s / 4, 2},
		{"deaf losers", []attempt{{takes: 9 * s, deaf: true}, {takes: 8 * s, deaf: true}, {takes: s}}, 0, 3, nil, nil, 3 * s, 3},
	} {
		for _, kind := range []endpoint.StreamKind{endpoint.Unary, endpoint.ServerStream} {
			t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := hedged{attempts: tt.attempts, exits: new(endpointtest.Recorder)}
					ctx := t.Context()
					if tt.limit > 0 {
						limited, cancel := context.WithTimeout(ctx, tt.limit)
						defer cancel()
						ctx = limited
					}
					start := time.Now()
					got, panicked, err := h.call(ctx, kind)
					if took := time.Since(start); took != tt.took {
						t.Errorf("it took %v, want %v", took, tt.took)
					}
					if got != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || panicked != tt.panics {
						t.Errorf("the winner is %d, the error %v, the panic %v, want %d, %v, %v", got, err, panicked, tt.want, tt.err, tt.panics)
					}
					if lines := h.exits.Lines(); len(lines) != 2 {
						t.Errorf("the layer outside logs %q, want one Enter and one Exit", lines)
					}
					time.Sleep(time.Minute) // the losers end
					h.check(t, tt.want, tt.started)
				})
			})
		}
	}
}

// hedged is a call with a Hedger, and what became of its attempts.
type hedged struct {
	attempts []attempt
	exits    *endpointtest.Recorder

	mu       sync.Mutex // guards the fields below
	numbers  []int
	contexts []context.Context
	good     int64 // attempts that gave a response or an item
	closed   atomic.Int64
}

func (h *hedged) one(ctx context.Context) (int, error) {
	h.mu.Lock()
	h.contexts = append(h.contexts, ctx)
	i := len(h.contexts) - 1
	h.numbers = append(h.numbers, endpoint.AttemptFrom(ctx).Number())
	h.mu.Unlock()
	a := attempt{takes: 30 * time.Second} // for those that a test does not name
	if i < len(h.attempts) {
		a = h.attempts[i]
	}
	if err := a.run(ctx); err != nil {
		return 0, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.good++
	return i + 1, nil
}

func (h *hedged) call(ctx context.Context, kind endpoint.StreamKind) (winner int, panicked any, err error) {
	defer func() { panicked = recover() }()
	stack := endpoint.Stack{h.exits.Layer("A"), &hedge{max: 3}}
	if kind == endpoint.Unary {
		c, err := stack.Wrap(func(ctx context.Context, _ int) (*closer, error) {
			n, err := h.one(ctx)
			return &closer{n, &h.closed}, err
		})(ctx, 7)
		if c != nil {
			winner = c.n
		}
		return winner, nil, err
	}
	s, err := stack.Wrap(func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			n, err := h.one(ctx)
			defer func() {
				if err == nil {
					h.closed.Add(1)
				}
			}()
			_ = yield(n, err) && yield(0, nil)
		}, nil
	})(ctx, 7)
	if err != nil {
		return 0, nil, err
	}
	items := 0
	for n, e := range s {
		items++
		winner, err = max(n, winner), e
	}
	if err == nil && items != 2 {
		err = fmt.Errorf("%d items", items)
	}
	if err == nil {
		h.closed.Add(-1) // the winner's, which ended by itself
	}
	return winner, nil, err
}

// check is called when all attempts have ended.
func (h *hedged) check(t *testing.T, winner, started int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, n := range h.numbers {
		if n != i+1 {
			t.Errorf("the attempts have the numbers %v, want 1, 2, …", h.numbers)
			break
		}
	}
	if len(h.contexts) != started {
		t.Errorf("%d attempts were started, want %d", len(h.contexts), started)
	}
	for i, ctx := range h.contexts {
		if i+1 != winner && ctx.Err() == nil {
			t.Errorf("the context of attempt %d, which lost, was not cancelled", i+1)
		}
	}
	losers := h.good
	if winner > 0 {
		losers--
	}
	if closed := h.closed.Load(); closed != losers {
		t.Errorf("%d results of losers were closed, want %d", closed, losers)
	}
}

// The context of a winner that is still to be closed must live: what it reads
// from may need it.
func TestHedgerWinnerContext(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{false, true} {
		var attempt context.Context
		ctx, cancel := context.WithCancel(t.Context())
		_, err := endpoint.Stack{&hedge{max: 2}}.Wrap(func(ctx context.Context, _ int) (any, error) {
			attempt = ctx
			if open {
				return &closer{1, new(atomic.Int64)}, nil
			}
			return 7, nil
		})(ctx, 7)
		if err != nil {
			t.Fatal(err)
		}
		if lives := attempt.Err() == nil; lives != open {
			t.Errorf("after a call whose response is still open: %v, the winner's context lives: %v", open, lives)
		}
		if cancel(); attempt.Err() == nil {
			t.Error("the winner's context survives that of the caller")
		}
	}
}

// A loser that panics where nobody listens any more ends nothing.
func TestHedgerLoserPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, loser := range []attempt{{takes: 3 * time.Second, deaf: true, panics: "too late"}, {takes: 3 * time.Second, deaf: true, leaves: true}} {
			h := hedged{attempts: []attempt{loser, {}}, exits: new(endpointtest.Recorder)}
			if winner, _, err := h.call(t.Context(), endpoint.Unary); winner != 2 || err != nil {
				t.Errorf("the winner is %d with %v, want 2", winner, err)
			}
			time.Sleep(time.Minute)
		}
		var closed, calls atomic.Int64
		_, err := endpoint.Stack{&hedge{max: 2}}.Wrap(func(context.Context, int) (*closer, error) {
			if calls.Add(1) == 1 {
				time.Sleep(5 * time.Second)
				return &closer{0, &closed}, nil // whose Close panics
			}
			return nil, nil
		})(t.Context(), 7)
		time.Sleep(time.Minute)
		if err != nil || closed.Load() != 1 {
			t.Errorf("a call with a loser that cannot be closed = %v, and %d Close, want nil and 1", err, closed.Load())
		}
	})
}

// A Hedger that panics leaves no attempt running.
func TestHedgerDelayPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if v := recover(); v != "delay" {
				t.Errorf("the panic of Delay comes out as %v", v)
			}
		}()
		_, _ = endpoint.Stack{panickyHedge{}}.Wrap(func(ctx context.Context, n int) (int, error) {
			<-ctx.Done() // else the bubble never ends
			return n, ctx.Err()
		})(t.Context(), 7)
	})
}

type panickyHedge struct{ idle }

func (panickyHedge) Delay(_ context.Context, started int) (time.Duration, bool) {
	if started == 2 {
		panic("delay")
	}
	return time.Second, true
}

// The cause of the caller's context is told, and does not hide what it is.
func TestHedgerCause(t *testing.T) {
	t.Parallel()
	defined := endpoint.Define(endpoint.Aborted, "endpoint.test", "GONE", "gone")
	for _, tt := range []struct {
		name  string
		cause error
		code  endpoint.Code
	}{
		{"none", nil, endpoint.Canceled},
		{"one without a code", errTest, endpoint.Canceled},
		{"one with a code", defined, endpoint.Aborted},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := endpoint.Stack{&hedge{max: 2}}.Wrap(func(ctx context.Context, n int) (int, error) {
			cancel(tt.cause)
			<-t.Context().Done() // longer than the caller waits
			return n, nil
		})(ctx, 7)
		if !errors.Is(err, context.Canceled) || tt.cause != nil && !errors.Is(err, tt.cause) || endpoint.CodeOf(err) != tt.code {
			t.Errorf("a cause that is %s: the call = %v (code %v), want it to match both, code %v", tt.name, err, endpoint.CodeOf(err), tt.code)
		}
	}
}

// A call with a request stream is made once, whatever its response is.
func TestHedgerRequestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stack := endpoint.Stack{&hedge{max: 3}}
		calls := 0
		slow := func() { calls++; time.Sleep(time.Minute) }
		n, err := stack.Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
			slow()
			items, err := req.Collect()
			return len(items), err
		})(t.Context(), ticksTo(3))
		if n != 3 || err != nil || calls != 1 {
			t.Errorf("a request stream: %d items, %v, %d calls, want 3, nil, 1", n, err, calls)
		}
		calls = 0
		s, err := stack.Wrap(func(_ context.Context, req endpoint.Stream[int]) (endpoint.Stream[int], error) {
			slow()
			return req, nil
		})(t.Context(), ticksTo(3))
		if err != nil {
			t.Fatal(err)
		}
		if items, err := s.Collect(); len(items) != 3 || err != nil || calls != 1 {
			t.Errorf("both streams: %v, %v, %d calls, want three items, nil, 1", items, err, calls)
		}
	})
}

package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/resilience"
)

// What is repeated, of a call and of a stream.
func TestRetryRepeats(t *testing.T) {
	t.Parallel()
	ownTimeout := func(ctx context.Context) error {
		return run(ctx, false, resilience.NewTimeout(time.Millisecond), hang)
	}
	gives := func(err error) func(context.Context) error {
		return func(context.Context) error { return err }
	}
	failed := errors.New("failed")
	for _, tt := range []struct {
		name  string
		do    func(context.Context) error
		opts  []resilience.RetryOption
		calls int
	}{
		{"a success", gives(nil), nil, 1},
		{"Unavailable", gives(errDown), nil, 3},
		{"Unavailable, remote", gives(endpoint.FromWire(endpoint.Unavailable, "", "", "down")), nil, 3},
		{"Unavailable, perhaps acted upon", gives(endpoint.MarkMaybeSent(errDown)), nil, 1},
		{"never sent", gives(endpoint.MarkNotSent(failed)), nil, 3},
		{"made of one that was never sent", gives(endpoint.Errorf(endpoint.Internal, "load: %w", endpoint.MarkNotSent(failed))), nil, 1},
		{"a Timeout inside", ownTimeout, nil, 3},
		{"a Timeout inside, perhaps acted upon", func(ctx context.Context) error { return endpoint.MarkMaybeSent(ownTimeout(ctx)) }, nil, 1},
		{"a Timeout inside, translated", func(ctx context.Context) error {
			return endpoint.Errorf(endpoint.NotFound, "load: %w", ownTimeout(ctx))
		}, nil, 1},
		{"a Timeout of the server", gives(endpoint.FromWire(endpoint.DeadlineExceeded, "endpoint", "TIMEOUT", "not done within 1s")), nil, 1},
		{"a deadline of nobody's", gives(context.DeadlineExceeded), nil, 1},
		{"a deadline of the server", gives(endpoint.FromWire(endpoint.DeadlineExceeded, "", "", "too late")), nil, 1},
		{"canceled by the server", gives(endpoint.FromWire(endpoint.Canceled, "", "", "canceled")), nil, 1},
		{"no code", gives(failed), nil, 1},
		{"ResourceExhausted", gives(endpoint.Errorf(endpoint.ResourceExhausted, "full")), nil, 1},
		{"a code of Codes", gives(endpoint.Errorf(endpoint.Aborted, "again")), []resilience.RetryOption{resilience.Codes(endpoint.Aborted)}, 3},
		{"a code not of Codes", gives(errDown), []resilience.RetryOption{resilience.Codes(endpoint.Aborted)}, 1},
		{"a code of Codes, perhaps acted upon", gives(endpoint.MarkMaybeSent(endpoint.Errorf(endpoint.Aborted, "again"))), []resilience.RetryOption{resilience.Codes(endpoint.Aborted)}, 1},
		{"never sent, with Codes", gives(endpoint.MarkNotSent(errDown)), []resilience.RetryOption{resilience.Codes(endpoint.Aborted)}, 3},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", tt.name, stream), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					calls := 0
					err := run(t.Context(), stream, resilience.NewRetry(3, tt.opts...), func(ctx context.Context) error {
						calls++
						return tt.do(ctx)
					})
					if calls != tt.calls {
						t.Errorf("%d attempts that end with %v, want %d", calls, err, tt.calls)
					}
				})
			})
		}
	}
}

// Nothing is repeated after the end of the caller's context: neither its
// cancellation nor its deadline, whatever the error is.
func TestRetryEndedContext(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errDown, endpoint.MarkNotSent(errDown), resilience.ErrTimeout, context.Canceled} {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		got := run(ctx, false, resilience.NewRetry(3), func(context.Context) error { calls++; cancel(); return err })
		if calls != 1 || got != err { //nolint:errorlint // the very same
			t.Errorf("a call whose caller left and that ends with %v: %d attempts and %v", err, calls, got)
		}
	}
}

// A success is a success, also when the caller leaves at that moment.
func TestRetrySuccessRacesCancel(t *testing.T) {
	t.Parallel()
	for _, fails := range []int{0, 1} {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err := run(ctx, false, resilience.NewRetry(3, resilience.Backoff(0, 0)), func(context.Context) error {
			if calls++; calls <= fails {
				return errDown
			}
			cancel()
			return nil
		})
		if err != nil {
			t.Errorf("after %d failures, a success that races with a cancellation is lost: %v", fails, err)
		}
	}
}

// The waits are those of full jitter: spread from 0 to a bound that doubles.
func TestRetryBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const base, longest, rounds = 100 * time.Millisecond, 500 * time.Millisecond, 300
		var waits [5][]time.Duration
		n := 0
		retry := resilience.NewRetry(6, resilience.Backoff(base, longest), resilience.Budgeted(resilience.NewBudget(5, 0)),
			resilience.OnEvent(func(_ context.Context, e endpoint.Event) {
				if e.Kind == "repeated" {
					waits[n%5] = append(waits[n%5], e.Delay)
					n++
				}
			}))
		for range rounds {
			start := time.Now()
			_ = run(t.Context(), false, retry, func(context.Context) error { return errDown })
			var sum time.Duration
			for _, w := range waits {
				sum += w[len(w)-1]
			}
			if took := time.Since(start); took != sum {
				t.Fatalf("a call takes %v, and its waits %v", took, sum)
			}
		}
		for i, bound := range []time.Duration{base, 2 * base, 4 * base, longest, longest} {
			least, most := slices.Min(waits[i]), slices.Max(waits[i])
			if len(waits[i]) != rounds || most > bound || most < bound*9/10 || least > bound/10 {
				t.Errorf("the %d waits before repeat %d are from %v to %v, want from 0 to %v", len(waits[i]), i+1, least, most, bound)
			}
		}
	})
}

// Extreme bounds do not overflow.
func TestRetryBackoffExtremes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		retry := resilience.NewRetry(100, resilience.Backoff(1, math.MaxInt64/4), resilience.Budgeted(resilience.NewBudget(1000, 0)))
		calls := 0
		if err := run(t.Context(), false, retry, func(context.Context) error { calls++; return errDown }); calls < 40 {
			t.Errorf("%d attempts and %v", calls, err)
		}
		for _, base := range []time.Duration{0, 1, math.MaxInt64} {
			attempts := 0
			retry := resilience.NewRetry(3, resilience.Backoff(base, math.MaxInt64), resilience.Budgeted(resilience.NewBudget(1000, 0)))
			_ = run(t.Context(), false, retry, func(context.Context) error { attempts++; return errDown })
			if attempts != 3 {
				t.Errorf("Backoff(%d, MaxInt64): %d attempts", base, attempts)
			}
		}
		var delays []time.Duration
		retry = resilience.NewRetry(3, resilience.OnEvent(func(_ context.Context, e endpoint.Event) { delays = append(delays, e.Delay) }))
		_ = run(t.Context(), false, retry, func(context.Context) error {
			return endpoint.Errorf(endpoint.Unavailable, "x").WithRetryAfter(math.MaxInt64)
		})
		if !slices.Equal(delays, []time.Duration{math.MaxInt64}) {
			t.Errorf("the event of an endless Retry-After has the delays %v", delays)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const base = 10 * time.Millisecond
	for _, tt := range []struct {
		name     string
		after    time.Duration
		deadline time.Duration
		calls    int
		events   []string
	}{
		{"obeyed", 7 * time.Second, 0, 2, []string{"retry repeated", "retry exhausted"}},
		{"the longest", time.Minute, 0, 2, []string{"retry repeated", "retry exhausted"}},
		{"too long", time.Minute + 1, 0, 1, []string{"retry no_time"}},
		{"longer than the deadline", 7 * time.Second, 5 * time.Second, 1, []string{"retry no_time"}},
		{"shorter than the deadline", 7 * time.Second, 8 * time.Second, 2, []string{"retry repeated", "retry exhausted"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := new(endpointtest.Recorder)
				ctx := t.Context()
				if tt.deadline > 0 {
					limited, cancel := context.WithTimeout(ctx, tt.deadline)
					defer cancel()
					ctx = limited
				}
				retry := resilience.NewRetry(2, resilience.Backoff(base, base), resilience.OnEvent(logged(log)))
				calls, start := 0, time.Now()
				err := run(ctx, false, retry, func(context.Context) error { calls++; return errDown.WithRetryAfter(tt.after) })
				took := time.Since(start)
				if calls != tt.calls || !slices.Equal(log.Lines(), tt.events) {
					t.Errorf("%d attempts and the events %q, want %d and %q", calls, log.Lines(), tt.calls, tt.events)
				}
				if tt.calls == 1 && took != 0 || tt.calls == 2 && (took < tt.after || took > tt.after+base) {
					t.Errorf("it took %v, want %v and a random part of %v, or no time at all", took, tt.after, base)
				}
				if got := endpoint.ErrorOf(err).RetryAfter(); got != tt.after {
					t.Errorf("the caller is told to wait %v, want %v", got, tt.after)
				}
			})
		})
	}
}

// What a policy of this process refuses for longer than the backoff fails at
// once: the call of an open breaker does not wait for its cooldown.
func TestRetryAfterRefusal(t *testing.T) {
	t.Parallel()
	const base, long = 10 * time.Millisecond, 2 * time.Second
	overWire := func(e *endpoint.Error) error {
		return endpoint.FromWire(e.Code(), e.Domain(), e.Reason(), e.Message()).WithRetryAfter(e.RetryAfter())
	}
	for name, tt := range map[string]struct {
		err    error
		calls  int
		events []string
	}{
		"a breaker":                  {resilience.ErrOpen.WithRetryAfter(base + 1), 1, []string{"retry no_time"}},
		"a limit":                    {resilience.ErrRateLimited.WithRetryAfter(long), 1, []string{"retry no_time"}},
		"a breaker, never sent":      {endpoint.MarkNotSent(resilience.ErrOpen.WithRetryAfter(long)), 1, []string{"retry no_time"}},
		"a breaker for a short time": {resilience.ErrOpen.WithRetryAfter(base), 3, []string{"retry repeated", "retry repeated", "retry exhausted"}},
		"a breaker whose probe runs": {resilience.ErrOpen, 3, []string{"retry repeated", "retry repeated", "retry exhausted"}},
		"a breaker of the server":    {overWire(resilience.ErrOpen.WithRetryAfter(long)), 3, []string{"retry repeated", "retry repeated", "retry exhausted"}},
		"no policy":                  {errDown.WithRetryAfter(long), 3, []string{"retry repeated", "retry repeated", "retry exhausted"}},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", name, stream), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					log := new(endpointtest.Recorder)
					retry := resilience.NewRetry(3, resilience.Backoff(base, base), resilience.OnEvent(logged(log)),
						resilience.Codes(endpoint.Unavailable, endpoint.ResourceExhausted))
					calls, start := 0, time.Now()
					err := run(t.Context(), stream, retry, func(context.Context) error { calls++; return tt.err })
					took := time.Since(start)
					if calls != tt.calls || !slices.Equal(log.Lines(), tt.events) {
						t.Errorf("%d attempts and the events %q, want %d and %q", calls, log.Lines(), tt.calls, tt.events)
					}
					after := endpoint.ErrorOf(tt.err).RetryAfter()
					if least := time.Duration(tt.calls-1) * after; took < least || tt.calls == 1 && took != 0 {
						t.Errorf("it took %v, want %v or no time at all", took, least)
					}
					if got := endpoint.ErrorOf(err).RetryAfter(); !errors.Is(err, tt.err) || got != after {
						t.Errorf("the caller is told %v and to wait %v, want %v", err, got, after)
					}
				})
			})
		}
	}
}

// The calls of a client whose server is down fail fast, before its breaker opens
// and after, and pass again once the server is back and the cooldown over.
func TestRetryAroundBreaker(t *testing.T) {
	t.Parallel()
	for name, stack := range map[string]endpoint.Stack{
		"ClientStack": resilience.ClientStack(),
		"by hand": {
			resilience.NewRetry(3, resilience.Budgeted(resilience.NewBudget(2, 0))), // a token for every repeat
			resilience.NewBreaker(5),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls, down := 0, true
				call := func() error {
					_, err := stack.Wrap(func(context.Context, int) (int, error) {
						if calls++; down {
							return 0, errDown
						}
						return 0, nil
					})(t.Context(), 1)
					return err
				}
				rejected := 0
				for range 40 {
					start := time.Now()
					err := call()
					if took := time.Since(start); took > 150*time.Millisecond || endpoint.CodeOf(err) != endpoint.Unavailable {
						t.Fatalf("a call to a server that is down takes %v and ends with %v, want at most the waits of its attempts", took, err)
					}
					if errors.Is(err, resilience.ErrOpen) {
						rejected++
					}
				}
				if rejected == 0 {
					t.Errorf("%d attempts at a server that is down open no breaker", calls)
				}
				down = false
				time.Sleep(5 * time.Second) // the cooldown
				if err := call(); err != nil {
					t.Errorf("a call after the cooldown = %v", err)
				}
			})
		})
	}
}

// errors.Is finds every attempt's error; all else is the last one's.
func TestRetryJoins(t *testing.T) {
	t.Parallel()
	dial, eof, plain := errors.New("dial"), io.ErrUnexpectedEOF, errors.New("plain")
	attempts := []error{
		endpoint.MarkNotSent(fmt.Errorf("%w", dial)),
		endpoint.Errorf(endpoint.Unavailable, "broke: %w", eof),
		plain, // without a code
	}
	for _, stream := range []bool{false, true} {
		n := 0
		err := run(t.Context(), stream, resilience.NewRetry(5, resilience.Backoff(0, 0)), func(context.Context) error { n++; return attempts[n-1] })
		for _, want := range append(slices.Clone(attempts), dial, eof) {
			if !errors.Is(err, want) {
				t.Errorf("errors.Is does not find %v in %v", want, err)
			}
		}
		if endpoint.CodeOf(err) != endpoint.Internal || endpoint.NotSent(err) || endpoint.Retryable(err) {
			t.Errorf("%v has the code %v, not sent: %v, want those of the last attempt", err, endpoint.CodeOf(err), endpoint.NotSent(err))
		}
		if want := "plain (before that: dial; broke: unexpected EOF)"; err.Error() != want {
			t.Errorf("the text is %q, want %q", err, want)
		}
	}
	var coded *endpoint.Error
	if err := run(t.Context(), false, resilience.NewRetry(2, resilience.Backoff(0, 0)), func(context.Context) error { return attempts[1] }); !errors.As(err, &coded) || coded != attempts[1] { //nolint:errorlint // the very same
		t.Errorf("errors.As finds %v, want the last attempt's", coded)
	}
	n := 0
	if err := run(t.Context(), false, resilience.NewRetry(2, resilience.Backoff(0, 0), resilience.Codes(endpoint.DeadlineExceeded)), func(context.Context) error {
		if n++; n == 1 {
			return context.DeadlineExceeded
		}
		return plain
	}); endpoint.CodeOf(err) != endpoint.Internal || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v has the code %v, want that of the last, which has none", err, endpoint.CodeOf(err))
	}
	naive := errors.Join(attempts...)
	if !endpoint.NotSent(naive) || endpoint.CodeOf(naive) != endpoint.Unavailable {
		t.Error("errors.Join has learned to let the last one decide")
	}
}

// TestRetryManyAttempts has a call that is repeated for a long time, whose error keeps
// the first and the last four.
func TestRetryManyAttempts(t *testing.T) {
	t.Parallel()
	const n = 10_000
	var all []error
	retry := resilience.NewRetry(n, resilience.Backoff(0, 0), resilience.Budgeted(resilience.NewBudget(n, 0)))
	err := run(t.Context(), false, retry, func(context.Context) error {
		all = append(all, endpoint.Errorf(endpoint.Unavailable, "attempt %d", len(all)+1))
		return all[len(all)-1]
	})
	if want := "attempt 10000 (before that: attempt 1; attempt 2; attempt 3; attempt 4; 9992 more; attempt 9997; attempt 9998; attempt 9999)"; err.Error() != want {
		t.Errorf("the text is %q, want %q", err, want)
	}
	for i, kept := range map[int]bool{0: true, 3: true, 4: false, n - 5: false, n - 4: true, n - 1: true} {
		if errors.Is(err, all[i]) != kept {
			t.Errorf("errors.Is of attempt %d: %v", i+1, !kept)
		}
	}
}

// TestRetryInVain has a Retry around another, which repeats nothing that the inner one
// has repeated in vain, or had no tokens for.
func TestRetryInVain(t *testing.T) {
	t.Parallel()
	plenty := func() resilience.RetryOption { return resilience.Budgeted(resilience.NewBudget(100, 0)) }
	spent := resilience.NewBudget(0, 0)
	_ = run(t.Context(), false, resilience.NewRetry(100, resilience.Backoff(0, 0), resilience.Budgeted(spent)), func(context.Context) error { return errDown })
	for name, tt := range map[string]struct {
		inner    *resilience.Retry
		fails    func(attempt int) error
		attempts int
		marked   bool
	}{
		"in vain":         {resilience.NewRetry(3, resilience.Backoff(0, 0), plenty()), func(int) error { return errDown }, 3, true},
		"no tokens":       {resilience.NewRetry(3, resilience.Backoff(0, 0), resilience.Budgeted(spent)), func(int) error { return errDown }, 1, true},
		"one attempt":     {resilience.NewRetry(1), func(int) error { return errDown }, 3, true},
		"another failure": {resilience.NewRetry(3), func(int) error { return io.EOF }, 1, false},
		"made of it": {resilience.NewRetry(2, resilience.Backoff(0, 0), plenty()), func(int) error {
			return endpoint.Errorf(endpoint.Unavailable, "behind: %w", mark.Retried(errDown))
		}, 1, true},
		"a success at last": {resilience.NewRetry(3, resilience.Backoff(0, 0), plenty()), func(attempt int) error {
			if attempt == 3 {
				return nil
			}
			return errDown
		}, 3, false},
	} {
		attempts := 0
		e := endpoint.Chain(func(context.Context, int) (int, error) {
			attempts++
			return 0, tt.fails(attempts)
		}, resilience.NewRetry(3, resilience.Backoff(0, 0), plenty()).Wrap, tt.inner.Wrap)
		_, err := e(t.Context(), 0)
		if attempts != tt.attempts {
			t.Errorf("%s: %d attempts, want %d", name, attempts, tt.attempts)
		}
		if mark.WasRetried(err) != tt.marked {
			t.Errorf("%s: marked: %v", name, !tt.marked)
		}
	}
}

// The error of a call that was not repeated is the attempt's own.
func TestRetryOneAttempt(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	if err := run(t.Context(), false, resilience.NewRetry(3), func(context.Context) error { return failed }); err != failed { //nolint:errorlint // the very same
		t.Errorf("the error is %v, want %v itself", err, failed)
	}
}

// A wait that is given up ends at once; that is the caller's doing, not a
// failure of the server.
func TestRetryCanceledWait(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{nil, errors.New("shutdown")} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Nanosecond, func() { cancel(cause) })
			start := time.Now()
			err := run(ctx, false, resilience.NewRetry(3, resilience.Backoff(time.Hour, time.Hour)), func(context.Context) error { return errDown })
			if took := time.Since(start); took > time.Nanosecond {
				t.Errorf("it took %v", took)
			}
			if !errors.Is(err, context.Canceled) || !errors.Is(err, errDown) || endpoint.CodeOf(err) != endpoint.Canceled || cause != nil && !errors.Is(err, cause) {
				t.Errorf("the error is %v (%v), want a cancellation that matches %v and %v", err, endpoint.CodeOf(err), errDown, cause)
			}
		})
	}
}

// A stream is begun anew before its first item only; a request stream is sent
// once.
func TestRetryStreams(t *testing.T) {
	t.Parallel()
	calls := 0
	e := endpoint.Chain(func(context.Context, int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			if calls++; calls < 3 {
				yield(0, errDown)
			} else if yield(7, nil) {
				yield(0, errDown)
			}
		}, nil
	}, resilience.NewRetry(5, resilience.Backoff(0, 0)).Wrap)
	s, err := e(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if items, err := s.Collect(); calls != 3 || len(items) != 1 || !errors.Is(err, errDown) || !strings.Contains(err.Error(), "down (before that: down; down)") {
		t.Errorf("%d attempts give %v and %v, want 3, one item, and three errors", calls, items, err)
	}
	calls = 0
	up := endpoint.Chain(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
		calls++
		_, err := req.Collect()
		return 0, errors.Join(err, errDown)
	}, resilience.NewRetry(5, resilience.Backoff(0, 0)).Wrap)
	if _, err := up(t.Context(), endpoint.StreamOf(1)); calls != 1 || !errors.Is(err, errDown) {
		t.Errorf("a request stream: %d attempts and %v, want 1", calls, err)
	}
}

// Whether a repeat is safe travels in the error. So a Retry decides alike in
// Use and in Chain, also inside the handler of another server's operation.
func TestRetryIdempotence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		down := served(t, allOf(func(context.Context) error { n.Add(1); return errDown }))
		retry := func() *resilience.Retry { return resilience.NewRetry(3) }
		used := client(t, down, retry())
		chained := client(t, down)
		chained.Read = endpoint.Chain(chained.Read, retry().Wrap)
		chained.Write = endpoint.Chain(chained.Write, retry().Wrap)
		chained.Save = endpoint.Chain(chained.Save, retry().Wrap)
		within := func(do func(context.Context) error) func(context.Context) error {
			outer := client(t, served(t, allOf(do)))
			return func(ctx context.Context) error { _, err := outer.Write(ctx, body{1}); return err }
		}
		once := func(do func(context.Context) error) func(context.Context) error { return do }
		for where, around := range map[string]func(func(context.Context) error) func(context.Context) error{"at the top": once, "in a POST of another server": within} {
			for form, c := range map[string]*notes{"Use": used, "Chain": chained} {
				for op, tt := range map[string]struct {
					do    func(context.Context) error
					calls int64
				}{
					"GET":             {func(ctx context.Context) error { _, err := c.Read(ctx, ask{1}); return err }, 3},
					"POST":            {func(ctx context.Context) error { _, err := c.Write(ctx, body{1}); return err }, 1},
					"idempotent POST": {func(ctx context.Context) error { _, err := c.Save(ctx, body{1}); return err }, 3},
				} {
					n.Store(0)
					if err := around(tt.do)(t.Context()); err == nil || n.Load() != tt.calls {
						t.Errorf("a %s in %s, %s: %d attempts and %v, want %d", op, form, where, n.Load(), err, tt.calls)
					}
				}
			}
		}
	})
}

// A POST that was never sent is repeated.
func TestRetryNotSent(t *testing.T) {
	t.Parallel()
	var numbers []int
	count := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		numbers = append(numbers, endpoint.CallFrom(ctx).Attempt())
		return ctx, nil, nil
	})
	c := client(t, httpx.To("http://127.0.0.1:1"), resilience.NewRetry(3, resilience.Backoff(0, 0)), count)
	_, err := c.Write(t.Context(), body{1})
	if !endpoint.NotSent(err) || !slices.Equal(numbers, []int{1, 2, 3}) {
		t.Errorf("the attempts are %v and %v, want three", numbers, err)
	}
}

// Use(retry, timeout) bounds each attempt, Use(timeout, retry) the whole.
func TestRetryAndTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		layers func(*resilience.Retry, *resilience.Timeout) endpoint.Stack
		calls  int
		took   time.Duration
	}{
		{"retry, timeout", func(r *resilience.Retry, t *resilience.Timeout) endpoint.Stack { return endpoint.Stack{r, t} }, 3, 3 * time.Second},
		{"timeout, retry", func(r *resilience.Retry, t *resilience.Timeout) endpoint.Stack { return endpoint.Stack{t, r} }, 1, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int64
				conn := served(t, allOf(func(ctx context.Context) error { calls.Add(1); return hang(ctx) }))
				c := client(t, conn, tt.layers(resilience.NewRetry(3, resilience.Backoff(0, 0)), resilience.NewTimeout(time.Second))...)
				start := time.Now()
				_, err := c.Read(t.Context(), ask{1})
				if took := time.Since(start); calls.Load() != int64(tt.calls) || took != tt.took {
					t.Errorf("%d attempts in %v, want %d in %v", calls.Load(), took, tt.calls, tt.took)
				}
				if !errors.Is(err, context.DeadlineExceeded) || endpoint.CodeOf(err) != endpoint.DeadlineExceeded || !errors.Is(err, resilience.ErrTimeout) {
					t.Errorf("the error is %v (%v), want one of the Timeout", err, endpoint.CodeOf(err))
				}
			})
		})
	}
}

// With its Timeout outside, a Retry stops in time: it waits for nothing that
// would come too late.
func TestRetryInsideTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, start := 0, time.Now()
		stack := endpoint.Stack{resilience.NewTimeout(time.Second), resilience.NewRetry(9, resilience.Backoff(0, 0))}
		_, err := stack.Wrap(func(context.Context, int) (int, error) {
			calls++
			return 0, errDown.WithRetryAfter(400 * time.Millisecond)
		})(t.Context(), 1)
		if took := time.Since(start); calls != 3 || took != 800*time.Millisecond || endpoint.CodeOf(err) != endpoint.Unavailable {
			t.Errorf("%d attempts in %v and %v, want 3 in 800ms and the last one's error", calls, took, err)
		}
	})
}

func TestRetryEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		retry func(resilience.Option) *resilience.Retry
		want  []string
	}{
		"the last attempt": {func(o resilience.Option) *resilience.Retry {
			return resilience.NewRetry(2, o, resilience.Backoff(0, 0))
		}, []string{"retry repeated", "retry exhausted"}},
		"no budget": {func(o resilience.Option) *resilience.Retry {
			return resilience.NewRetry(2, o, resilience.Backoff(0, 0), resilience.Budgeted(drained(t)))
		}, []string{"retry budget_spent"}},
	} {
		log := new(endpointtest.Recorder)
		retry := tt.retry(resilience.OnEvent(func(ctx context.Context, e endpoint.Event) {
			if logged(log)(ctx, e); !errors.Is(e.Err, errDown) || e.Name != "" {
				t.Errorf("%s: the event is %+v", name, e)
			}
		}))
		if _ = run(t.Context(), false, retry, func(context.Context) error { return errDown }); !slices.Equal(log.Lines(), tt.want) {
			t.Errorf("%s: the events are %q, want %q", name, log.Lines(), tt.want)
		}
	}
}

func TestRetryGauges(t *testing.T) {
	t.Parallel()
	for g := range resilience.NewRetry(2, resilience.Named("users"), resilience.Budgeted(resilience.NewBudget(0, 0))).Gauges {
		if want := (endpoint.Gauge{Source: "retry", Name: "users", Metric: "budget_tokens", Value: 10}); g != want {
			t.Errorf("the gauge is %+v, want %+v", g, want)
		}
	}
}

func TestRetryFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy *resilience.Retry
		want   []string
	}{
		{resilience.NewRetry(1), nil},
		{resilience.NewRetry(0, resilience.Codes(), resilience.Backoff(-1, -2), resilience.Budgeted(nil)), []string{
			"NewRetry: 0 attempts are less than 1", "Codes() without a code", "Backoff(-1ns, -2ns)", "Budgeted(nil)",
		}},
		{resilience.NewRetry(2, resilience.Codes(endpoint.OK, endpoint.Canceled), resilience.Backoff(2, 1)), []string{"Codes(OK)", "Codes(CANCELLED)", "Backoff(2ns, 1ns)"}},
	} {
		faults(t, tt.policy, tt.policy.Err(), tt.want)
		endpointtest.Layer(t, tt.policy)
		for range tt.policy.Gauges {
			break
		}
	}
	err := httpx.Mount(http.NewServeMux(), allOf(func(context.Context) error { return nil }), httpx.Use(resilience.NewRetry(3)))
	if err == nil || !strings.Contains(err.Error(), "is for clients") {
		t.Errorf("a Retry in a server's Use: %v, want a fault", err)
	}
}

// TestRetryWithoutTokens: a connection that was refused is repeated without a token, and one
// that took too long is not.
func TestRetryWithoutTokens(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	late := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	unreachable := func(err error) error { return endpoint.Errorf(endpoint.Unavailable, "no connection: %w", err) }
	for name, tt := range map[string]struct {
		err    error
		tokens float64
	}{
		"refused":            {endpoint.MarkNotSent(unreachable(refused)), 10},
		"refused, unmarked":  {unreachable(refused), 8},
		"late":               {endpoint.MarkNotSent(unreachable(late)), 8},
		"of an unknown kind": {endpoint.MarkNotSent(errDown), 10},
		"sent":               {errDown, 8},
	} {
		budget := resilience.NewBudget(0, 0)
		retry := resilience.NewRetry(3, resilience.Backoff(0, 0), resilience.Budgeted(budget))
		calls := 0
		err := run(t.Context(), false, retry, func(context.Context) error { calls++; return tt.err })
		require.ErrorIs(t, err, tt.err, name)
		require.Equal(t, 3, calls, name)
		require.InDelta(t, tt.tokens, budget.Tokens(), 0, name)
	}
}

// TestRetryRefund: a repeat that the end of the call's context prevents costs no token, and
// brings none.
func TestRetryRefund(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errDown, endpoint.MarkNotSent(errDown)} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			budget := resilience.NewBudget(0, 0)
			_ = run(ctx, false, resilience.NewRetry(3, resilience.Backoff(0, 0), resilience.Budgeted(budget)), func(context.Context) error { return errDown })
			time.AfterFunc(time.Microsecond, cancel)
			_ = run(ctx, false, resilience.NewRetry(3, resilience.Backoff(time.Hour, time.Hour), resilience.Budgeted(budget)), func(context.Context) error { return err })
			require.InDelta(t, 8, budget.Tokens(), 0)
		})
	}
}

package resilience_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint/resilience"
)

// The context of a Timeout, armed or not, behaves as the one that package
// context makes: this test asks both the same, in a bubble, after each step.
func TestTimeoutContextLaws(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	type pair struct {
		cancel context.CancelCauseFunc // the parent's
		end    func()                  // the context's own
		look   func()                  // what nobody saw did not happen
	}
	steps := map[string]func(pair){
		"nothing":            func(pair) {},
		"time":               func(pair) { time.Sleep(time.Minute) },
		"end":                func(p pair) { p.end() },
		"parent":             func(p pair) { p.cancel(nil) },
		"parent with cause":  func(p pair) { p.cancel(gone) },
		"time, then parent":  func(p pair) { time.Sleep(time.Minute); p.look(); p.cancel(gone) },
		"parent, then time":  func(p pair) { p.cancel(gone); time.Sleep(time.Minute) },
		"end, then time":     func(p pair) { p.end(); time.Sleep(time.Minute) },
		"end, then parent":   func(p pair) { p.end(); p.cancel(gone) },
		"time, then end":     func(p pair) { time.Sleep(time.Minute); p.look(); p.end() },
		"part of the time":   func(pair) { time.Sleep(time.Second / 2) },
		"part, then the end": func(p pair) { time.Sleep(time.Second / 2); p.end() },
	}
	looks := map[string]func(context.Context) func() any{
		"not at all": func(context.Context) func() any { return func() any { return nil } },
		"at Done": func(ctx context.Context) func() any {
			done := ctx.Done()
			return func() any { return done == ctx.Done() }
		},
		"at Err": func(ctx context.Context) func() any { return func() any { return ctx.Err() } },
		"by a child": func(ctx context.Context) func() any {
			child, cancel := context.WithCancel(ctx)
			return func() any { defer cancel(); return [2]error{child.Err(), context.Cause(child)} }
		},
		"by a grandchild": func(ctx context.Context) func() any {
			child, cancel := context.WithTimeout(context.WithValue(ctx, scopeKey{}, 1), time.Hour)
			return func() any { defer cancel(); return [2]error{child.Err(), context.Cause(child)} }
		},
		"by AfterFunc": func(ctx context.Context) func() any {
			var once sync.Once
			ran := false
			stop := context.AfterFunc(ctx, func() { once.Do(func() { ran = true }) })
			return func() any { synctest.Wait(); return [2]bool{ran, stop()} }
		},
		"without its cancellation": func(ctx context.Context) func() any {
			free := context.WithoutCancel(ctx)
			return func() any { return [2]any{free.Err(), free.Value(scopeKey{})} }
		},
	}
	for what, step := range steps {
		for how, look := range looks {
			t.Run(what+", looked at "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), scopeKey{}, "value"))
					defer cancel(nil)
					timeout := resilience.NewTimeout(time.Second)
					expired := expiry(t, timeout)
					ours, tok, err := timeout.Enter(parent)
					if err != nil {
						t.Fatal(err)
					}
					theirs, end := context.WithTimeoutCause(parent, time.Second, expired)
					defer end()
					mine, std := look(ours), look(theirs)
					step(pair{cancel, func() { _ = timeout.Exit(ours, tok, nil); end() }, func() { _ = ours.Err() }})
					synctest.Wait()
					if got, want := mine(), std(); got != want {
						t.Errorf("what looked sees %v, want %v", got, want)
					}
					for range 2 { // asking changes nothing
						same(t, ours, theirs)
					}
					_ = timeout.Exit(ours, tok, nil)
				})
			})
		}
	}
}

type scopeKey struct{}

// expiry returns the cause of the contexts that t ends.
func expiry(tb testing.TB, t *resilience.Timeout) error {
	tb.Helper()
	ctx, tok, err := t.Enter(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	<-ctx.Done()
	cause := context.Cause(ctx)
	_ = t.Exit(ctx, tok, nil)
	if !errors.Is(cause, resilience.ErrTimeout) {
		tb.Errorf("the cause of a context that a Timeout ended is %v", cause)
	}
	return cause
}

func same(t *testing.T, got, want context.Context) {
	t.Helper()
	if got.Err() != want.Err() || context.Cause(got) != context.Cause(want) { //nolint:errorlint // the very same
		t.Errorf("Err and cause are %v and %v, want %v and %v", got.Err(), context.Cause(got), want.Err(), context.Cause(want))
	}
	d, ok := got.Deadline()
	if wantD, wantOK := want.Deadline(); !d.Equal(wantD) || ok != wantOK {
		t.Errorf("the deadline is %v, %v, want %v, %v", d, ok, wantD, wantOK)
	}
	if got.Value(scopeKey{}) != want.Value(scopeKey{}) {
		t.Errorf("the value is %v, want %v", got.Value(scopeKey{}), want.Value(scopeKey{}))
	}
	if closed(got.Done()) != closed(want.Done()) {
		t.Errorf("Done is closed: %v, want %v", closed(got.Done()), closed(want.Done()))
	}
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// What asks at the same time gets one channel, whoever arms the context.
func TestTimeoutContextConcurrent(t *testing.T) {
	t.Parallel()
	for range 100 {
		timeout := resilience.NewTimeout(time.Hour)
		ctx, tok, err := timeout.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var seen [4]<-chan struct{}
		for i := range seen {
			wg.Go(func() {
				_, cancel := context.WithCancel(ctx)
				defer cancel()
				_ = ctx.Err()
				_ = ctx.Value(scopeKey{})
				seen[i] = ctx.Done()
			})
		}
		wg.Go(func() { _ = timeout.Exit(ctx, tok, nil) })
		wg.Wait()
		for _, done := range seen {
			if done != seen[0] || !closed(done) {
				t.Fatal("the channels of Done differ, or are open after Exit")
			}
		}
		if ctx.Err() != context.Canceled {
			t.Fatalf("after Exit the context has %v", ctx.Err())
		}
	}
}

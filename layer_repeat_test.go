package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// retry is a Repeater that makes at most max attempts. Its token and its context
// count the repeats.
type retry struct {
	log *endpointtest.Recorder
	max int64
}

type retryKey struct{}

func (r *retry) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	r.log.Log("enter R")
	return context.WithValue(ctx, retryKey{}, int64(0)), endpoint.Token{}, nil
}

func (r *retry) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	r.log.Log("again %d: %v", t.N, err)
	if ctx.Value(retryKey{}) != t.N {
		r.log.Log("again %d has the context of %v", t.N, ctx.Value(retryKey{}))
	}
	t.N++
	return context.WithValue(ctx, retryKey{}, t.N), t, t.N < r.max && ctx.Err() == nil
}

func (r *retry) Exit(ctx context.Context, t endpoint.Token, err error) error {
	r.log.Log("exit R %d: %v", t.N, err)
	if ctx.Value(retryKey{}) != t.N {
		r.log.Log("exit R %d has the context of %v", t.N, ctx.Value(retryKey{}))
	}
	return err
}

// tries is the work of an endpoint that fails a few times, then succeeds.
type tries struct {
	log   *endpointtest.Recorder
	fails int
	made  int
}

func (w *tries) do(ctx context.Context) error {
	w.made++
	w.log.Log("call %v", ctx.Value(retryKey{}))
	if w.made <= w.fails {
		return fmt.Errorf("failure %d", w.made)
	}
	return nil
}

func TestRepeater(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails int
		err   string
		want  []string
	}{
		{"success", 0, "", []string{"enter R", "enter A", "call 0", "exit A", "exit R 0: <nil>"}},
		{"success at last", 2, "", []string{
			"enter R",
			"enter A", "call 0", "exit A: failure 1", "again 0: failure 1",
			"enter A", "call 1", "exit A: failure 2", "again 1: failure 2",
			"enter A", "call 2", "exit A",
			"exit R 2: <nil>",
		}},
		{"failure", 9, "failure 3", []string{
			"enter R",
			"enter A", "call 0", "exit A: failure 1", "again 0: failure 1",
			"enter A", "call 1", "exit A: failure 2", "again 1: failure 2",
			"enter A", "call 2", "exit A: failure 3", "again 2: failure 3",
			"exit R 3: failure 3",
		}},
	} {
		for _, k := range kinds() {
			if k.streams&endpoint.ClientStream != 0 {
				continue // it is ranged over
			}
			t.Run(tt.name+" of "+k.name, func(t *testing.T) {
				t.Parallel()
				log := new(endpointtest.Recorder)
				work := &tries{log: log, fails: tt.fails}
				stack := endpoint.Stack{&retry{log, 3}, log.Layer("A")}
				resp, err := k.run(t.Context(), stack, work.do)
				if tt.err == "" && (resp != "request" || err != nil) || tt.err != "" && (resp != "" || err == nil || err.Error() != tt.err) {
					t.Errorf("the call = %q, %v, want the error %q or the response", resp, err, tt.err)
				}
				if got := log.Lines(); !slices.Equal(got, tt.want) {
					t.Errorf("the log is\n\t%q, want\n\t%q", got, tt.want)
				}
			})
		}
	}
}

// A request stream that was ranged over cannot be sent again; one that nobody
// looked at can.
func TestRepeaterRequestStream(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		ranges func(endpoint.Stream[int])
		calls  int
	}{
		{"ranged over", func(s endpoint.Stream[int]) { _, _ = s.Collect() }, 1},
		{"begun", func(s endpoint.Stream[int]) {
			for range s {
				break
			}
		}, 1},
		{"not looked at", func(endpoint.Stream[int]) {}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := new(endpointtest.Recorder)
			for _, stack := range []endpoint.Stack{{&retry{log, 3}}, {&retry{log, 3}, watching{&scripted{log: log, name: "W"}}}} {
				calls := 0
				_, err := stack.Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
					calls++
					tt.ranges(req)
					return 0, errTest
				})(t.Context(), ticksTo(2))
				if calls != tt.calls || err != errTest { //nolint:errorlint // the very same
					t.Errorf("a request stream that is %s: %d calls and %v, want %d and %v", tt.name, calls, err, tt.calls, errTest)
				}
				calls = 0
				s, err := stack.Wrap(func(_ context.Context, req endpoint.Stream[int]) (endpoint.Stream[int], error) {
					calls++
					tt.ranges(req)
					return failing(errTest), nil
				})(t.Context(), ticksTo(2))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Collect(); calls != tt.calls || err != errTest { //nolint:errorlint // the very same
					t.Errorf("both streams, the request is %s: %d calls and %v, want %d and %v", tt.name, calls, err, tt.calls, errTest)
				}
			}
		})
	}
}

// Before its first item a stream may be begun anew, after it never.
func TestRepeaterResponseStream(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		open  func(call int) (endpoint.Stream[int], error)
		items []int
		calls int
		err   error
	}{
		{"opens at last", func(call int) (endpoint.Stream[int], error) {
			if call < 3 {
				return nil, errTest
			}
			return endpoint.StreamOf(1, 2), nil
		}, []int{1, 2}, 3, nil},
		{"fails before the first item", func(call int) (endpoint.Stream[int], error) {
			if call < 2 {
				return failing(errTest), nil
			}
			return endpoint.StreamOf(1, 2), nil
		}, []int{1, 2}, 2, nil},
		{"fails after the first item", func(int) (endpoint.Stream[int], error) { return failing(errTest, 1), nil }, []int{1}, 1, errTest},
		{"never opens", func(int) (endpoint.Stream[int], error) { return nil, errTest }, nil, 3, errTest},
		{"is nil", func(int) (endpoint.Stream[int], error) { return nil, nil }, nil, 1, nil},
		{"goes on after an error", func(int) (endpoint.Stream[int], error) { return unruly(errTest), nil }, []int{1}, 1, errTest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			s, err := endpoint.Stack{&retry{new(endpointtest.Recorder), 3}}.Wrap(func(context.Context, int) (endpoint.Stream[int], error) {
				calls++
				return tt.open(calls)
			})(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			items, err := s.Collect()
			if !slices.Equal(items, tt.items) || calls != tt.calls || err != tt.err { //nolint:errorlint // the very same
				t.Errorf("%v, %v in %d calls, want %v, %v in %d", items, err, calls, tt.items, tt.err, tt.calls)
			}
		})
	}
}

// An attempt has a context of its own, that ends with it; the loop's lives on.
func TestRepeaterStreamContexts(t *testing.T) {
	t.Parallel()
	var contexts []context.Context
	s, err := endpoint.Stack{&retry{new(endpointtest.Recorder), 3}}.Wrap(func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
		for i, before := range contexts {
			if before.Err() == nil {
				t.Errorf("attempt %d begins while the context of attempt %d lives", len(contexts)+1, i+1)
			}
		}
		if contexts = append(contexts, ctx); ctx.Err() != nil {
			t.Errorf("attempt %d begins with a context that has ended: %v", len(contexts), ctx.Err())
		}
		if len(contexts) < 3 {
			return func(yield func(int, error) bool) {
				yield(0, errTest)
				if ctx.Err() == nil {
					t.Error("the source is told to stop before its context is cancelled")
				}
			}, nil
		}
		return endpoint.StreamOf(1), nil
	})(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for item, err := range s {
		if last := contexts[len(contexts)-1]; item != 1 || err != nil || last.Err() != nil {
			t.Errorf("the item is %d, %v under a context with %v, want 1 under a living one", item, err, last.Err())
		}
	}
}

// Again is not asked after a panic, and its own panic ends the call.
func TestRepeaterPanics(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			log := new(endpointtest.Recorder)
			panicked := func(stack endpoint.Stack, body func(context.Context) error) (v any) {
				defer func() { v = recover() }()
				_, _ = k.run(t.Context(), stack, body)
				return nil
			}
			if v := panicked(endpoint.Stack{&retry{log, 3}}, func(context.Context) error { panic("boom") }); v != "boom" {
				t.Errorf("a panic of an attempt comes out as %v, want boom", v)
			}
			if got, want := log.Reset(), []string{"enter R", "exit R 0: panic: boom"}; !slices.Equal(got, want) {
				t.Errorf("a panic of an attempt logs %q, want %q", got, want)
			}
			if k.streams&endpoint.ClientStream != 0 {
				return // Again is not asked
			}
			if v := panicked(endpoint.Stack{panickyRetry{&retry{log, 3}}}, func(context.Context) error { return errTest }); v != "again" {
				t.Errorf("a panic of Again comes out as %v, want again", v)
			}
			if got, want := log.Reset(), []string{"enter R", "exit R 0: panic: again"}; !slices.Equal(got, want) {
				t.Errorf("a panic of Again logs %q, want %q", got, want)
			}
		})
	}
}

type panickyRetry struct{ *retry }

func (panickyRetry) Again(context.Context, endpoint.Token, error) (context.Context, endpoint.Token, bool) {
	panic("again")
}

// forgetfulRetry returns no context, and stops by what Exit makes of it.
type forgetfulRetry struct{ left int }

func (r *forgetfulRetry) Enter(context.Context) (context.Context, endpoint.Token, error) {
	return nil, endpoint.Token{}, nil
}

func (r *forgetfulRetry) Again(context.Context, endpoint.Token, error) (context.Context, endpoint.Token, bool) {
	r.left--
	return nil, endpoint.Token{N: 1}, r.left > 0
}

func (r *forgetfulRetry) Exit(ctx context.Context, t endpoint.Token, err error) error {
	if ctx == nil || t.N != 1 {
		return errors.New("Exit without its context, or without the token of Again")
	}
	return err
}

func TestRepeaterNilContext(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		if k.streams&endpoint.ClientStream != 0 {
			continue
		}
		calls := 0
		_, err := k.run(t.Context(), endpoint.Stack{&forgetfulRetry{left: 2}}, func(ctx context.Context) error {
			if calls++; ctx == nil {
				t.Error("an attempt has no context")
			}
			return errTest
		})
		if calls != 2 || err != errTest { //nolint:errorlint // the very same
			t.Errorf("%s: %d calls and %v, want 2 and %v", k.name, calls, err, errTest)
		}
	}
}

// A refusal inside is an error like any other; one by the Repeater itself ends
// the call.
func TestRepeaterRefusal(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	refuses := &scripted{log: log, name: "A", enter: fail}
	e := func(context.Context, int) (int, error) { t.Error("a refused call runs"); return 0, nil }
	if _, err := (endpoint.Stack{&retry{log, 2}, refuses}).Wrap(e)(t.Context(), 7); err != errTest { //nolint:errorlint // the very same
		t.Errorf("a refusal inside = %v, want %v", err, errTest)
	}
	want := []string{"enter R", "enter A", "again 0: failed", "enter A", "again 1: failed", "exit R 2: failed"}
	if got := log.Reset(); !slices.Equal(got, want) {
		t.Errorf("a refusal inside logs %q, want %q", got, want)
	}
	if _, err := (endpoint.Stack{repeating{refuses}}).Wrap(e)(t.Context(), 7); err != errTest { //nolint:errorlint // the very same
		t.Errorf("a refusal by the Repeater = %v, want %v", err, errTest)
	}
	if got, want := log.Reset(), []string{"enter A"}; !slices.Equal(got, want) {
		t.Errorf("a refusal by the Repeater logs %q, want %q", got, want)
	}
}

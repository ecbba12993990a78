package resilience_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

func TestFallback(t *testing.T) {
	t.Parallel()
	failed, stale := errors.New("failed"), endpoint.Errorf(endpoint.NotFound, "nothing kept")
	type call struct {
		n   int
		err error
	}
	for _, tt := range []struct {
		name   string
		next   call
		answer call
		want   call
		code   endpoint.Code
		asked  bool
	}{
		{"a success", call{7, nil}, call{8, nil}, call{7, nil}, endpoint.OK, false},
		{"a failure", call{7, failed}, call{8, nil}, call{8, nil}, endpoint.OK, true},
		{"both fail", call{7, failed}, call{8, stale}, call{0, stale}, endpoint.NotFound, true},
		{"both fail, the second without a code", call{7, stale}, call{8, failed}, call{0, failed}, endpoint.Internal, true},
		{"the answer passes the error on", call{7, failed}, call{8, endpoint.Errorf(endpoint.Aborted, "no: %w", failed)}, call{0, failed}, endpoint.Aborted, true},
	} {
		for _, stream := range []bool{false, true} {
			log := new(endpointtest.Recorder)
			answer := func(_ context.Context, req int, err error) (int, error) {
				if req != 1 || !errors.Is(err, tt.next.err) {
					t.Errorf("%s: the answer is asked with %d and %v", tt.name, req, err)
				}
				return tt.answer.n, tt.answer.err
			}
			var got call
			if stream {
				got = fallStream(t, tt.next.n, tt.next.err, answer, log)
			} else {
				e := endpoint.Chain(func(context.Context, int) (int, error) { return tt.next.n, tt.next.err }, resilience.Fallback(answer, resilience.OnEvent(logged(log))).Wrap)
				got.n, got.err = e(t.Context(), 1)
			}
			if got.n != tt.want.n || !errors.Is(got.err, tt.want.err) || got.err != nil && !errors.Is(got.err, tt.next.err) || endpoint.CodeOf(got.err) != tt.code {
				t.Errorf("%s, stream %v: %d, %v, want %d, %v, code %v", tt.name, stream, got.n, got.err, tt.want.n, tt.want.err, tt.code)
			}
			if asked := slices.Equal(log.Lines(), []string{"fallback fell_back"}); asked != tt.asked {
				t.Errorf("%s, stream %v: the events are %q, want one: %v", tt.name, stream, log.Lines(), tt.asked)
			}
		}
	}
}

// fallStream makes a call whose response is a stream of one item.
func fallStream(t *testing.T, n int, failed error, answer func(context.Context, int, error) (int, error), log *endpointtest.Recorder) (c struct {
	n   int
	err error
},
) {
	t.Helper()
	e := endpoint.Chain(func(context.Context, int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) { yield(n, failed) }, nil
	}, resilience.Fallback(func(ctx context.Context, req int, err error) (endpoint.Stream[int], error) {
		n, err := answer(ctx, req, err)
		return endpoint.StreamOf(n), err
	}, resilience.OnEvent(logged(log))).Wrap)
	s, err := e(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	items, err := s.Collect()
	if c.err = err; len(items) == 1 {
		c.n = items[0]
	}
	return c
}

// After the first item there is nothing to fall back to; and the stream of an
// answer may fail like any other.
func TestFallbackStream(t *testing.T) {
	t.Parallel()
	failed, too := errors.New("failed"), errors.New("failed, too")
	fails := func(err error, items ...int) endpoint.Stream[int] {
		return func(yield func(int, error) bool) {
			for _, i := range items {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, err)
		}
	}
	for _, tt := range []struct {
		name         string
		next, answer endpoint.Stream[int]
		items        []int
		errs         []error
	}{
		{"before the first item", fails(failed), endpoint.StreamOf(8, 9), []int{8, 9}, nil},
		{"after it", fails(failed, 7), endpoint.StreamOf(8), []int{7}, []error{failed}},
		{"the answer fails at once", fails(failed), fails(too), nil, []error{failed, too}},
		{"the answer fails later", fails(failed), fails(too, 8), []int{8}, []error{failed, too}},
	} {
		fallback := resilience.Fallback(func(context.Context, int, error) (endpoint.Stream[int], error) { return tt.answer, nil })
		s, err := endpoint.Chain(func(context.Context, int) (endpoint.Stream[int], error) { return tt.next, nil }, fallback.Wrap)(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // ranging twice is two calls
			items, err := s.Collect()
			if !slices.Equal(items, tt.items) || (err == nil) != (tt.errs == nil) {
				t.Errorf("%s: %v, %v, want %v, %v", tt.name, items, err, tt.items, tt.errs)
			}
			for _, want := range tt.errs {
				if !errors.Is(err, want) {
					t.Errorf("%s: %v does not match %v", tt.name, err, want)
				}
			}
		}
	}
}

// A Fallback in the answer of a Fallback is one of its own.
func TestFallbackNested(t *testing.T) {
	t.Parallel()
	down := func(context.Context, int) (endpoint.Stream[int], error) { return nil, errDown }
	last := endpoint.Chain(down, resilience.Fallback(func(context.Context, int, error) (endpoint.Stream[int], error) {
		return endpoint.StreamOf(9), nil
	}).Wrap)
	e := endpoint.Chain(down, resilience.Fallback(func(ctx context.Context, req int, _ error) (endpoint.Stream[int], error) {
		return last(ctx, req)
	}).Wrap)
	s, err := e(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if items, err := s.Collect(); !slices.Equal(items, []int{9}) || err != nil {
		t.Errorf("%v, %v, want the answer's answer", items, err)
	}
}

// Nobody waits for an answer to a call whose caller left, and a panic is a
// defect that no answer hides.
func TestFallbackNotAsked(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		if stream {
			s, _ := endpoint.Chain(func(context.Context, int) (endpoint.Stream[int], error) { cancel(); return nil, errDown },
				resilience.Fallback(func(context.Context, int, error) (endpoint.Stream[int], error) { return nil, errors.New("asked") }).Wrap)(ctx, 1)
			_, err = s.Collect()
		} else {
			_, err = endpoint.Chain(func(context.Context, int) (int, error) { cancel(); return 0, errDown },
				resilience.Fallback(func(context.Context, int, error) (int, error) { return 0, errors.New("asked") }).Wrap)(ctx, 1)
		}
		if err != errDown { //nolint:errorlint // the very same
			t.Errorf("stream %v: the error is %v", stream, err)
		}
	}
	boom := func(context.Context, int) (int, error) { panic("boom") }
	never := func(context.Context, int, error) (int, error) {
		t.Error("the answer is asked")
		return 0, errors.New("asked")
	}
	if v := panicOf(func() { _, _ = endpoint.Chain(boom, resilience.Fallback(never).Wrap)(t.Context(), 1) }); v != "boom" {
		t.Errorf("the panic comes out as %v", v)
	}
}

func TestFallbackFaults(t *testing.T) {
	t.Parallel()
	f := resilience.Fallback[int, int](nil)
	_, err := endpoint.Chain(func(_ context.Context, n int) (int, error) { return n, nil }, f.Wrap)(t.Context(), 1)
	if f.Err() == nil || err == nil || !strings.Contains(err.Error(), "the answer is nil") {
		t.Errorf("without an answer: %v, %v", f.Err(), err)
	}
}

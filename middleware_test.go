package endpoint_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
)

// addName returns a middleware that adds its name to the request and the response.
func addName(name string) endpoint.Middleware[string, string] {
	return func(next endpoint.Endpoint[string, string]) endpoint.Endpoint[string, string] {
		return func(ctx context.Context, req string) (string, error) {
			resp, err := next(ctx, req+">"+name)
			return resp + "<" + name, err
		}
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	a, b, c := addName("a"), addName("b"), addName("c")
	for _, tt := range []struct {
		name string
		mws  []endpoint.Middleware[string, string]
		want string
	}{
		{"none", nil, "in"},
		{"one", []endpoint.Middleware[string, string]{a}, "in>a<a"},
		{"the first outermost", []endpoint.Middleware[string, string]{a, b, c}, "in>a>b>c<c<b<a"},
		{"nil is skipped", []endpoint.Middleware[string, string]{nil, a, nil, b, nil}, "in>a>b<b<a"},
		{"only nil", []endpoint.Middleware[string, string]{nil}, "in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := endpoint.Chain(func(_ context.Context, req string) (string, error) { return req, nil }, tt.mws...)
			if got, err := e(t.Context(), "in"); got != tt.want || err != nil {
				t.Errorf("the chain = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// Chain(Chain(e, B), A) = Chain(e, A, B), and what is built does not change with
// the slice it was built from.
func TestChainComposes(t *testing.T) {
	t.Parallel()
	e := func(_ context.Context, req string) (string, error) { return req, nil }
	mws := []endpoint.Middleware[string, string]{addName("a"), addName("b")}
	whole := endpoint.Chain(e, mws...)
	parts := endpoint.Chain(endpoint.Chain(e, mws[1]), mws[0])
	mws[0], mws[1] = nil, nil
	one, _ := whole(t.Context(), "in")
	two, _ := parts(t.Context(), "in")
	if one != two || one != "in>a>b<b<a" {
		t.Errorf("the whole chain gives %q, its parts %q, want both %q", one, two, "in>a>b<b<a")
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		e      endpoint.Endpoint[int, int]
		resp   int
		err    error
		panics any
	}{
		{"a success", echo, 7, nil, nil},
		{"an error", func(context.Context, int) (int, error) { return 0, errTest }, 0, errTest, nil},
		{"a panic", func(context.Context, int) (int, error) { panic("boom") }, 0, nil, "boom"},
		{"a panic with an error", func(context.Context, int) (int, error) { panic(errBoom) }, 0, nil, errBoom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := endpoint.Recover(tt.e)(t.Context(), 7)
			p, panicked := errors.AsType[*endpoint.PanicError](err)
			if got != tt.resp || panicked != (tt.panics != nil) || !panicked && err != tt.err { //nolint:errorlint // the very same
				t.Fatalf("the call = %d, %v, want %d, %v or the panic %v", got, err, tt.resp, tt.err, tt.panics)
			}
			if panicked && (p.Value != tt.panics || endpoint.CodeOf(err) != endpoint.Internal || errors.Is(err, errBoom)) {
				t.Errorf("the panic %v is an error with the value %v and the code %v, want Internal", tt.panics, p.Value, endpoint.CodeOf(err))
			}
			if panicked && !strings.Contains(string(p.Stack), "TestRecover") {
				t.Errorf("the trace lacks the place of the panic:\n%s", p.Stack)
			}
		})
	}
}

// panic(nil) is a panic, too.
func TestRecoverNil(t *testing.T) {
	t.Parallel()
	_, err := endpoint.Recover(func(context.Context, int) (int, error) {
		panic(recover()) // which is nil here
	})(t.Context(), 7)
	p, ok := errors.AsType[*endpoint.PanicError](err)
	if _, isNil := p.Value.(*runtime.PanicNilError); !ok || !isNil {
		t.Errorf("panic(nil) = %#v, want a PanicError with a *runtime.PanicNilError", err)
	}
}

func TestRecoverGoexit(t *testing.T) {
	t.Parallel()
	returned, done := false, make(chan struct{})
	go func() {
		defer close(done)
		_, _ = endpoint.Recover(func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })(t.Context(), 7)
		returned = true
	}()
	if <-done; returned {
		t.Error("a call that left its goroutine comes back")
	}
}

func TestRecoverStream(t *testing.T) {
	t.Parallel()
	source := func(items int, end func()) endpoint.Endpoint[int, endpoint.Stream[int]] {
		return func(context.Context, int) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				defer end()
				for i := range items {
					if !yield(i, nil) {
						return
					}
				}
			}, nil
		}
	}
	boom := func() { panic("boom") }
	for _, tt := range []struct {
		name  string
		e     endpoint.Endpoint[int, endpoint.Stream[int]]
		items []int
		err   string
	}{
		{"no panic", source(2, func() {}), []int{0, 1}, ""},
		{"nil", func(context.Context, int) (endpoint.Stream[int], error) { return nil, nil }, nil, ""},
		{"an error", func(context.Context, int) (endpoint.Stream[int], error) { return failing(errTest, 1), nil }, []int{1}, "failed"},
		{"more after an error", func(context.Context, int) (endpoint.Stream[int], error) { return unruly(errTest), nil }, []int{1}, "failed"},
		{"an error of the call", func(context.Context, int) (endpoint.Stream[int], error) { return nil, errTest }, nil, "failed"},
		{"a panic of the call", func(context.Context, int) (endpoint.Stream[int], error) { panic("boom") }, nil, "panic: boom"},
		{"a panic before the first item", source(0, boom), nil, "panic: boom"},
		{"a panic after items", source(2, boom), []int{0, 1}, "panic: boom"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := endpoint.Recover(tt.e)(t.Context(), 7)
			if err != nil {
				t.Fatalf("opening: %v", err)
			}
			var items []int
			text := ""
			for item, err := range s {
				if err != nil {
					text += err.Error()
					continue // as far as the stream goes
				}
				items = append(items, item)
			}
			if !slices.Equal(items, tt.items) || text != tt.err {
				t.Errorf("the stream gives %v and %q, want %v and %q", items, text, tt.items, tt.err)
			}
		})
	}
	t.Run("a panic after a break", func(t *testing.T) {
		t.Parallel()
		s, _ := endpoint.Recover(source(2, boom))(t.Context(), 7)
		for range s {
			break
		}
	})
}

// The body of the loop is not the source: its panic goes on, through any number
// of Recovers.
func TestRecoverStreamReader(t *testing.T) {
	t.Parallel()
	s, err := endpoint.Chain(ticks, endpoint.Recover, endpoint.Recover)(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if v := recover(); v != "boom" {
			t.Errorf("a panic of the reader comes out as %v", v)
		}
	}()
	for range s {
		panic("boom")
	}
}

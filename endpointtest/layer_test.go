package endpointtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// record is a testing.TB that keeps what is reported.
type record struct {
	testing.TB
	mu     sync.Mutex // guards the fields below
	errors []string
	logs   []string
}

func (r *record) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *record) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

// custom is a layer, with all abilities hidden until a type below shows them.
type custom struct {
	enter func(ctx context.Context) (context.Context, endpoint.Token, error)
	exit  func(ctx context.Context, t endpoint.Token, err error) error
}

func (c custom) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if c.enter == nil {
		return ctx, endpoint.Token{}, nil
	}
	return c.enter(ctx)
}

func (c custom) Exit(ctx context.Context, t endpoint.Token, err error) error {
	if c.exit == nil {
		return err
	}
	return c.exit(ctx, t, err)
}

type resolver struct {
	custom
	resolve func(op *endpoint.Operation) endpoint.Layer
}

func (r resolver) For(op *endpoint.Operation) endpoint.Layer { return r.resolve(op) }

type streamer struct {
	custom
	item func(ctx context.Context, t endpoint.Token) error
}

func (s streamer) Item(ctx context.Context, t endpoint.Token) error { return s.item(ctx, t) }

type repeater struct {
	custom
	again func(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool)
}

func (r repeater) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	return r.again(ctx, t, err)
}

type hedger struct {
	custom
	delay time.Duration
	max   int
}

func (h hedger) Delay(_ context.Context, started int) (time.Duration, bool) {
	return h.delay, started < h.max
}

type faulty struct{ custom }

func (faulty) Err() error { return errors.New("made wrongly") }

// fickle is a layer whose faults are gone when they are asked for again.
type fickle struct {
	custom
	asked int
}

func (f *fickle) Err() error {
	f.asked++
	if f.asked > 1 {
		return nil
	}
	return errors.New("made wrongly")
}

// dawdle takes longer than Layer waits; in a bubble.
func dawdle() { time.Sleep(time.Minute) }

// elsewhere returns a context that has nothing to do with the call's.
func elsewhere() context.Context { return context.Background() }

var errRefused = endpoint.Define(endpoint.ResourceExhausted, "endpointtest", "REFUSED", "refused")

// permits returns a layer that refuses when n calls run.
func permits(n int) endpoint.Layer {
	free := make(chan struct{}, n)
	return custom{
		enter: func(ctx context.Context) (context.Context, endpoint.Token, error) {
			select {
			case free <- struct{}{}:
				return ctx, endpoint.Token{}, nil
			default:
				return nil, endpoint.Token{}, errRefused
			}
		},
		exit: func(_ context.Context, _ endpoint.Token, err error) error { <-free; return err },
	}
}

// queue returns a layer that lets one call in at a time and has others wait.
func queue() endpoint.Layer {
	free := make(chan struct{}, 1)
	return custom{
		enter: func(ctx context.Context) (context.Context, endpoint.Token, error) {
			select {
			case free <- struct{}{}:
				return ctx, endpoint.Token{}, nil
			case <-ctx.Done():
				return nil, endpoint.Token{}, ctx.Err()
			}
		},
		exit: func(_ context.Context, _ endpoint.Token, err error) error { <-free; return err },
	}
}

func TestLayerPasses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		layer endpoint.Layer
	}{
		{"one that does nothing", custom{}},
		{"a LayerFunc", endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil })},
		{"a Recorder's", new(endpointtest.Recorder).Layer("A")},
		{"one with a deadline", endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			return ctx, func(err error) error { cancel(); return err }, nil
		})},
		{"one that refuses some calls", permits(2)},
		{"one that refuses all calls", permits(0)},
		{"one that makes calls wait", queue()},
		{"one that replaces errors", custom{exit: func(context.Context, endpoint.Token, error) error { return errRefused }}},
		{"one that returns nil for errors", custom{exit: func(context.Context, endpoint.Token, error) error { return nil }}},
		{"faults", faulty{}},
		{"a Stack", endpoint.Stack{custom{}, permits(1), endpoint.Only(custom{}, func(*endpoint.Operation) bool { return false })}},
		{"an Only", endpoint.Only(permits(3), func(op *endpoint.Operation) bool { return op.Idempotent })},
		{"a Resolver", resolver{resolve: func(op *endpoint.Operation) endpoint.Layer {
			if op.Streams != endpoint.Unary {
				return nil
			}
			return permits(1)
		}}},
		{"a Streamer", streamer{item: func(context.Context, endpoint.Token) error { return nil }}},
		{"a Streamer that ends streams", streamer{item: func(context.Context, endpoint.Token) error { return errRefused }}},
		{"a Repeater", repeater{again: func(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
			t.N++
			return ctx, t, ctx.Err() == nil && t.N < 3
		}}},
		{"a Hedger", hedger{max: 3}},
		{"an Only of a Hedger", endpoint.Only(hedger{max: 3}, func(*endpoint.Operation) bool { return true })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &record{TB: t}
			endpointtest.Layer(r, tt.layer)
			if len(r.errors) > 0 {
				t.Errorf("Layer reports:\n%s", strings.Join(r.errors, "\n"))
			}
			if refusesAll := tt.name == "one that refuses all calls"; refusesAll != (len(r.logs) == 1) {
				t.Errorf("Layer logs %q", r.logs)
			}
		})
	}
}

func TestLayerReports(t *testing.T) {
	t.Parallel()
	forever := func(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
		return ctx, t, true
	}
	for _, tt := range []struct {
		name  string
		layer endpoint.Layer
		want  string
	}{
		{"nil", nil, "the layer is nil"},
		{"a nil context", custom{enter: func(context.Context) (context.Context, endpoint.Token, error) {
			return nil, endpoint.Token{}, nil
		}}, "nil context"},
		{"a lost value", custom{enter: func(context.Context) (context.Context, endpoint.Token, error) {
			return elsewhere(), endpoint.Token{}, nil
		}}, "lacks a value"},
		{"a lost cancellation", custom{enter: func(ctx context.Context) (context.Context, endpoint.Token, error) {
			return context.WithoutCancel(ctx), endpoint.Token{}, nil
		}}, "goes on after the end"},
		{"a panic without a Call", custom{enter: func(ctx context.Context) (context.Context, endpoint.Token, error) {
			if endpoint.CallFrom(ctx) == nil {
				panic("no call")
			}
			return ctx, endpoint.Token{}, nil
		}}, "Enter panics: no call"},
		{"a panic in Exit", custom{exit: func(_ context.Context, _ endpoint.Token, err error) error {
			if _, ok := errors.AsType[*endpoint.PanicError](err); ok {
				panic("no error")
			}
			return err
		}}, "Exit after a panic panics: no error"},
		{"an error without a code", custom{exit: func(_ context.Context, _ endpoint.Token, err error) error {
			if err != nil {
				return err.(*endpoint.Error) //nolint:errorlint // this is the fault
			}
			return nil
		}}, "Exit after a cancellation panics"},
		{"a wait without end", custom{enter: func(ctx context.Context) (context.Context, endpoint.Token, error) {
			dawdle()
			return ctx, endpoint.Token{}, nil
		}}, "Enter waits although the context has ended"},
		{"faults that pass", &fickle{}, "lets calls pass"},
		{"a faulty one for an operation", resolver{resolve: func(op *endpoint.Operation) endpoint.Layer {
			if op.Streams == endpoint.Bidi {
				panic("no layer")
			}
			return nil
		}}, `for operation "Sync": For panics: no layer`},
		{"a panic in Item", streamer{item: func(context.Context, endpoint.Token) error { panic("no item") }}, "Item panics: no item"},
		{"repeats for ever", repeater{again: forever}, "Again repeats a call whose context has ended"},
		{"waits for ever", repeater{again: func(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
			dawdle()
			return ctx, t, false
		}}, "Again waits although the context has ended"},
		{"a negative delay", hedger{delay: -1, max: 2}, "Delay with 1 attempts started is -1ns"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &record{TB: t}
				endpointtest.Layer(r, tt.layer)
				if !strings.Contains(strings.Join(r.errors, "\n"), tt.want) {
					t.Errorf("Layer reports %q, want it to say %q", r.errors, tt.want)
				}
				dawdle() // until those that Layer gave up have ended
			})
		})
	}
}

func TestLayerReportsOnce(t *testing.T) {
	t.Parallel()
	r := &record{TB: t}
	endpointtest.Layer(r, custom{enter: func(context.Context) (context.Context, endpoint.Token, error) {
		return nil, endpoint.Token{}, nil
	}})
	if len(r.errors) != 1 {
		t.Errorf("a nil context is reported %d times, want once: %q", len(r.errors), r.errors)
	}
}

package endpoint_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
)

const (
	boom   = "panic: boom"
	goexit = "the call left its goroutine"
)

func TestStackPanic(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, _ int) {
		e := l.call(t, func() error { panic("boom") })
		if e.panicked != "boom" {
			t.Errorf("a panic ends as %+v, want it to go on", e)
		}
		l.wantLog(t, "panic", len(l.layers), len(l.layers), true, each(boom))
	})
}

func TestStackGoexit(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, _ int) {
		e := l.call(t, func() error { runtime.Goexit(); return nil })
		if _, panicked := errors.AsType[*endpoint.PanicError](e.err); l.hedges && l.streams&endpoint.ClientStream == 0 {
			// An attempt's goroutine is its own to leave: for the caller, it failed.
			if !panicked || !e.returned {
				t.Errorf("Goexit in an attempt ends as %+v, want a PanicError", e)
			}
		} else if e.panicked != nil || e.returned {
			t.Errorf("Goexit ends as %+v, want it to go on", e)
		}
		l.wantLog(t, "Goexit", len(l.layers), len(l.layers), true, each(goexit))
	})
}

func TestStackEnterPanics(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, at int) {
		l.layers[at].enter = func() error { panic("boom") }
		e := l.call(t, succeed)
		if e.panicked != "boom" {
			t.Errorf("Enter of %s panics: the call ends as %+v, want it to go on", l.layers[at].name, e)
		}
		l.wantLog(t, "Enter of "+l.layers[at].name+" panics", at+1, at, false, each(boom))
	})
}

func TestStackExitPanics(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body func() error
		in   string // the text that layers inside get
		out  string // and those outside
	}{
		{"after a success", succeed, "", "panic: exit"},
		{"after an error", fail, "failed", "panic: exit"},
		// The first panic is the one that matters.
		{"after a panic", func() error { panic("boom") }, boom, boom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachLaw(t, func(t *testing.T, l *law, at int) {
				if l.hand && tt.out == boom {
					return // given a PanicError, it cannot tell it from an error
				}
				l.layers[at].exit = func(error) error { panic("exit") }
				e := l.call(t, tt.body)
				if want := strings.TrimPrefix(tt.out, "panic: "); e.panicked != want {
					t.Errorf("Exit of %s panics: the call ends as %+v, want the panic %q", l.layers[at].name, e, want)
				}
				l.wantLog(t, "Exit of "+l.layers[at].name+" panics", len(l.layers), len(l.layers), true, func(i int) string {
					if i < at {
						return tt.out
					}
					return tt.in
				})
			})
		})
	}
}

// Several Exits panic: each still runs once.
func TestStackExitsPanic(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, _ int) {
		if l.hand {
			return
		}
		for _, layer := range l.layers {
			layer.exit = func(error) error { panic("exit " + layer.name) }
		}
		if e := l.call(t, func() error { panic("boom") }); e.panicked != "boom" {
			t.Errorf("all Exits panic after a panic: the call ends as %+v, want the first panic", e)
		}
		l.wantLog(t, "all Exits panic after a panic", len(l.layers), len(l.layers), true, each(boom))
		last := l.layers[len(l.layers)-1].name
		if e := l.call(t, succeed); e.panicked != "exit "+last {
			t.Errorf("all Exits panic: the call ends as %+v, want the panic of %s", e, last)
		}
		l.wantLog(t, "all Exits panic", len(l.layers), len(l.layers), true, func(i int) string {
			if i == len(l.layers)-1 {
				return ""
			}
			return "panic: exit " + last
		})
	})
}

func TestStackExitGoexits(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, at int) {
		if l.hedges {
			return // as in TestStackGoexit
		}
		l.layers[at].exit = func(error) error { runtime.Goexit(); return nil }
		if e := l.call(t, succeed); e.returned || e.panicked != nil {
			t.Errorf("Exit of %s leaves: the call ends as %+v, want it to leave too", l.layers[at].name, e)
		}
		l.wantLog(t, "Exit of "+l.layers[at].name+" leaves", len(l.layers), len(l.layers), true, func(i int) string {
			if i < at {
				return goexit
			}
			return ""
		})
	})
}

// What Exit returns after a panic is ignored.
func TestStackPanicStands(t *testing.T) {
	t.Parallel()
	for name, exit := range map[string]func(error) error{
		"nil":     func(error) error { return nil },
		"another": func(error) error { return errTest },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachLaw(t, func(t *testing.T, l *law, at int) {
				if l.hand && name == "another" {
					return // as in TestStackExitPanics
				}
				l.layers[at].exit = exit
				if e := l.call(t, func() error { panic("boom") }); e.panicked != "boom" {
					t.Errorf("Exit of %s returns %s after a panic: the call ends as %+v, want the panic to go on", l.layers[at].name, name, e)
				}
				l.wantLog(t, "Exit of "+l.layers[at].name+" returns "+name, len(l.layers), len(l.layers), true, each(boom))
			})
		})
	}
}

// errBoom is a panic value that must not turn into an answer.
var errBoom = endpoint.Define(endpoint.NotFound, "endpoint.test", "BOOM", "boom")

func TestPanicError(t *testing.T) {
	t.Parallel()
	var seen []error
	spy := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error { seen = append(seen, err); return nil }, nil
	})
	func() {
		defer func() {
			if v := recover(); v != errBoom {
				t.Errorf("the panic goes on with %v, want %v", v, errBoom)
			}
		}()
		_, _ = endpoint.Stack{spy, spy, spy, spy, spy}.Wrap(panicsDeep)(t.Context(), 1)
	}()
	if len(seen) != 5 {
		t.Fatalf("%d layers exit, want 5", len(seen))
	}
	for i, err := range seen {
		p, ok := err.(*endpoint.PanicError) //nolint:errorlint // Exit gets it as it is
		switch {
		case !ok || p.Value != errBoom:
			t.Errorf("Exit %d gets %#v, want a PanicError with the value of the panic", i, err)
		case !strings.Contains(string(p.Stack), "panicsDeep"):
			t.Errorf("Exit %d gets a trace that lacks the place of the panic:\n%s", i, p.Stack)
		case errors.Is(err, errBoom) || endpoint.CodeOf(err) != endpoint.Internal:
			t.Errorf("Exit %d gets an error that matches the value of the panic (code %v), want Internal", i, endpoint.CodeOf(err))
		}
	}
}

func panicsDeep(context.Context, int) (int, error) { panic(errBoom) }

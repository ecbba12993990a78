package endpoint_test

import (
	"context"
	"errors"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

var errTest = errors.New("failed")

func succeed() error { return nil }
func fail() error    { return errTest }

func TestStackOrder(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, _ int) {
		e := l.call(t, succeed)
		if e.resp != "request" || e.err != nil || !e.returned {
			t.Errorf("a success ends as %+v, want the response %q", e, "request")
		}
		l.wantLog(t, "success", len(l.layers), len(l.layers), true, each(""))
	})
}

func TestStackError(t *testing.T) {
	t.Parallel()
	eachLaw(t, func(t *testing.T, l *law, _ int) {
		e := l.call(t, fail)
		if e.resp != "" || e.err != errTest || !e.returned { //nolint:errorlint // the very same
			t.Errorf("an error ends as %+v, want %v and no response", e, errTest)
		}
		l.wantLog(t, "error", len(l.layers), len(l.layers), true, each("failed"))
	})
}

func TestStackRefusal(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	eachLaw(t, func(t *testing.T, l *law, at int) {
		l.layers[at].enter = func() error { return refused }
		e := l.call(t, succeed)
		if e.resp != "" || e.err != refused || !e.returned { //nolint:errorlint // the very same
			t.Errorf("%s refuses: the call ends as %+v, want %v and no response", l.layers[at].name, e, refused)
		}
		l.wantLog(t, l.layers[at].name+" refuses", at+1, at, false, each("refused"))
	})
}

func TestStackExitReplaces(t *testing.T) {
	t.Parallel()
	other := errors.New("other")
	for _, tt := range []struct {
		name     string
		body     func() error
		exit     func(error) error
		err      error
		in, text string // the texts that layers inside, and those outside, get
	}{
		{"an error by another", fail, func(error) error { return other }, other, "failed", "other"},
		{"an error by nil", fail, func(error) error { return nil }, errTest, "failed", "failed"},
		{"a success by an error", succeed, func(error) error { return other }, other, "", "other"},
		{"a success by nil", succeed, func(error) error { return nil }, nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachLaw(t, func(t *testing.T, l *law, at int) {
				l.layers[at].exit = tt.exit
				e := l.call(t, tt.body)
				if e.err != tt.err || !e.returned { //nolint:errorlint // the very same
					t.Errorf("%s replaces %s: the call ends as %+v, want the error %v", l.layers[at].name, tt.name, e, tt.err)
				}
				if l.response && e.err != nil && e.resp != "" {
					t.Errorf("%s replaces %s: the response is %q beside an error, want none", l.layers[at].name, tt.name, e.resp)
				}
				l.wantLog(t, l.layers[at].name+" replaces "+tt.name, len(l.layers), len(l.layers), true, func(i int) string {
					if i < at {
						return tt.text
					}
					return tt.in
				})
			})
		})
	}
}

func TestStackEmpty(t *testing.T) {
	t.Parallel()
	for _, s := range []endpoint.Stack{nil, {}, {endpoint.Stack{}}} {
		e := s.Wrap(func(_ context.Context, n int) (int, error) { return n + 1, nil })
		if got, err := e(t.Context(), 1); got != 2 || err != nil {
			t.Errorf("%#v.Wrap(e)(1) = %d, %v, want 2, nil", s, got, err)
		}
	}
}

func TestStackCopies(t *testing.T) {
	t.Parallel()
	var r endpointtest.Recorder
	s := endpoint.Stack{r.Layer("A"), r.Layer("B")}
	e := s.Wrap(func(_ context.Context, n int) (int, error) { return n, nil })
	s[0], s[1] = nil, r.Layer("C")
	if _, err := e(t.Context(), 1); err != nil {
		t.Errorf("a call after the stack was changed: %v", err)
	}
	if got := r.Lines(); len(got) != 4 || got[0] != "enter A" || got[1] != "enter B" {
		t.Errorf("a call after the stack was changed logs %q, want that of A and B", got)
	}
}

// What a call holds is its own: many at once do not mix their tokens.
func TestStackConcurrent(t *testing.T) {
	t.Parallel()
	for _, f := range forms(false) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			l := newLaw(f, kinds()[0])
			stack := l.stack(l.layers)
			done := make(chan error)
			for range 8 {
				go func() {
					_, err := l.run(t.Context(), stack, func(context.Context) error { return nil })
					done <- err
				}()
			}
			for range 8 {
				if err := <-done; err != nil {
					t.Errorf("a call beside others: %v", err)
				}
			}
			if got, want := len(l.log.Lines()), 8*2*len(l.layers); got != want {
				t.Errorf("8 calls log %d lines, want %d: %q", got, want, l.log.Lines())
			}
		})
	}
}

// Enter may return no context: what is inside gets the one outside.
func TestStackNilContext(t *testing.T) {
	t.Parallel()
	forgetful := endpoint.LayerFunc(func(context.Context) (context.Context, func(error) error, error) { return nil, nil, nil })
	for _, s := range []endpoint.Stack{{forgetful}, {forgetful, forgetful}} {
		ctx := context.WithValue(t.Context(), scriptedKey("x"), "kept")
		e := s.Wrap(func(ctx context.Context, _ int) (any, error) { return ctx.Value(scriptedKey("x")), nil })
		if got, err := e(ctx, 1); got != "kept" || err != nil {
			t.Errorf("inside %d layers that return no context, the value is %v (error %v), want %q", len(s), got, err, "kept")
		}
	}
}

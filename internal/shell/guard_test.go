package shell_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	passes := func(v any) bool { return v == "abort" }
	require.NoError(t, shell.Guard(passes, func() error { return nil }))
	require.Equal(t, errFailed, shell.Guard(nil, func() error { return errFailed }))
	for name, tt := range map[string]struct {
		pass  func(v any) bool
		value any
	}{
		"without pass":         {nil, "abort"},
		"with pass":            {passes, "oops"},
		"an error":             {passes, errFailed},
		"a value without type": {nil, nil}, // a *runtime.PanicNilError
		"not comparable":       {passes, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := shell.Guard(tt.pass, func() error { panic(tt.value) })
			var p *endpoint.PanicError
			require.ErrorAs(t, err, &p)
			if tt.value != nil {
				require.Equal(t, tt.value, p.Value)
			} else {
				require.IsType(t, &runtime.PanicNilError{}, p.Value)
			}
			require.Contains(t, string(p.Stack), "TestGuard", "the stack is that of the panic")
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		})
	}
	require.PanicsWithValue(t, "abort", func() { _ = shell.Guard(passes, func() error { panic("abort") }) })
	require.True(t, exits(func() { _ = shell.Guard(passes, goexit) }))
	require.True(t, exits(func() { _ = shell.Guard(nil, goexit) }))
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	var answers []error
	shell.Answer(errFailed, func(err error) { answers = append(answers, err) })
	require.Equal(t, []error{errFailed}, answers)

	answers = nil
	shell.Answer((*nilError)(nil), func(err error) {
		answers = append(answers, err)
		_ = endpoint.CodeOf(err)
	})
	require.Len(t, answers, 2)
	var p *endpoint.PanicError
	require.ErrorAs(t, answers[1], &p)
	require.Implements(t, (*runtime.Error)(nil), p.Value)

	require.PanicsWithValue(t, "broken", func() { shell.Answer(nil, func(error) { panic("broken") }) }, "it cannot answer at all")
	require.True(t, exits(func() { shell.Answer(nil, func(error) { runtime.Goexit() }) }))
}

// report is what one hook got.
type report struct {
	hook string
	err  error
}

// TestReport checks that a hook that panics keeps no other from its call, and that
// all hooks get its panic.
func TestReport(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "the call's")
	var got []report
	hook := func(name string, panics bool) func(context.Context, error) {
		return func(ctx context.Context, err error) {
			require.Equal(t, "the call's", ctx.Value(key{}))
			got = append(got, report{name, err})
			if panics {
				panic(name)
			}
		}
	}
	shell.Hooks(nil).Report(ctx, errFailed)
	shell.Hooks{hook("a", false), hook("b", false)}.Report(ctx, errFailed)
	require.Equal(t, []report{{"a", errFailed}, {"b", errFailed}}, got)

	got = nil
	shell.Hooks{hook("a", true), hook("b", false), hook("c", true)}.Report(ctx, errFailed)
	var names []string
	for _, r := range got {
		text := r.err.Error()
		if p, ok := errors.AsType[*endpoint.PanicError](r.err); ok {
			require.NotEmpty(t, p.Stack)
		}
		names = append(names, r.hook+": "+text)
	}
	require.Equal(t, []string{
		"a: failed", "a: panic: a", "b: panic: a", "c: panic: a",
		"b: failed",
		"c: failed", "a: panic: c", "b: panic: c", "c: panic: c",
	}, names)
}

// TestReportOfErrorThatPanics has hooks that look at an error whose methods panic.
func TestReportOfErrorThatPanics(t *testing.T) {
	t.Parallel()
	var got []error
	look := func(_ context.Context, err error) {
		_ = err.Error()
		got = append(got, err)
	}
	shell.Hooks{look, func(_ context.Context, err error) { got = append(got, err) }}.Report(t.Context(), (*nilError)(nil))
	require.Len(t, got, 3, "the first hook has the panic alone, the second has both")
	for i, isPanic := range []bool{true, true, false} {
		_, ok := got[i].(*endpoint.PanicError) //nolint:errorlint // the other one panics
		require.Equal(t, isPanic, ok, "report %d", i)
	}
}

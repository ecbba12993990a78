package shell_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// TestAttempt checks that the outcome goes to the target once, and unchanged.
func TestAttempt(t *testing.T) {
	t.Parallel()
	coded := endpoint.Errorf(endpoint.NotFound, "gone")
	for name, err := range map[string]error{
		"success": nil, "an error": errFailed, "a coded error": coded, "a break": endpoint.ErrStopped,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var to target
			got := shell.Attempt(t.Context(), &to, func(conn string) error {
				require.Equal(t, "conn", conn)
				require.Empty(t, to.outcomes, "released too early")
				return err
			})
			require.Equal(t, err, got)
			require.Equal(t, []error{err}, to.settled(t, 1))
		})
	}
}

func TestAttemptWithoutConnection(t *testing.T) {
	t.Parallel()
	to := target{err: errFailed}
	err := shell.Attempt(t.Context(), &to, func(string) error {
		t.Error("an exchange without a connection")
		return nil
	})
	require.Equal(t, errFailed, err)
	to.settled(t, 0)
}

// TestAttemptThatPanics checks that a panic, and a goroutine that exits, release the
// connection with an outcome that does not count against the server.
func TestAttemptThatPanics(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T, to *target){
		"a panic": func(t *testing.T, to *target) {
			require.PanicsWithValue(t, "oops", func() {
				_ = shell.Attempt(t.Context(), to, func(string) error { panic("oops") })
			})
		},
		"Goexit": func(t *testing.T, to *target) {
			require.True(t, exits(func() { _ = shell.Attempt(t.Context(), to, func(string) error { return goexit() }) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var to target
			run(t, &to)
			outcome := to.settled(t, 1)[0]
			require.ErrorIs(t, outcome, endpoint.ErrStopped)
			require.ErrorIs(t, outcome, context.Canceled)
			require.ErrorContains(t, outcome, "the call panicked")
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(outcome))
			require.False(t, endpoint.ServerFault(outcome))
		})
	}
}

// forTarget is a target with a form of its own for each operation.
type forTarget struct {
	*target

	forms map[string]endpoint.Target[string]
}

func (f forTarget) For(op *endpoint.Operation) endpoint.Target[string] { return f.forms[op.Name] }

func TestTargetFor(t *testing.T) {
	t.Parallel()
	plain, own := &target{}, &target{err: errors.New("own")}
	to := forTarget{plain, map[string]endpoint.Target[string]{"Own": own}}
	require.Same(t, own, shell.TargetFor[string](to, &endpoint.Operation{Name: "Own"}))
	require.Equal(t, to, shell.TargetFor[string](to, &endpoint.Operation{Name: "Other"}), "it has no form for this one")
	require.Same(t, plain, shell.TargetFor[string](plain, &endpoint.Operation{Name: "Own"}))
}

package shell_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// odd is a context with an error or a deadline of its own.
type odd struct {
	context.Context

	err      error
	deadline time.Time
}

func (o odd) Err() error { return o.err }

func (o odd) Deadline() (time.Time, bool) { return o.deadline, !o.deadline.IsZero() }

// TestContextError checks that the code is that of the context, whatever its cause
// is.
func TestContextError(t *testing.T) {
	t.Parallel()
	plain := errors.New("enough")
	coded := endpoint.Define(endpoint.NotFound, "test", "GONE", "gone")
	late := endpoint.Define(endpoint.DeadlineExceeded, "test", "LATE", "late")
	canceled := func(cause error) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		return ctx
	}
	expired := func(cause error) context.Context {
		ctx, cancel := context.WithDeadlineCause(t.Context(), time.Unix(1, 0), cause)
		t.Cleanup(cancel)
		return ctx
	}
	for name, tt := range map[string]struct {
		ctx   context.Context
		code  endpoint.Code
		cause error
	}{
		"canceled":                   {canceled(nil), endpoint.Canceled, context.Canceled},
		"canceled with a cause":      {canceled(plain), endpoint.Canceled, plain},
		"canceled with a code":       {canceled(coded), endpoint.Canceled, coded},
		"canceled with a late code":  {canceled(late), endpoint.Canceled, late},
		"canceled with a nil error":  {canceled((*nilError)(nil)), endpoint.Canceled, context.Canceled},
		"expired":                    {expired(nil), endpoint.DeadlineExceeded, context.DeadlineExceeded},
		"expired with a cause":       {expired(plain), endpoint.DeadlineExceeded, plain},
		"expired with a code":        {expired(coded), endpoint.DeadlineExceeded, coded},
		"expired with a late code":   {expired(late), endpoint.DeadlineExceeded, late},
		"not yet ended":              {t.Context(), endpoint.DeadlineExceeded, context.DeadlineExceeded},
		"an error that is a code":    {odd{Context: t.Context(), err: coded}, endpoint.Canceled, coded},
		"an error that is late":      {odd{Context: t.Context(), err: late}, endpoint.DeadlineExceeded, late},
		"an error that is plain":     {odd{Context: t.Context(), err: plain}, endpoint.Canceled, plain},
		"an error inside of another": {canceled(errors.Join(plain, coded)), endpoint.Canceled, coded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := shell.ContextError(tt.ctx)
			require.Equal(t, tt.code, err.Code())
			require.Equal(t, tt.code, endpoint.CodeOf(err))
			require.ErrorIs(t, err, tt.cause)
			if ended := tt.ctx.Err(); ended != nil {
				require.ErrorIs(t, err, ended)
			}
			require.Empty(t, err.Reason(), "its identity is not that of the cause")
			require.False(t, err.Remote())
		})
	}
}

func TestIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		require.False(t, shell.IsOver(t.Context()), "no deadline")
		for _, tt := range []struct {
			name     string
			deadline time.Time
			over     bool
		}{
			{"later", now.Add(1), false},
			{"now", now, true},
			{"past", now.Add(-1), true},
		} {
			require.Equal(t, tt.over, shell.IsOver(odd{Context: t.Context(), deadline: tt.deadline}), tt.name)
		}
	})
}

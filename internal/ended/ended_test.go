package ended_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/ended"
)

// nilError is an error whose nil pointer panics when it is compared.
type nilError struct{ err error }

func (e *nilError) Error() string { return "nil" }
func (e *nilError) Unwrap() error { return e.err }

func TestErr(t *testing.T) {
	t.Parallel()
	require.NoError(t, ended.Err(t.Context()))

	enough := errors.New("enough")
	late := fmt.Errorf("late: %w", context.DeadlineExceeded)
	for _, tt := range []struct {
		name    string
		expired bool // or canceled
		cause   error
		want    string
	}{
		{"canceled", false, nil, "context canceled"},
		{"canceled with a cause", false, enough, "context canceled: enough"},
		{"canceled because it was late", false, late, "context canceled: late: context deadline exceeded"},
		{"canceled with a cause that panics", false, (*nilError)(nil), "context canceled"},
		{"expired", true, nil, "context deadline exceeded"},
		{"expired with a cause", true, enough, "context deadline exceeded: enough"},
		{"expired with a cause that says so", true, late, "late: context deadline exceeded"},
		{"expired with a cause that panics", true, (*nilError)(nil), "context deadline exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(tt.cause)
			want := context.Canceled
			if tt.expired {
				late, stop := context.WithDeadlineCause(t.Context(), time.Unix(1, 0), tt.cause)
				defer stop()
				ctx, want = late, context.DeadlineExceeded
			}
			err := ended.Err(ctx)
			require.EqualError(t, err, tt.want)
			require.ErrorIs(t, err, want)
			if _, panics := tt.cause.(*nilError); tt.cause != nil && !panics { //nolint:errorlint // the very type
				require.ErrorIs(t, err, tt.cause)
			}
		})
	}
}

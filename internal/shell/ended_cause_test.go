package shell_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

var errClosing = endpoint.Define(endpoint.Unavailable, "shop", "CLOSING", "the shop closes")

// panicking is a cause whose methods panic.
type panicking struct{ err error }

func (p *panicking) Error() string { return "panics" }
func (p *panicking) Unwrap() error { return p.err }

// TestCancelled has handlers that fail in each way in contexts that ended for each reason.
func TestCancelled(t *testing.T) {
	t.Parallel()
	remote := endpoint.FromWire(endpoint.Unavailable, "shop", "CLOSING", "")
	for name, tt := range map[string]struct {
		cause error // of the end of the context; nil for a context that goes on
		err   error
		want  error // nil: err
	}{
		"nil error":              {errClosing, nil, nil},
		"context's error":        {errClosing, context.Canceled, errClosing},
		"wrapped":                {errClosing, fmt.Errorf("read: %w", context.Canceled), errClosing},
		"with a code":            {fmt.Errorf("enough: %w", errClosing), endpoint.Errorf(endpoint.Canceled, "no"), errClosing},
		"another error":          {errClosing, errors.New("broken"), nil},
		"another code":           {errClosing, endpoint.Errorf(endpoint.NotFound, "no"), nil},
		"context goes on":        {nil, context.Canceled, nil},
		"no cause":               {context.Canceled, context.Canceled, nil},
		"cause of no identity":   {endpoint.Errorf(endpoint.Unavailable, "no"), context.Canceled, nil},
		"cause of another side":  {remote, context.Canceled, nil},
		"cause that is no error": {errors.New("enough"), context.Canceled, nil},
		"cause that panics":      {(*panicking)(nil), context.Canceled, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if tt.cause != nil {
				cancel(tt.cause)
			}
			got, end := shell.Cancelled(ctx, tt.err), shell.Interrupted(ctx)
			if tt.want == nil {
				require.Equal(t, tt.err, got)
			} else {
				require.ErrorIs(t, got, tt.want)
				require.ErrorIs(t, got, tt.err)
			}
			if errors.Is(tt.want, errClosing) || name == "nil error" || name == "another error" || name == "another code" {
				require.ErrorIs(t, end, errClosing)
			} else {
				require.NoError(t, end)
			}
		})
	}
}

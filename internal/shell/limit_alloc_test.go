//go:build !race

package shell_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// TestAllocationsOfLimit checks what the limit costs calls that have a deadline, which
// is nothing, and others.
func TestAllocationsOfLimit(t *testing.T) { // not parallel: it counts
	measure := func(ctx context.Context, timeout time.Duration, waits bool) float64 {
		var to endpoint.Target[string] = conn{}
		c := shell.Client[string]{Timeout: timeout, Unary: func(ctx context.Context, _ string, v any) (any, error) {
			if waits {
				_ = ctx.Done()
			}
			return v.(*shell.Messages).Place(), nil
		}}
		var field endpoint.Endpoint[string, reply]
		connectTo(t, erased(&field), endpoint.Unary, to, c, nil)
		return testing.AllocsPerRun(100, func() { _, _ = field(ctx, "a") })
	}
	none := context.Background() //nolint:usetesting // the test's own context has a parent that can be canceled
	with, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, waits := range []bool{false, true} {
		require.LessOrEqual(t, measure(with, 0, waits), measure(none, -1, false), "with a deadline")
	}
	require.LessOrEqual(t, measure(none, 0, false), measure(none, -1, false)+1, "in memory")
	require.LessOrEqual(t, measure(none, 0, true), measure(none, -1, true)+5, "over a transport that waits for the end of the context")
}

// conn is a target whose connection is "conn".
type conn struct{}

func (conn) Acquire(context.Context) (string, endpoint.Token, error) {
	return "conn", endpoint.Token{}, nil
}
func (conn) Release(endpoint.Token, error) {}

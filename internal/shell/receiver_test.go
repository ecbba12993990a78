package shell_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// receiving returns the response stream of a call whose items come from receive.
func receiving(t *testing.T, receive func(out *shell.Receiver)) endpoint.Stream[int] {
	t.Helper()
	call := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &target{}, shell.Client[string]{
		Range: func(_ context.Context, _ any, _ *shell.Producer, out *shell.Receiver) { receive(out) },
	})
	items, err := call(t.Context(), "")
	require.NoError(t, err)
	return items
}

func item(n int) any { return &n }

func TestReceiver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  error
	}{
		{"a success", nil},
		{"an error", errFailed},
	} {
		got, err := receiving(t, func(out *shell.Receiver) {
			require.NoError(t, out.Item(item(1)), tt.name)
			require.NoError(t, out.Item(item(2)), tt.name)
			require.False(t, out.Stopped(), tt.name)
			out.End(tt.end)
			require.False(t, out.Stopped(), tt.name)
		}).Collect()
		require.Equal(t, tt.end, err, tt.name)
		require.Equal(t, []int{1, 2}, got, tt.name)
	}
}

// TestReceiverStops has a loop that is left at its first item: nothing more reaches
// it, not even an error.
func TestReceiverStops(t *testing.T) {
	t.Parallel()
	received := false
	for n, err := range receiving(t, func(out *shell.Receiver) {
		require.Equal(t, endpoint.ErrStopped, out.Item(item(1)))
		require.True(t, out.Stopped())
		out.End(errFailed)
		out.End(nil)
		received = true
	}) {
		require.NoError(t, err)
		require.Equal(t, 1, n)
		break
	}
	require.True(t, received)
}

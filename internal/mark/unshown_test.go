package mark_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/mark"
)

func TestUnshown(t *testing.T) {
	t.Parallel()
	_, secret := netip.ParseAddr("hunter2")
	require.ErrorContains(t, secret, "hunter2")
	err := mark.Unshown(secret)
	require.EqualError(t, err, "the cause is not shown")
	require.ErrorIs(t, err, secret)
	require.Equal(t, secret, errors.Unwrap(err))
	require.True(t, mark.IsUnshown(err))
	require.False(t, mark.IsUnshown(secret))
	require.False(t, mark.IsUnshown(fmt.Errorf("read: %w", err)))
	require.NoError(t, mark.Unshown(nil))
	require.False(t, mark.IsUnshown(nil))
}

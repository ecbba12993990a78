package mark_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/mark"
)

func TestRetried(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	require.False(t, mark.WasRetried(nil))
	require.False(t, mark.WasRetried(failed))
	require.NoError(t, mark.Retried(nil))
	marked := mark.Retried(failed)
	require.True(t, mark.WasRetried(marked))
	require.True(t, mark.WasRetried(fmt.Errorf("behind: %w", marked)))
	require.ErrorIs(t, marked, failed)
	require.EqualError(t, marked, "failed")
}

package edge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

func TestLimitsCheck(t *testing.T) {
	t.Parallel()
	require.Empty(t, edge.DefaultLimits().Check())
	require.Empty(t, edge.Limits{1, 1, 1, 1, 1, 1, 1}.Check())
	faults := edge.Limits{HeaderTime: -time.Second}.Check()
	require.Len(t, faults, 7)
	require.EqualError(t, faults[0], "HeaderTime must be positive, got -1s")
	require.EqualError(t, faults[5], "PeerConnections must be positive, got 0")
}

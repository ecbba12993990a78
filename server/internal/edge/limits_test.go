package edge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

func TestLimitsCheck(t *testing.T) {
	t.Parallel()
	require.NoError(t, edge.DefaultLimits().Check())
	require.NoError(t, edge.Limits{1, 1, 1, 1, 1, 1, 1}.Check())
	err := edge.Limits{HeaderTime: -time.Second}.Check()
	require.ErrorContains(t, err, "HeaderTime must be positive, got -1s")
	require.ErrorContains(t, err, "PeerConnections must be positive, got 0")
	require.Len(t, strings.Split(err.Error(), "\n"), 7)
}

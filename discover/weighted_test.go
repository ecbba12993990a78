package discover_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestWeightedForgetsNobody: a member of hardly any weight comes up once in 65,535
// turns, in which the other has one call each.
func TestWeightedForgetsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := running(t, weights(1e9, 1), discover.Balance(discover.Weighted()))
		counts := picks(t, pool, 65_536) // those of as many turns
		require.Equal(t, 1, counts["1"])
	})
}

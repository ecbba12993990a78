//go:build !race

package layerguide

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// snippet: alloc

func TestTenantLimitAllocations(t *testing.T) { // not parallel: it counts
	e, ctx := endpoint.Chain(answer, NewTenantLimit(8).Wrap), as(t, "acme")
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = e(ctx, 7) }))
}

// end snippet

// TestFormsAllocations measures the other two forms of the guide.
func TestFormsAllocations(t *testing.T) { // not parallel: it counts
	function, operation := endpoint.Chain(answer, limitTenants(8).Wrap), bound(t, newLimit(), "Export", answer)
	ctx := as(t, "acme")
	require.Equal(t, 1, int(testing.AllocsPerRun(100, func() { _, _ = function(ctx, 7) })))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = operation(ctx, 7) }))
}

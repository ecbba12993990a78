package unrouted_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/unrouted"
)

func TestPath(t *testing.T) {
	t.Parallel()
	require.Empty(t, unrouted.Path(t.Context()))
	outer := unrouted.WithPath(t.Context(), "/outer")
	require.Equal(t, "/outer", unrouted.Path(outer))
	require.Equal(t, "/inner", unrouted.Path(unrouted.WithPath(outer, "/inner")))
}

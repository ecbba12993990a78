package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/service"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	b := service.NewBudget(10)
	one, other := b.Share(), b.Share()
	require.True(t, one.Take(6))
	require.True(t, other.Take(4))
	require.False(t, other.Take(1), "all is taken")
	require.False(t, one.Take(1))
	one.Release()
	one.Release()
	require.True(t, other.Take(6), "what was refused was not taken, and what was released is there once")
	require.False(t, other.Take(1))
	other.Release()
	require.True(t, one.Take(10))

	var none service.Share
	require.True(t, none.Take(1<<40))
	none.Release()
	var unbounded *service.Budget
	share := unbounded.Share()
	require.True(t, share.Take(1<<40))
	share.Release()
}

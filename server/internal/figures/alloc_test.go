//go:build !race

package figures_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/figures"
)

func TestAllocations(t *testing.T) { // not parallel: it counts
	s := figures.New()
	ctx := call(t, getOp, nil)
	s.Of(getOp)
	got := testing.AllocsPerRun(1000, func() {
		o := s.Of(getOp)
		o.Begin()
		o.End(ctx, s.Now(), s.Now(), nil)
	})
	require.Zero(t, got, "allocations of a call that succeeds")
}

// TestMemory keeps the numbers in the documentation of the package true.
func TestMemory(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(figures.Operation{}), uintptr(27<<10))
	require.LessOrEqual(t, unsafe.Sizeof(figures.Set{}), uintptr(25<<10))
}

func BenchmarkCall(b *testing.B) {
	s := figures.New()
	ctx := call(b, getOp, nil)
	o := s.Of(getOp)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o.Begin()
			o.End(ctx, 0, s.Now(), nil)
		}
	})
}

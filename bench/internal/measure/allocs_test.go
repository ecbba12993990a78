//go:build !race

package measure

import (
	"sync/atomic"
	"testing"
)

// TestAllocations is not parallel: it counts the allocations of the process. The
// race detector makes some of its own.
func TestAllocations(t *testing.T) {
	var kept atomic.Pointer[[64]byte]
	for _, tt := range []struct {
		name          string
		run           func(n int) error
		allocs, bytes float64
	}{
		{"none", spin, 0, 0},
		{"two of 64 bytes", func(n int) error {
			for range n {
				kept.Store(new([64]byte))
				kept.Store(new([64]byte))
			}
			return nil
		}, 2, 128},
		{"one for all", func(int) error { kept.Store(new([64]byte)); return nil }, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			allocs, bytes, err := allocations(Case{Run: tt.run})
			if err != nil || allocs != tt.allocs || bytes != tt.bytes {
				t.Errorf("got %v allocations of %v bytes, %v; want %v of %v", allocs, bytes, err, tt.allocs, tt.bytes)
			}
		})
	}
}

//go:build !race

package main

import "testing"

// TestAllocs is not parallel, as AllocsPerRun asks; the race detector makes
// allocations of its own. What other libraries allocate is theirs to change.
func TestAllocs(t *testing.T) {
	most := map[string]float64{
		groupLimiter: 0, groupBreaker: 0, groupWindow: 0, groupBulkhead: 0, groupStack: 0, groupThrottle: 0,
		groupAdaptive: 1, groupTimeout: 1, groupRetry: 1, groupClient: 2,
	}
	for _, s := range subjects() {
		limit, ok := most[s.group]
		if s.kind != kindOurs || !ok {
			continue
		}
		var err error
		if got := testing.AllocsPerRun(100, func() { err = s.run(1) }); err != nil || got > limit {
			t.Errorf("%s: %v allocations, %v; want at most %v", s.group, got, err, limit)
		}
	}
}

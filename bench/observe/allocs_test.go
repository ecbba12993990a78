//go:build !race

package main

import "testing"

// TestAllocs is not parallel, as AllocsPerRun asks; the race detector makes
// allocations of its own. What other libraries allocate is theirs to change.
func TestAllocs(t *testing.T) {
	most := map[string]float64{groupMetrics: 0, groupParent: 0, groupOut: 3}
	for _, s := range subjects() {
		limit, ok := most[s.group]
		if !ok || s.kind != kindOurs && s.kind != kindOtelx {
			continue
		}
		const calls = 100
		var err error
		// A run makes a Call of its own, which a hundred calls share.
		if got := testing.AllocsPerRun(10, func() { err = s.run(calls) }) / calls; err != nil || got >= limit+0.5 {
			t.Errorf("%s, %s: %v allocations, %v; want at most %v", s.group, s.kind, got, err, limit)
		}
	}
}

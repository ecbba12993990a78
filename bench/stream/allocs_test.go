//go:build !race

package main

import "testing"

// TestAllocs is not parallel, as AllocsPerRun asks; the race detector makes
// allocations of its own.
func TestAllocs(t *testing.T) {
	const items = 1000
	for _, group := range []string{eventsServer, eventsClient, linesServer, linesClient} {
		each := make(map[string]float64)
		for _, kind := range kinds() {
			run, err := runner(nil, group, kind)
			if err != nil {
				t.Fatal(err)
			}
			each[kind] = testing.AllocsPerRun(5, func() {
				if err := run(items); err != nil {
					t.Fatal(err)
				}
			}) / items
		}
		if each[kindTyped] > each[kindHand]+ownAllocs {
			t.Errorf("%s: an item has %v allocations, by hand %v", group, each[kindTyped], each[kindHand])
		}
	}
}

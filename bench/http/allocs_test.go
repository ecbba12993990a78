//go:build !race

package main

import "testing"

// TestAllocs is not parallel, as AllocsPerRun asks; the race detector makes
// allocations of its own. What other libraries allocate is theirs to change.
func TestAllocs(t *testing.T) {
	all, err := subjects()
	if err != nil {
		t.Fatal(err)
	}
	counted := make(map[string]map[string]float64)
	for _, s := range all {
		switch s.kind {
		case kindMount, kindHandler, kindHand, kindPayload:
			c := newCaller(s)
			if counted[s.shape.name] == nil {
				counted[s.shape.name] = make(map[string]float64)
			}
			counted[s.shape.name][s.kind] = testing.AllocsPerRun(100, c.call)
		}
	}
	for shape, n := range counted {
		for _, kind := range []string{kindMount, kindHandler} {
			if n[kind] > n[kindPayload]+ownAllocs || n[kind] >= n[kindHand] {
				t.Errorf("%s: %s has %v allocations, the codec alone %v, code by hand %v", shape, kind, n[kind], n[kindPayload], n[kindHand])
			}
		}
	}
}

func TestClientAllocs(t *testing.T) {
	cases, err := memoryCases()
	if err != nil {
		t.Fatal(err)
	}
	counted := make(map[string]float64)
	for _, c := range cases {
		counted[c.Group+c.Kind] = testing.AllocsPerRun(100, func() {
			if err := c.Run(1); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, shape := range clientShapes() {
		group := clientGroup(shape, inMemory)
		if ours, hand := counted[group+kindClient], counted[group+kindHand]; ours == 0 || ours > hand {
			t.Errorf("%s: httpx.Client has %v allocations, code by hand %v", shape, ours, hand)
		}
	}
}

//go:build !race

package main

import "testing"

// TestAllocs is not parallel, as AllocsPerRun asks; the race detector makes
// allocations of its own. What other libraries allocate is theirs to change: a
// new version of one fails here, and then the report is to be measured again.
func TestAllocs(t *testing.T) {
	// However deep the chain. grpc-go's grow with the depth in a way of their own.
	perCall := map[string]float64{
		kindHand: 0, kindInlined: 0, kindChain: 0, kindStack: 0, kindHTTP: 0,
		kindKit:     2, // the request and the response, boxed
		kindConnect: 4, // two messages, each with its wrapper
	}
	for _, m := range makers() {
		variants, err := m.variants()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range variants {
			want, ok := perCall[v.kind]
			if !ok {
				continue
			}
			got := testing.AllocsPerRun(100, func() { err = v.run(1) })
			if err != nil || got != want {
				t.Errorf("%s, %s: %v allocations, %v; want %v", group(v.work, v.bytes, v.depth), v.kind, got, err, want)
			}
		}
	}
}

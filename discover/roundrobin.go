package discover

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
)

// RoundRobin returns a [Balancer] that picks one member after the other,
// beginning anywhere. It does not look at weights; see [Weighted].
func RoundRobin() Balancer { return tableBalancer(newRoundRobin) }

func newRoundRobin(t table) Picker {
	r := &roundRobin{table: t}
	// Clients that start together should not all begin with the same one.
	r.next.Store(rand.Uint64N(uint64(t.n)))
	return r
}

type roundRobin struct {
	table table
	next  atomic.Uint64
}

func (r *roundRobin) Pick(context.Context) int {
	place, _ := r.choose(0)
	return place
}

func (r *roundRobin) choose(int64) (int, *seat) {
	place := int(r.next.Add(1) % uint64(r.table.n))
	return place, r.table.at(place)
}

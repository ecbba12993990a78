package discover

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
)

// RoundRobin returns a [Balancer] that picks one member after the other,
// beginning anywhere. It does not look at weights; see [Weighted].
func RoundRobin() Balancer {
	return func(set []*Member) Picker {
		r := &roundRobin{n: uint64(len(set))}
		// Clients that start together should not all begin with the same one.
		r.next.Store(rand.Uint64N(r.n))
		return r
	}
}

type roundRobin struct {
	n    uint64
	next atomic.Uint64
}

func (r *roundRobin) Pick(context.Context) int { return int(r.next.Add(1) % r.n) }

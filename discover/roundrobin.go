package discover

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
)

// RoundRobin returns a [Balancer] that picks one member after the other,
// beginning anywhere. It does not look at weights; see [Weighted].
func RoundRobin() Balancer { return balanceRoundRobin }

func balanceRoundRobin(set []*Member) Picker { return newRoundRobin(tableOf(set)) }

func newRoundRobin(t table) Picker {
	r := &roundRobin{n: uint64(t.n)}
	// Clients that start together should not all begin with the same one.
	r.next.Store(rand.Uint64N(r.n))
	return r
}

type roundRobin struct {
	n    uint64
	next atomic.Uint64
}

func (r *roundRobin) Pick(context.Context) int { return int(r.next.Add(1) % r.n) }

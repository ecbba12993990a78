package discover

import (
	"context"
	"math"
)

// LeastRequest returns a [Balancer] that takes two members at random and picks
// the one with fewer calls in flight for its weight: "the power of two choices"
// (Mitzenmacher 2001). Where weights differ, a member is taken as often as its
// weight says. It reads no clock.
func LeastRequest() Balancer { return balanceLeastRequest }

func balanceLeastRequest(set []*Member) Picker { return newLeastRequest(tableOf(set)) }

func newLeastRequest(t table) Picker { return &leastRequest{newPairs(t)} }

type leastRequest struct{ pairs }

func (l *leastRequest) Pick(context.Context) int {
	if l.weights != nil {
		return l.pickWeighted()
	}
	a, b := two(l.table.n)
	if l.table.host(b).pending() < l.table.host(a).pending() {
		return b
	}
	return a
}

func (l *leastRequest) pickWeighted() int {
	a, b := l.draw()
	if l.table.host(b).busyness() < l.table.host(a).busyness() {
		return b
	}
	return a
}

// busyness is the number of calls in flight for each unit of weight.
func (h *host) busyness() float64 {
	return float64(h.pending()) / math.Float64frombits(h.weight.Load())
}

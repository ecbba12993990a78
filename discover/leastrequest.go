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
	a, b := l.draw()
	x, y := l.table.host(a), l.table.host(b)
	if l.weights == nil {
		if y.pending() < x.pending() {
			return b
		}
		return a
	}
	if y.busyness() < x.busyness() {
		return b
	}
	return a
}

// busyness is the number of calls in flight for each unit of weight.
func (h *host) busyness() float64 {
	return float64(h.pending()) / math.Float64frombits(h.weight.Load())
}

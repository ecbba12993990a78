package discover

import "context"

// LeastRequest returns a [Balancer] that takes two members at random and picks
// the one with fewer calls in flight for its weight: "the power of two choices"
// (Mitzenmacher 2001). Where weights differ, a member is taken as often as its
// weight says. It reads no clock.
func LeastRequest() Balancer { return tableBalancer(newLeastRequest) }

func newLeastRequest(t table) Picker { return &leastRequest{newPairs(t)} }

type leastRequest struct{ pairs }

func (l *leastRequest) Pick(context.Context) int {
	place, _ := l.choose(0)
	return place
}

func (l *leastRequest) choose(int64) (int, *seat) {
	if l.weights != nil {
		return l.chooseWeighted()
	}
	a, b := two(l.table.n)
	atA, atB := l.table.at(a), l.table.at(b)
	if atB.host.pending() < atA.host.pending() {
		return b, atB
	}
	return a, atA
}

// See decision 63.
func (l *leastRequest) chooseWeighted() (int, *seat) {
	a, b := l.draw()
	atA, atB := l.table.at(a), l.table.at(b)
	if atB.host.busyness() < atA.host.busyness() {
		return b, atB
	}
	return a, atA
}

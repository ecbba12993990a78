package discover

import "context"

// LeastRequest returns a [Balancer] that takes two members at random and picks
// the one with fewer calls in flight for its weight: "the power of two choices"
// (Mitzenmacher 2001). Where weights differ, a member is taken as often as its
// weight says. It reads no clock.
func LeastRequest() Balancer {
	return func(set []*Member) Picker { return &leastRequest{newPairs(set)} }
}

type leastRequest struct{ pairs }

func (l *leastRequest) Pick(context.Context) int {
	a, b := l.draw()
	if l.members[b].busyness() < l.members[a].busyness() {
		return b
	}
	return a
}

// busyness is the number of calls in flight for each unit of weight.
func (m *Member) busyness() float64 { return float64(m.Pending()) / m.Weight() }

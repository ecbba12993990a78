package discover

import "context"

// LeastRequest returns a [Balancer] that takes two members at random and picks
// the one with fewer calls in flight for its weight: "the power of two choices"
// (Mitzenmacher 2001). It reads no clock.
func LeastRequest() Balancer {
	return func(set []*Member) Picker { return leastRequest(set) }
}

type leastRequest []*Member

func (l leastRequest) Pick(context.Context) int {
	if len(l) == 1 {
		return 0
	}
	a, b := two(len(l))
	if l[b].busyness() < l[a].busyness() {
		return b
	}
	return a
}

// busyness is the number of calls in flight, with the one that is picked, for
// each unit of weight.
func (m *Member) busyness() float64 { return float64(m.Pending()+1) / m.Weight() }

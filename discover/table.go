package discover

import "math"

// A table is the members that calls of one operation are spread over, each at its
// place. It never changes.
type table struct {
	chunked[seat]
	usual *usual // of the operation, nil if it is not a pool's
}

// A seat is what a table has at a place. It has the host beside the member, so that
// a pick that compares the calls in flight reaches them at once: with thousands of
// instances each step on the way is a cache miss.
type seat struct {
	host   *host // never nil
	member *Member
}

// tableOf returns the table of these members, in their order.
func tableOf(set []*Member) table {
	seats := make([]seat, len(set))
	for i, m := range set {
		seats[i] = m.seat()
	}
	return table{chunked: chunkedOf(seats)}
}

// seat returns the seat of the member. That of the zero Member has a host of its
// own, without an instance.
func (m *Member) seat() seat {
	h := m.host
	if h == nil {
		h = &host{}
		h.weight.Store(math.Float64bits(1))
	}
	return seat{h, m}
}

// all yields the members in the order of their places.
func (t *table) all(yield func(place int, m *Member) bool) {
	for i := range t.n {
		if !yield(i, t.at(i).member) {
			return
		}
	}
}

// isEven reports whether all weights are equal. In the usual case, all 1, it does
// not look at the members.
func (t *table) isEven() bool {
	first := t.at(0)
	if s := first.host.slot; s != nil && s.uneven.Load() == 0 {
		return true
	}
	for _, m := range t.all {
		if m.Weight() != first.member.Weight() {
			return false
		}
	}
	return true
}

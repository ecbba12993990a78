package discover

import "slices"

// A table is the members that calls are spread over, each at its place. It is
// made of chunks, so that one in which a few members are others shares nearly
// all of its memory with the one before: a change of one among thousands costs a
// copy of two chunks. It never changes.
type table struct {
	n      int
	chunks []*chunk
}

// chunkSize members make a chunk of 2 KB, and 10,000 of them 79 chunks.
const chunkSize = 128

type chunk [chunkSize]seat

// seat is a place of a table. It has the host beside the member, so that a pick
// which goes by the calls in flight gets to them at once: with thousands of
// instances each step on the way is a cache miss.
type seat struct {
	host   *host
	member *Member
}

// tableOf returns the table of these members, in their order.
func tableOf(set []*Member) table {
	t := table{n: len(set)}
	for part := range slices.Chunk(set, chunkSize) {
		c := &chunk{}
		for i, m := range part {
			c.put(i, m)
		}
		t.chunks = append(t.chunks, c)
	}
	return t
}

// with returns a table of n members: at these places those that at returns, and
// else those of t. It asks at for places below n only.
func (t table) with(n int, places []int, at func(place int) *Member) table {
	chunks := make([]*chunk, (n+chunkSize-1)/chunkSize)
	shared := copy(chunks, t.chunks)
	for _, i := range places {
		c := i / chunkSize
		if c >= len(chunks) {
			continue
		}
		switch {
		case chunks[c] == nil:
			chunks[c] = &chunk{}
		case c < shared && chunks[c] == t.chunks[c]:
			own := *chunks[c]
			chunks[c] = &own
		}
		var m *Member
		if i < n {
			m = at(i)
		}
		chunks[c].put(i%chunkSize, m)
	}
	return table{n, chunks}
}

func (c *chunk) put(i int, m *Member) {
	c[i].member, c[i].host = m, nil
	if m != nil {
		c[i].host = m.host
	}
}

// all yields the members in the order of their places.
func (t *table) all(yield func(place int, m *Member) bool) {
	for i := range t.n {
		if !yield(i, t.at(i)) {
			return
		}
	}
}

// seat returns what is at a place, which must be one of the table's.
func (t *table) seat(i int) *seat { return &t.chunks[uint(i)/chunkSize][uint(i)%chunkSize] }

// at returns the member at a place.
func (t *table) at(i int) *Member { return t.seat(i).member }

// host returns the host of the member at a place.
func (t *table) host(i int) *host { return t.seat(i).host }

// isEven says that all weights are equal. Where all are 1, as mostly, it looks at
// none of them.
func (t *table) isEven() bool {
	if t.host(0).about.uneven.Load() == 0 {
		return true
	}
	for _, m := range t.all {
		if m.Weight() != t.at(0).Weight() {
			return false
		}
	}
	return true
}

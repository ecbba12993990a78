package edge

import (
	"cmp"
	"slices"
)

// Parts of the connections that wait for their clients.
const (
	// batch is one in so many: as many are closed at a time, so that a flood of new
	// connections costs a look at all of them only now and then.
	batch = 64
	// crowd is one in so many: a peer with more of them than that pays alone.
	crowd = 4
)

// displace frees the places of connections that wait for their clients, and returns
// them for closing: those of one peer, or of any if only is nil. The choice falls on a
// peer that has a crowd of them, so that a stranger with many connections loses its own
// first, and on those that have waited longest. l.mu is held. See decision 181.
func (l *Listener) displace(only *peer) []*place {
	var waiting []*place
	of := make(map[peer]int)
	most := 0
	for p := range l.places {
		if !p.waits() || only != nil && p.peer != *only {
			continue
		}
		waiting = append(waiting, p)
		of[p.peer]++
		most = max(most, of[p.peer])
	}
	if most > len(waiting)/crowd {
		waiting = slices.DeleteFunc(waiting, func(p *place) bool { return of[p.peer] < most })
	}
	for _, p := range waiting {
		p.rank = p.since.Load()
	}
	slices.SortFunc(waiting, func(a, b *place) int { return cmp.Compare(a.rank, b.rank) })
	victims := waiting[:min(len(waiting), max(1, len(waiting)/batch))]
	for _, p := range victims {
		l.remove(p)
	}
	l.stats.Displaced += uint64(len(victims))
	return victims
}

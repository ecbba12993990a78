package discover

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/typedkit/endpoint"
)

var errPicker = errors.New("discover: the balancer returned no picker, or its picker an index outside the set")

// A seating is where the members of one operation sit. The core's mu guards it.
// See decision 86.
type seating struct {
	operation int   // its number, and place in slot.members
	table     table // of the last publication, for balancers of this package
}

// spread returns how the calls of the operation are spread over what the board
// shows, where only these places have changed.
func (st *seating) spread(c *core, moved []int) spread {
	if own := c.config.own; own != nil {
		shown := c.board.shown
		st.table.chunked = st.table.with(len(shown), moved, func(place int) seat {
			return shown[place].member(st.operation).seat()
		})
		s := newSpread(st.table, own(st.table))
		s.chooser, _ = s.picker.(chooser)
		return s
	}
	set := make([]*Member, len(c.board.order))
	for i, s := range c.board.order {
		set[i] = s.member(st.operation)
	}
	return newSpread(tableOf(set), c.config.balancer.NewPicker(set))
}

// A spread is a set that calls of one operation are spread over. It never changes.
type spread struct {
	table    table
	picker   Picker
	chooser  chooser  // picker, if it was made of the table
	timed    timed    // picker, if it is one
	observer Observer // picker, if it is one
	clocked  bool     // picker uses the time
}

func newSpread(t table, p Picker) spread {
	s := spread{table: t, picker: p}
	s.timed, _ = p.(timed)
	s.observer, _ = p.(Observer)
	s.clocked = s.timed != nil || s.observer != nil
	return s
}

// pick returns the place that a foreign balancer's picker picks, and the seat there,
// nil if the index is outside the set. Such a balancer may return a picker of this
// package that it kept from another set: its seats are not to be trusted, so only
// its index counts. See decision 89.
func (s *spread) pick(ctx context.Context, now int64) (int, *seat) {
	i := -1
	switch picker := s.picker.(type) {
	case nil:
	case chooser:
		i, _ = picker.choose(now)
	default:
		i = picker.Pick(ctx)
	}
	if uint(i) >= uint(s.table.n) {
		return 0, nil
	}
	return i, s.table.at(i)
}

// try notes that the attempt goes to the member at a place, or, if the call has tried
// that before, to a member that it has not tried yet. It returns where it goes.
func (s *spread) try(a *endpoint.Attempt, c *core, place int, at *seat) (int, *seat) {
	if a.Number() > 1 && a.Tried(c, uint64(at.host.id)) {
		place, at = s.untried(a, c, place, at)
	}
	a.Try(c, uint64(at.host.id))
	return place, at
}

// untried returns a place whose member the call has not tried yet, or this place if
// there is none.
func (s *spread) untried(a *endpoint.Attempt, c *core, place int, at *seat) (int, *seat) {
	n := s.table.n
	from := rand.IntN(n) // the neighbour of one that fails should not get it all
	for k := range n {
		i := (from + k) % n
		if other := s.table.at(i); !a.Tried(c, uint64(other.host.id)) {
			return i, other
		}
	}
	return place, at
}

// observe tells the picker how a call ended, which was picked at start.
func (s *spread) observe(m *Member, start, now int64, err error) {
	switch {
	case s.timed != nil:
		s.timed.doneAt(m, start, now, err)
	case s.observer != nil:
		s.observer.Done(m, time.Duration(now-start), err)
	}
}

package discover

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

var errPicker = errors.New("discover: the balancer returned no picker, or its picker an index outside the set")

// A seating is where the members of one operation sit at each level. The core's mu
// guards it. See decision 86.
type seating struct {
	operation int              // its number, and place in slot.members
	tables    map[*level]table // of the last publication, for balancers of this package
	usual     usual
	stopwatch stopwatch
}

// spreads sets how the calls of the operation are spread over the levels of the board, of
// which there is one at least. all means that not only the places that have moved may have
// changed.
func (st *seating) spreads(ls *levels, c *core, all bool) {
	shown := c.board.levels
	if len(shown) > 1 {
		ls.rest = make([]spread, len(shown)-1)
	}
	for i, l := range shown {
		moved := l.moved
		before, ok := st.tables[l]
		if all || !ok {
			moved = l.places()
		}
		s := ls.at(i)
		st.spread(s, c, l, before, moved)
		st.tables[l] = s.table
	}
	keepLevels(st.tables, shown)
	ls.share(shown)
}

// spread sets how the calls of the operation are spread over what a level shows, where only
// these places have changed since it had the table before.
func (st *seating) spread(s *spread, c *core, l *level, before table, moved []int) {
	if own := c.config.own; own != nil {
		s.table = table{usual: &st.usual, chunked: before.with(len(l.shown), moved, func(place int) seat {
			return l.shown[place].member(st.operation).seat()
		})}
		s.setPicker(own(s.table))
		s.chooser, _ = s.picker.(chooser)
		return
	}
	set := make([]*Member, len(l.order))
	for i, sl := range l.order {
		set[i] = sl.member(st.operation)
	}
	s.table = tableOf(set)
	s.setPicker(c.config.balancer.NewPicker(set))
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

func (s *spread) setPicker(p Picker) {
	s.picker = p
	s.timed, _ = p.(timed)
	s.observer, _ = p.(Observer)
	s.clocked = s.timed != nil || s.observer != nil
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

// draws is how many picks find tries before it looks at all seats.
const draws = 4

// find returns a seat whose host is wanted, or nil if there is none: one that the picker
// picks, or a random one, weighted by the weights.
func (s *spread) find(c *core, want func(*host) bool) (int, *seat) {
	if s.chooser != nil {
		for range draws {
			if place, at := s.chooser.choose(c.now()); want(at.host) {
				return place, at
			}
		}
	}
	sum := 0.0
	for i := range s.table.n {
		if h := s.table.at(i).host; want(h) {
			sum += h.currentWeight()
		}
	}
	if sum == 0 {
		return 0, nil
	}
	x := rand.Float64() * sum
	found := 0
	for i := range s.table.n {
		if h := s.table.at(i).host; want(h) {
			found = i
			if x -= h.currentWeight(); x < 0 {
				break
			}
		}
	}
	return found, s.table.at(found)
}

// observe tells the picker how a call ended, which was picked at start.
func (s *spread) observe(c *core, m *Member, start, now int64, o outcome, err error) {
	switch {
	case s.timed != nil:
		s.timed.doneAt(m, start, now, o, err)
	case s.observer != nil:
		s.observer.Done(m, time.Duration(now-start), c.config.observed(err))
	}
}

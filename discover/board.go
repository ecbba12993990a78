package discover

import (
	"slices"
	"strings"
)

// A board is what is published of a pool: which slots get calls, and at which
// places. The seatings of all operations have these places.
type board struct {
	shown   []*slot // that get calls, each at its place
	order   []*slot // shown in the order of the addresses, for balancers of users alone
	tier    tier    // what those shown have in common
	moved   []int   // places that have changed since the last publication
	joining []*slot // that have become ready since the last publication
	first   bool    // a set was published
}

// arrange brings shown up to date. It looks at the slots that were touched, and at
// all of them only when the tier has changed.
func (b *board) arrange(t *tally, all []*slot) {
	if now := tierOf(t); now != b.tier {
		b.tier = now
		t.touched = append(t.touched, all...)
	}
	for _, s := range t.touched {
		switch isShown := s.place >= 0; {
		case b.tier.includes(s, t.zone) == isShown:
		case isShown:
			b.hide(s)
		default:
			s.place = len(b.shown)
			b.shown = append(b.shown, s)
			b.moved = append(b.moved, s.place)
		}
	}
	t.touched = nil
}

// hide takes a slot out of shown. The last one gets its place: the order of places
// has no meaning. See decision 79.
func (b *board) hide(s *slot) {
	last := len(b.shown) - 1
	b.moved = append(b.moved, s.place, last)
	b.shown[s.place] = b.shown[last]
	b.shown[s.place].place = s.place
	b.shown = slices.Delete(b.shown, last, last+1)
	s.place = -1
}

// sort brings order up to date.
func (b *board) sort(all []*slot) {
	b.order = make([]*slot, 0, len(b.shown))
	for _, s := range all {
		if s.place >= 0 {
			b.order = append(b.order, s)
		}
	}
}

// places returns all places.
func (b *board) places() []int {
	all := make([]int, len(b.shown))
	for i := range all {
		all[i] = i
	}
	return all
}

// publish makes what is ready the set that calls are spread over.
func (c *core) publish() {
	c.burst.stop()
	c.roster.prune()
	c.watchGrace()
	before := len(c.board.shown)
	c.board.arrange(&c.roster.tally, c.roster.slots)
	if c.config.own == nil {
		c.board.sort(c.roster.slots)
	}
	c.publisher.publish()
	c.board.moved = c.board.moved[:0]
	c.noteJoined()
	if len(c.board.shown) > 0 {
		c.board.first = true
		if before == 0 {
			c.wake()
		}
	}
	c.retireDropped()
}

// noteJoined notes the slots that are published for the first time, in the order of
// their addresses.
func (c *core) noteJoined() {
	joining := c.board.joining
	slices.SortFunc(joining, func(a, b *slot) int { return strings.Compare(a.addr(), b.addr()) })
	for _, s := range joining {
		if s.joined = !s.dropped; s.joined {
			c.note(event{kind: "joined", addr: s.addr()})
		}
	}
	c.board.joining = joining[:0]
}

// retireDropped lets go of dropped slots, which no operation shows any more: it ends
// their dials, and closes their connections, now or after the last of their calls.
func (c *core) retireDropped() {
	for _, s := range c.roster.dropped {
		c.dials.release(s)
		if !s.ready {
			continue
		}
		if s.joined {
			c.note(event{kind: "left", addr: s.addr()})
		}
		if s.retire() {
			c.closing = append(c.closing, s)
		}
	}
	c.roster.dropped = nil
}

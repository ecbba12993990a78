package discover

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A board is what is published of a pool: which slots get calls, and at which
// places of which level.
type board struct {
	plans   []plan
	levels  []*level // the non-empty ones of plans, those with a share first
	joining []*slot  // that have become ready since the last publication
	first   bool     // a set was published
}

// A level is the slots of a tier that get calls. The seatings of all operations have
// its places. See decision 150.
type level struct {
	plan
	number int32   // in levels
	shown  []*slot // each at its place
	order  []*slot // shown in the order of the addresses, for balancers of users alone
	moved  []int   // places that have changed since the last publication
}

// arrange brings the levels up to date, and reports whether anything has changed. It
// looks at the slots that were touched, and at all of them only when other tiers get
// calls, or other slots of a tier.
func (b *board) arrange(t *tally, all []*slot, note func(event)) bool {
	plans := plansOf(t)
	changed := !slices.Equal(plans, b.plans)
	if changed && !slices.EqualFunc(plans, b.plans, plan.sameSlots) {
		t.touched = append(t.touched, all...)
	}
	byTier := b.planned(plans)
	for _, s := range t.touched {
		if to := levelOf(s, t, byTier); to != s.level {
			changed = true
			s.moveTo(to)
		}
		s.noteOut(note)
	}
	t.forgetTouched()
	b.plans = plans
	b.number(byTier)
	return changed
}

// levelOf returns the level at which the slot gets calls, or nil.
func levelOf(s *slot, t *tally, levels []*level) *level {
	of := t.tierOf(s)
	for _, l := range levels {
		if l.tier == of && l.includes(s) {
			return l
		}
	}
	return nil
}

// planned returns the levels of these plans, which may be empty.
func (b *board) planned(plans []plan) []*level {
	levels := make([]*level, len(plans))
	for i, p := range plans {
		k := slices.IndexFunc(b.levels, func(l *level) bool { return l.tier == p.tier })
		if k >= 0 {
			levels[i] = b.levels[k]
		} else {
			levels[i] = &level{}
		}
		levels[i].plan = p
	}
	return levels
}

// number makes the non-empty levels those of the board, and numbers them.
func (b *board) number(levels []*level) {
	levels = slices.DeleteFunc(levels, func(l *level) bool { return len(l.shown) == 0 })
	slices.SortStableFunc(levels, func(a, b *level) int { return cmp.Compare(isReserve(a), isReserve(b)) })
	for i, l := range levels {
		if l.number = int32(i); l.shown[0].number.Load() != l.number { //nolint:gosec // there are few
			for _, s := range l.shown {
				s.number.Store(l.number)
			}
		}
	}
	b.levels = levels
}

// keepLevels forgets what is known of levels that are not shown: they have no places any
// more, and what changes there is not kept.
func keepLevels[T any](known map[*level]T, shown []*level) {
	maps.DeleteFunc(known, func(l *level, _ T) bool { return !slices.Contains(shown, l) })
}

// isReserve returns 1 for a level without a share, else 0.
func isReserve(l *level) int {
	if l.share == 0 {
		return 1
	}
	return 0
}

// noteOut notes whether the slot gets no calls because it fails.
func (s *slot) noteOut(note func(event)) {
	out := s.eject.failing && s.ready && !s.dropped && s.level == nil && !s.health.down
	switch {
	case out == s.out:
	case out:
		note(event{kind: "ejected", addr: s.addr(), delay: time.Until(s.eject.until)})
	case !s.dropped && !s.health.down:
		note(event{kind: "readmitted", addr: s.addr()})
	}
	s.out = out
}

// moveTo moves the slot to a level, or to none if that is nil. The last slot of the level
// that it leaves takes its place: the order of places has no meaning. See decision 79.
func (s *slot) moveTo(to *level) {
	if l := s.level; l != nil {
		last := len(l.shown) - 1
		l.moved = append(l.moved, s.place, last)
		l.shown[s.place] = l.shown[last]
		l.shown[s.place].place = s.place
		l.shown = slices.Delete(l.shown, last, last+1)
	}
	if s.level = to; to != nil {
		s.number.Store(to.number)
		s.place = len(to.shown)
		to.shown = append(to.shown, s)
		to.moved = append(to.moved, s.place)
	}
}

// sort brings order up to date.
func (b *board) sort(all []*slot) {
	for _, l := range b.levels {
		l.order = make([]*slot, 0, len(l.shown))
	}
	for _, s := range all {
		if s.level != nil {
			s.level.order = append(s.level.order, s)
		}
	}
}

// places returns all places.
func (l *level) places() []int {
	all := make([]int, len(l.shown))
	for i := range all {
		all[i] = i
	}
	return all
}

// publish makes what is ready the set that calls are spread over.
func (c *core) publish() {
	before := len(c.board.levels)
	c.arrange()
	c.show(before)
}

// refresh publishes the board if it has changed.
func (c *core) refresh() {
	before := len(c.board.levels)
	if c.arrange() {
		c.show(before)
	}
}

// arrange brings the board up to date, and reports whether anything has changed.
func (c *core) arrange() bool {
	c.roster.prune()
	before := c.board.levels
	changed := c.board.arrange(&c.roster.tally, c.roster.slots, c.note)
	if !slices.Equal(before, c.board.levels) {
		c.rows.reset(len(c.board.levels))
	}
	return changed
}

// show publishes the board. before is how many levels it had.
func (c *core) show(before int) {
	c.burst.stop()
	c.watchGrace()
	if c.config.own == nil {
		c.board.sort(c.roster.slots)
	}
	c.publisher.publish()
	for _, l := range c.board.levels {
		l.moved = l.moved[:0]
	}
	c.noteJoined()
	if len(c.board.levels) > 0 {
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

package discover

// A tally counts slots, so that a change of one among thousands need not look at
// all of them. See decision 81.
type tally struct {
	zone    string            // the pool's own
	missing int               // that the source does not name
	stale   int               // of these, those that have a connection
	live    int               // that the source names and that have a connection
	tiers   map[tier]standing // of those that have a connection
	touched []*slot           // that may have become others since the board was arranged
}

// A standing is how many slots of a tier have a connection, and how many of these are
// in which state.
type standing struct {
	ready   int
	up      int // whose checks do not fail
	fit     int // of these, those that do not fail
	tested  int // of these, those on probation
	ejected int
}

// add counts a slot in.
func (t *tally) add(s *slot) { t.count(s, 1) }

// remove counts a slot out.
func (t *tally) remove(s *slot) { t.count(s, -1) }

// update counts a slot out, calls change, which changes it, and counts it in again.
func (t *tally) update(s *slot, change func()) {
	t.remove(s)
	change()
	t.add(s)
}

func (t *tally) count(s *slot, n int) {
	t.touched = append(t.touched, s)
	if s.missing {
		t.missing += n
	}
	if !s.ready {
		return
	}
	if s.missing {
		t.stale += n
	} else {
		t.live += n
	}
	tier := t.tierOf(s)
	of := t.tiers[tier]
	of.count(s, n)
	if of.ready == 0 {
		delete(t.tiers, tier)
	} else {
		t.tiers[tier] = of
	}
}

func (st *standing) count(s *slot, n int) {
	st.ready += n
	if s.health.down {
		return
	}
	st.up += n
	switch {
	case s.eject.ejected:
		st.ejected += n
	case s.eject.failing:
	default:
		st.fit += n
		if s.eject.probation {
			st.tested += n
		}
	}
}

// maxTouched is how many touched slots there is room for at all times.
const maxTouched = 64

// forgetTouched empties touched.
func (t *tally) forgetTouched() {
	if cap(t.touched) > maxTouched {
		t.touched = nil
	}
	clear(t.touched)
	t.touched = t.touched[:0]
}

// tierOf returns the tier of a slot.
func (t *tally) tierOf(s *slot) tier {
	in := s.instance.Load()
	return tier{in.Priority, t.zone != "" && in.Zone != t.zone}
}

// up returns how many slots have a connection and checks that do not fail.
func (t *tally) up() int {
	n := 0
	for _, of := range t.tiers {
		n += of.up
	}
	return n
}

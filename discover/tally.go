package discover

// A tally counts slots, so that a change of one among thousands need not look at
// all of them. See decision 81.
type tally struct {
	zone       string           // the pool's own
	missing    int              // that the source does not name
	stale      int              // of these, those that have a connection
	live       int              // that the source names and that have a connection
	ejected    int              // that are ejected
	priorities map[int]standing // of those that have a connection
	touched    []*slot          // that may have become others since the board was arranged
}

// standing is how the slots of a priority are: all of them, and those of the pool's
// own zone.
type standing struct{ all, local health }

// health is how many slots have a connection, and how many of these are not
// ejected.
type health struct{ ready, healthy int }

func (h *health) count(healthy bool, n int) {
	h.ready += n
	if healthy {
		h.healthy += n
	}
}

// isBad reports whether less than half are healthy.
func (h *health) isBad() bool { return 2*h.healthy < h.ready }

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
	if s.eject.active {
		t.ejected += n
	}
	if !s.ready {
		return
	}
	if s.missing {
		t.stale += n
	} else {
		t.live += n
	}
	in := s.instance.Load()
	of := t.priorities[in.Priority]
	of.all.count(!s.eject.active, n)
	if in.Zone == t.zone {
		of.local.count(!s.eject.active, n)
	}
	if of.all.ready == 0 {
		delete(t.priorities, in.Priority)
	} else {
		t.priorities[in.Priority] = of
	}
}

// lowestPriority returns the lowest number that a healthy slot has, or if none is
// healthy, the lowest of all.
func (t *tally) lowestPriority() int {
	first, lowest, healthy := true, 0, false
	for priority, of := range t.priorities {
		better := of.all.healthy > 0
		if first || better && !healthy || better == healthy && priority < lowest {
			first, lowest, healthy = false, priority, better
		}
	}
	return lowest
}

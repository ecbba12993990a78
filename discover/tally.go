package discover

// tally counts slots, so that a change of one among thousands need not look at
// all of them.
type tally struct {
	missing    int // that the source does not name
	stale      int // of these, those that have a connection
	live       int // that it names and that have one
	ejected    int
	priorities map[int]int // slots of each priority
}

// count adds a slot to the tally, or with -1 takes it out. Whoever changes what
// is counted does the one before and the other after.
func (p *Pool[C]) count(s *slot[C], n int) {
	switch {
	case s.missing && s.ready:
		p.tally.stale += n
		p.tally.missing += n
	case s.missing:
		p.tally.missing += n
	case s.ready:
		p.tally.live += n
	}
	if s.eject.active {
		p.tally.ejected += n
	}
}

// prioritize counts a slot of a priority.
func (t *tally) prioritize(priority, n int) {
	t.priorities[priority] += n
	if t.priorities[priority] == 0 {
		delete(t.priorities, priority)
	}
}

// makeReady notes that the slot has its connection.
func (p *Pool[C]) makeReady(s *slot[C]) {
	p.count(s, -1)
	s.ready = true
	p.count(s, 1)
}

// setEjected notes that the slot is ejected, or is not any more.
func (p *Pool[C]) setEjected(s *slot[C], ejected bool) {
	p.count(s, -1)
	s.eject.active = ejected
	p.count(s, 1)
}

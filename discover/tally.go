package discover

// tally counts slots, so that a change of one among thousands need not look at
// all of them.
type tally struct {
	missing    int // that the source does not name
	stale      int // of these, those that have a connection
	live       int // that it names and that have one
	ejected    int
	priorities map[int]standing // those that have a connection
}

// standing is how the slots of a priority are: all of them, and those of the
// pool's own zone.
type standing struct{ all, local health }

// health is how many slots have a connection, and how many of them are not
// ejected.
type health struct{ ready, healthy int }

func (h *health) count(healthy bool, n int) {
	h.ready += n
	if healthy {
		h.healthy += n
	}
}

// bad says that less than half are healthy.
func (h *health) bad() bool { return 2*h.healthy < h.ready }

// count adds a slot to the tally, or with -1 takes it out. Whoever changes what
// is counted does the one before and the other after.
func (p *Pool[C]) count(s *slot[C], n int) {
	p.touched = append(p.touched, s)
	if s.missing {
		p.tally.missing += n
	}
	if s.eject.active {
		p.tally.ejected += n
	}
	if !s.ready {
		return
	}
	if s.missing {
		p.tally.stale += n
	} else {
		p.tally.live += n
	}
	in := s.instance.Load()
	of := p.tally.priorities[in.Priority]
	of.all.count(!s.eject.active, n)
	if in.Zone == p.config.zone {
		of.local.count(!s.eject.active, n)
	}
	if of.all.ready == 0 {
		delete(p.tally.priorities, in.Priority)
	} else {
		p.tally.priorities[in.Priority] = of
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

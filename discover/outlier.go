package discover

import "time"

// outlier says when an instance is ejected; see [Eject].
type outlier struct {
	failures int32
	base     time.Duration
}

const (
	maxEjected   = 10 // at most one of so many instances is ejected
	maxEjections = 10 // times base, the longest time
)

// ejection is what a pool knows of a slot's ejections.
type ejection struct {
	active bool
	count  int // in a row
	timer  *time.Timer
}

// failure counts a failure that is the server's.
func (p *Pool[C]) failure(s *slot[C]) {
	limit := p.config.outlier.failures
	if limit == 0 {
		return
	}
	// Once when the limit is reached, and then rarely: a tenth of the others
	// may be ejected already.
	if n := s.failed.Add(1); n >= limit && (n-limit)%limit == 0 {
		p.eject(s)
	}
}

// success ends a row of failures. It is called only where there was one.
func (p *Pool[C]) success(s *slot[C]) {
	s.failed.Store(0)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.eject.active {
		s.eject.count = 0
	}
}

func (p *Pool[C]) eject(s *slot[C]) {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.eject.active || s.dropped || p.state == ended {
		return
	}
	if p.tally.ejected >= max(1, len(p.slots)/maxEjected) {
		return
	}
	p.setEjected(s, true)
	s.eject.count = min(s.eject.count+1, maxEjections)
	d := time.Duration(s.eject.count) * p.config.outlier.base
	s.eject.timer = time.AfterFunc(d, func() { p.readmit(s) })
	p.note(event{kind: "ejected", addr: s.addr(), delay: d})
	p.publish()
}

// readmit takes an ejected slot back on probation.
func (p *Pool[C]) readmit(s *slot[C]) {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.eject.active || s.dropped || p.state == ended {
		return
	}
	p.setEjected(s, false)
	s.failed.Store(max(p.config.outlier.failures-1, 1)) // 0 would be no probation
	p.warmUp(s)
	p.note(event{kind: "readmitted", addr: s.addr()})
	p.publish()
}

// keep returns the slots that want to be; all of them without a copy.
func keep[C any](slots []*slot[C], want func(*slot[C]) bool) []*slot[C] {
	for i, s := range slots {
		if want(s) {
			continue
		}
		kept := append(make([]*slot[C], 0, len(slots)-1), slots[:i]...)
		for _, s := range slots[i+1:] {
			if want(s) {
				kept = append(kept, s)
			}
		}
		return kept
	}
	return slots
}

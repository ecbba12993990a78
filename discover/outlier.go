package discover

import "time"

// An outlier is when an instance is ejected; see [Eject].
type outlier struct {
	failures int32
	base     time.Duration
}

const (
	maxEjected   = 10 // at most one of so many instances is ejected
	maxEjections = 10 // times base, the longest time
)

// An ejection is what a pool knows of a slot's ejections.
type ejection struct {
	active bool
	count  int // in a row
	timer  *time.Timer
}

// failure counts a failure that is the server's.
func (c *core) failure(s *slot) {
	limit := c.config.outlier.failures
	if limit == 0 {
		return
	}
	// Once when the limit is reached, and then rarely: a tenth of the others may be
	// ejected already.
	if s.failed.Add(1)%limit == 0 {
		c.eject(s)
	}
}

// success ends a row of failures. It is called only where there was one.
func (c *core) success(s *slot) {
	s.failed.Store(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.eject.active {
		s.eject.count = 0
	}
}

func (c *core) eject(s *slot) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.eject.active || s.dropped {
		return
	}
	if c.roster.tally.ejected >= max(1, len(c.roster.slots)/maxEjected) {
		return
	}
	c.roster.tally.update(s, func() { s.eject.active = true })
	s.eject.count = min(s.eject.count+1, maxEjections)
	d := time.Duration(s.eject.count) * c.config.outlier.base
	s.eject.timer = time.AfterFunc(d, func() { c.readmit(s) })
	c.note(event{kind: "ejected", addr: s.addr(), delay: d})
	c.publish()
}

// readmit takes an ejected slot back on probation. See decision 50.
func (c *core) readmit(s *slot) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.eject.active || s.dropped {
		return
	}
	c.roster.tally.update(s, func() { s.eject.active = false })
	s.failed.Store(max(c.config.outlier.failures-1, 1)) // 0 would not be a probation
	c.warmUp(s)
	c.note(event{kind: "readmitted", addr: s.addr()})
	c.publish()
}

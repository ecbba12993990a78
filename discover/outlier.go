package discover

import (
	"slices"
	"time"
)

// An outlier is when an instance is ejected; see [Eject].
type outlier struct {
	failures int32
	base     time.Duration
}

// maxEjections times base is the longest time.
const maxEjections = 10

// An ejection is what a pool knows of a slot's failures.
type ejection struct {
	failing   bool // it has reached the limit, which counts for the health of its tier
	ejected   bool // it gets no calls, even if no other tier can take them
	probation bool // it was failing, and has not answered since
	count     int  // times in a row that it was failing
	until     time.Time
	timer     *time.Timer
}

// failure counts a failure that is the server's.
func (c *core) failure(s *slot) {
	limit := c.config.outlier.failures
	if limit == 0 {
		return
	}
	n := s.failed.Add(1)
	// Once when the limit is reached, and then rarely: as many as may be are perhaps
	// ejected already.
	if n%limit == 0 {
		c.eject(s)
	}
	if (n == 1 || n == limit) && c.rows.add(&s.host) {
		c.ejectTier(s)
	}
}

// ejectTier marks all instances of the slot's tier that get calls as failing, if there is
// another tier.
func (c *core) ejectTier(s *slot) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	l := s.level
	if l == nil || len(c.board.levels) < 2 || !c.rows.isLong(&s.host, len(l.shown)) {
		return
	}
	for _, s := range slices.Clone(l.shown) {
		c.setFailing(s, s.eject.ejected)
	}
	c.refresh()
}

// isDoubtful reports whether retries prefer other hosts because this one has more than half
// of the failures that eject it. A host on probation is doubtful.
func (c *core) isDoubtful(h *host) bool { return 2*h.failed.Load() > c.config.outlier.failures }

// success ends a row of failures. It is called only where there was one.
func (c *core) success(s *slot) {
	s.failed.Store(0)
	if c.recover(s) {
		c.after()
	}
}

// recover marks a slot that has answered as not failing, and reports whether that changes
// anything. The answer of a slot that gets no calls is too old to count.
func (c *core) recover(s *slot) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &s.eject
	if s.dropped || s.out || !e.failing && e.count == 0 {
		return false
	}
	if e.timer != nil {
		e.timer.Stop()
	}
	c.roster.tally.update(s, func() { *e = ejection{} })
	c.refresh()
	return true
}

// eject marks a slot as failing, and as ejected if another one may be.
func (c *core) eject(s *slot) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &s.eject
	of := c.roster.tally.tiers[c.roster.tally.tierOf(s)]
	mayBeEjected := of.ejected < max(1, int(c.config.ejectable*float64(of.ready)+tinyShare))
	if s.dropped || e.ejected || e.failing && !mayBeEjected {
		return
	}
	c.setFailing(s, mayBeEjected)
	c.refresh()
}

// setFailing marks a slot as failing until it is readmitted.
func (c *core) setFailing(s *slot, ejected bool) {
	e := &s.eject
	c.roster.tally.update(s, func() { e.failing, e.ejected, e.probation = true, ejected, false })
	if e.timer == nil {
		e.count = min(e.count+1, maxEjections)
		d := time.Duration(e.count) * c.config.outlier.base
		e.until = time.Now().Add(d)
		e.timer = time.AfterFunc(d, func() { c.readmit(s) })
	}
}

// readmit takes slots back on probation: this one, and all others that are due, since each
// publication costs something. See decision 50.
func (c *core) readmit(s *slot) {
	defer c.after()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if s.dropped || !s.eject.isDue(now) {
		return
	}
	for _, s := range c.roster.slots {
		if s.eject.isDue(now) {
			c.tryAgain(s)
		}
	}
	c.publish()
}

// isDue reports whether the time of a failing slot is over.
func (e *ejection) isDue(now time.Time) bool { return e.failing && !now.Before(e.until) }

// tryAgain puts a slot on probation.
func (c *core) tryAgain(s *slot) {
	e := &s.eject
	c.roster.tally.update(s, func() { e.failing, e.ejected, e.probation = false, false, true })
	e.timer = nil
	limit := c.config.outlier.failures
	s.failed.Store(max(limit-1, 1)) // 0 would not be a probation
	if s.slow.Load() >= limit {
		s.slow.Store(limit - 1)
	}
	if s.out {
		c.warmUp(s)
	}
}
